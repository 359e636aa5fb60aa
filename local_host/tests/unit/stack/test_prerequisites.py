"""Packages that must be there."""

from __future__ import annotations

import pytest

from local_host.stack.errors import StackError
from local_host.stack.prerequisites import missing_packages, require_packages


def test_nothing_is_missing_here() -> None:
    """The development environment has all of them."""
    assert missing_packages() == []


def test_missing_packages_are_named() -> None:
    """All at once, with what to run."""
    missing = missing_packages(["httpx", "no-such-package-a", "no-such-package-b"])
    assert missing == ["no-such-package-a", "no-such-package-b"]
    with pytest.raises(StackError, match="no-such-package-a, no-such-package-b.*make setup"):
        require_packages(missing)
    require_packages([])
