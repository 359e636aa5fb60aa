"""Packages that must be there."""

from __future__ import annotations

import pytest

from local_host.app_config import AppConfig
from local_host.stack.catalogue import COMPONENT_NAMES
from local_host.stack.errors import StackError
from local_host.stack.prerequisites import missing_packages, require_packages


def test_nothing_is_missing_here() -> None:
    """The development environment has all of them."""
    assert missing_packages(AppConfig(), COMPONENT_NAMES) == []


def test_missing_packages_are_named() -> None:
    """All at once, with what to run."""
    app = AppConfig(packages=("httpx", "no-such-package-b", "no-such-package-a"))
    missing = missing_packages(app, ())
    assert missing == ["no-such-package-a", "no-such-package-b"]
    with pytest.raises(StackError, match="no-such-package-a, no-such-package-b.*`make it`"):
        require_packages(missing, "make it")
    require_packages([], "make it")
