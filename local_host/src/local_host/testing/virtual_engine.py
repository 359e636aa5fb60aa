"""The durable engine in virtual time: orchestrators with their real timers, in milliseconds."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from azure.functions.meta import Datum

from local_host.durable.engine import DurableEngine
from local_host.durable.functions import DurableFunctions
from local_host.durable.settings import DurableSettings
from local_host.durable.status import InstanceStatus
from local_host.functions.app_loader import load_functions
from local_host.functions.durable_binding import durable_functions
from local_host.functions.index import IndexedFunction, index_functions
from local_host.functions.invoker import Invoker
from local_host.functions.triggers.catalog import SUPPORTED_TRIGGERS
from local_host.testing.virtual_clock import VirtualClock

Activity = Callable[[str | None], Awaitable[str | None]]

_POLL_SECONDS = 0.001


class StandstillError(RuntimeError):
    """An instance does not end by itself: nothing runs, and no timer will fire."""


class VirtualEngine(DurableEngine):
    """An engine on which time passes only while a test waits for it.

    - `wait_for_completion` lets time pass: whenever nothing runs it becomes the time of the next timer.
    - `advance` lets a given time pass, and everything that is due in it happen, each at its time.
    - `settle` lets no time pass: it waits until nothing runs.

    Everything else is the engine that the host has: its threads, its database, its limits.

    Attributes:
        clock: the time; also a source of times for inputs and answers.
        calls: every run of an activity, by its name and its input, in their order.
    """

    def __init__(self, database: Path, functions: DurableFunctions, settings: DurableSettings | None = None) -> None:
        self.clock = VirtualClock()
        self.calls: list[tuple[str, Any]] = []
        recorded = {name: self._recorded(name, activity) for name, activity in functions.activities.items()}
        super().__init__(
            database,
            DurableFunctions(functions.orchestrators, recorded),
            settings or DurableSettings(),
            None,
            self.clock,
        )

    def count(self, activity: str) -> int:
        """How often an activity was run."""
        return sum(name == activity for name, _ in self.calls)

    async def settle(self) -> None:
        """Wait until all instances wait for time or for events."""
        while not await self._ask(lambda hub: hub.is_idle):
            # Activities run in this event loop, turns in threads: neither says when it has ended.
            await asyncio.sleep(_POLL_SECONDS)

    async def advance(self, span: timedelta) -> None:
        """Let time pass; what is due in it happens, each at its time."""
        until = self.clock.now() + span
        await self.settle()
        while (due := await self._next_timer()) is not None and due <= until:
            await self._move_to(due)
        await self._move_to(until)

    async def wait_for_completion(self, instance_id: str) -> InstanceStatus:
        """Let time pass until the instance has ended.

        Raises:
            InstanceNotFoundError: there is no such instance.
            StandstillError: no amount of time would end it.
        """
        while True:
            await self.settle()
            status = await self.get_status(instance_id)
            if status.runtime_status.is_final:
                return status
            due = await self._next_timer()
            if due is None:
                raise StandstillError(
                    f"{instance_id} is {status.runtime_status}, and waits for an event: no timer will fire"
                )
            await self._move_to(due)

    async def _next_timer(self) -> Any:
        return await self._ask(lambda hub: hub.next_timer())

    async def _move_to(self, moment: Any) -> None:
        self.clock.move_to(max(moment, self.clock.now()))
        # Before it answers the engine looks at the clock.
        await self._ask(lambda _: None)
        await self.settle()

    def _recorded(self, name: str, activity: Activity) -> Activity:
        async def run(text: str | None) -> str | None:
            self.calls.append((name, None if text is None else json.loads(text)))
            return await activity(text)

        return run


def app_functions(
    root: Path, module: str = "function_app", activities: Mapping[str, Callable[[Any], Any]] | None = None
) -> DurableFunctions:
    """The durable functions of a function app.

    Args:
        root: the app's folder.
        module: the module that holds ``app``.
        activities: what runs in place of activities, by their names; it takes and returns what can be JSON, and may be
            async. The others are the app's own, without other inputs than the trigger's.

    Raises:
        AppLoadError: the host would refuse the app.
        KeyError: the app has no activity of such a name.
    """
    found = _own_functions(root, module)
    replaced = {name: _json(function) for name, function in (activities or {}).items()}
    if unknown := [name for name in replaced if name not in found.activities]:
        raise KeyError(f"the app has no activity {', '.join(unknown)}; it has {', '.join(found.activities)}")
    return DurableFunctions(found.orchestrators, {**found.activities, **replaced})


@cache
def _own_functions(root: Path, module: str) -> DurableFunctions:
    """Once in a process: an app gives its functions only once."""
    index = index_functions(load_functions(root, module), SUPPORTED_TRIGGERS)
    return durable_functions(index, Invoker(_no_input, timeout=None, threads=None))


def _no_input(function: IndexedFunction, parameter: str) -> Datum:
    raise ValueError(
        f"{function.name} has the input {parameter}: in virtual time an activity has that of its trigger alone"
    )


def _json(function: Callable[[Any], Any]) -> Activity:
    async def run(text: str | None) -> str | None:
        result = function(None if text is None else json.loads(text))
        return json.dumps(await result if inspect.isawaitable(result) else result)

    return run
