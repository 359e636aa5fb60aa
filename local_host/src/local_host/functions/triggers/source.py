"""The shape that every trigger source has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from starlette.routing import BaseRoute

from local_host.clock import SYSTEM_CLOCK, Clock
from local_host.functions.host_json import HostJson
from local_host.functions.index import IndexedFunction
from local_host.functions.invoker import Invoker
from local_host.functions.principal import NO_ROLES, AppRoles


@dataclass(frozen=True)
class SourceSetting:
    """What a source is built with: its functions, how to invoke them, settings, a folder for its state, roles, time."""

    functions: Sequence[IndexedFunction]
    invoker: Invoker
    host_json: HostJson
    environment: Mapping[str, str]
    state: Path
    roles: AppRoles = NO_ROLES
    clock: Clock = SYSTEM_CLOCK


class TriggerSource(Protocol):
    """One kind of trigger. Its constructor takes a SourceSetting and raises FunctionLoadError for a bad binding."""

    def routes(self) -> Sequence[BaseRoute]:
        """The HTTP routes that this source serves."""
        ...

    async def start(self) -> None:
        """Begins to deliver events; called when the durable engine is up."""
        ...

    async def stop(self) -> None:
        """Begins no further invocation, and waits for those that it started."""
        ...

    async def run_now(self, function: str, text: str) -> None:
        """Invokes a function by hand with `text` as its input; LookupError if the source has no such function."""
        ...
