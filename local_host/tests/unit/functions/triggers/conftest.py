"""Builds trigger sources over tiny apps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from local_host.functions.host_json import HostJson
from local_host.functions.invoker import Invoker
from local_host.functions.triggers.source import SourceSetting

from ..conftest import IndexApp

MakeSetting = Callable[..., SourceSetting]


@pytest.fixture
def make_setting(index_app: IndexApp, invoker: Invoker, tmp_path: Path) -> MakeSetting:
    """A SourceSetting for the functions of the text."""

    def make(text: str, *, route_prefix: str = "api", environment: Mapping[str, str] | None = None) -> SourceSetting:
        functions = list(index_app(text).values())
        return SourceSetting(functions, invoker, HostJson(route_prefix=route_prefix), environment or {}, tmp_path)

    return make
