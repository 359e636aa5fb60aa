"""Reads and checks host.json: the parts that the local host follows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from local_host.functions.errors import HostJsonError
from local_host.functions.time_span import parse_time_span

LOG_LEVELS: Mapping[str, int] = MappingProxyType(
    {"trace": 5, "debug": 10, "information": 20, "warning": 30, "error": 40, "critical": 50, "none": 100}
)
"""The host's log level names (case-insensitive) and the Python levels that they stand for."""


@dataclass(frozen=True)
class HostJson:
    """What host.json asks for.

    `log_levels` maps a log category ("default", "Function", "Function.name", ...) to a Python level;
    `function_timeout` None means without limit, which is also the meaning of "-1" and of an absent key (a host
    on a dedicated plan has no limit); `document` is the whole file, for parts that others read (durableTask).
    """

    route_prefix: str = "api"
    function_timeout: timedelta | None = None
    log_levels: Mapping[str, int] = field(default_factory=lambda: {"default": LOG_LEVELS["information"]})
    document: Mapping[str, Any] = field(default_factory=dict)


def read_host_json(root: Path) -> HostJson:
    """host.json of the app folder `root`; HostJsonError names the key, the value and the rule."""
    path = root / "host.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise HostJsonError(str(path), None, "the app folder must hold a host.json") from None
    except ValueError as error:
        raise HostJsonError(str(path), "text", f"must be JSON in UTF-8 ({error})") from error
    if not isinstance(document, dict):
        raise HostJsonError(str(path), type(document).__name__, "must be a JSON object")
    if document.get("version") != "2.0":
        raise HostJsonError("version", document.get("version"), 'must be "2.0"')
    return HostJson(
        route_prefix=_route_prefix(document),
        function_timeout=_function_timeout(document.get("functionTimeout")),
        log_levels=_log_levels(document),
        document=document,
    )


def _section(document: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """The object at this path; empty where absent."""
    found: Any = document
    for depth, key in enumerate(keys, start=1):
        found = found.get(key, {})
        if not isinstance(found, dict):
            raise HostJsonError(".".join(keys[:depth]), found, "must be a JSON object")
    return found  # type: ignore[no-any-return]


def _route_prefix(document: Mapping[str, Any]) -> str:
    section = _section(document, "extensions", "http")
    for key, value in section.items():
        # Throttles and headers that Azure would add: an app that leans on them, or meets their 429, must not run here.
        if key != "routePrefix":
            raise HostJsonError(f"extensions.http.{key}", value, "is not imitated here: only routePrefix may be set")
    prefix = section.get("routePrefix", "api")
    if not isinstance(prefix, str) or any(character in prefix for character in "{}?#* "):
        raise HostJsonError("extensions.http.routePrefix", prefix, "must be a plain path such as 'api', or ''")
    return prefix.strip("/")


def _function_timeout(value: object) -> timedelta | None:
    if value is None or value == "-1":
        return None
    if not isinstance(value, str):
        raise HostJsonError("functionTimeout", value, 'must be a text such as "00:05:00", or "-1" for no limit')
    try:
        timeout = parse_time_span(value)
    except ValueError as error:
        raise HostJsonError("functionTimeout", value, str(error)) from error
    if timeout <= timedelta():
        raise HostJsonError("functionTimeout", value, 'must be longer than zero ("-1" means no limit)')
    return timeout


def _log_levels(document: Mapping[str, Any]) -> dict[str, int]:
    levels = {"default": LOG_LEVELS["information"]}
    for category, name in _section(document, "logging", "logLevel").items():
        if not isinstance(name, str) or name.lower() not in LOG_LEVELS:
            known = ", ".join(level.capitalize() for level in LOG_LEVELS)
            raise HostJsonError(f"logging.logLevel.{category}", name, f"must be one of {known}")
        levels["default" if category.lower() == "default" else category] = LOG_LEVELS[name.lower()]
    return levels
