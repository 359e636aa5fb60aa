"""Timer triggers: due times, past-due runs after a stop, one run of a timer at a time."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from azure.functions.meta import Datum
from starlette.routing import BaseRoute

from local_host.clock import Clock
from local_host.functions.app_settings import resolve_settings
from local_host.functions.errors import FunctionLoadError, InvocationFailedError, ScheduleError
from local_host.functions.index import IndexedFunction
from local_host.functions.invoker import Invoker
from local_host.functions.triggers.source import SourceSetting
from local_host.functions.triggers.timer_schedule import (
    Schedule,
    ScheduleStatus,
    ScheduleStore,
    parse_schedule,
    recurs_within_a_minute,
)

logger = logging.getLogger(__name__)


class TimerSource:
    """Runs every timer function of the app. Schedules are in UTC."""

    def __init__(self, setting: SourceSetting) -> None:
        self._clock = setting.clock
        store = ScheduleStore(setting.state / "timers")
        self._timers = {
            function.name: Timer(_definition(function, setting, self._clock.now()), setting.invoker, store, self._clock)
            for function in setting.functions
        }
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def routes(self) -> Sequence[BaseRoute]:
        """None: timers are not reached over HTTP."""
        return ()

    async def start(self) -> None:
        """Starts each timer; one that missed a due time while the host was down runs at once as past due."""
        for name, timer in self._timers.items():
            self._tasks[name] = asyncio.create_task(timer.run(), name=f"timer {name}")

    async def stop(self) -> None:
        """Ends the waiting; a run under way is finished first."""
        for name, task in self._tasks.items():
            self._timers[name].stop()
            if not self._timers[name].is_running:
                task.cancel()
        for outcome in await asyncio.gather(*self._tasks.values(), return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    async def run_now(self, function: str, text: str) -> None:
        """Runs a timer once, by hand: after a run under way, and without moving its schedule. `text` is not used."""
        await self._timers[function].run_now()


@dataclass(frozen=True)
class TimerDefinition:
    """A timer function with its parsed schedule. `monitored`: its status is stored and missed runs are made up."""

    function: IndexedFunction
    schedule: Schedule
    run_on_startup: bool
    monitored: bool


class Timer:
    """One timer function: waits, runs, records; never two runs at once."""

    def __init__(self, definition: TimerDefinition, invoker: Invoker, store: ScheduleStore, clock: Clock) -> None:
        self._definition = definition
        self._name = definition.function.name
        self._invoker = invoker
        self._store = store
        self._clock = clock
        self._lock = asyncio.Lock()
        self._stopping = False

    @property
    def is_running(self) -> bool:
        """Whether the function runs now."""
        return self._lock.locked()

    def stop(self) -> None:
        """Lets no further run begin."""
        self._stopping = True

    async def run(self) -> None:
        """Runs the function whenever it is due, until stopped. A failed run does not end the schedule."""
        status = self._initial_status()
        logger.info("timer_started function=%s next=%s", self._name, status.next.isoformat())
        now = self._clock.now()
        if self._definition.monitored and status.next < now:
            logger.warning("timer_past_due function=%s due=%s", self._name, status.next.isoformat())
            status = await self._run_scheduled(status, now, is_past_due=True)
        elif self._definition.run_on_startup:
            status = await self._run_scheduled(status, now)
        while not self._stopping:
            await self._clock.sleep_until(status.next)
            # A clock that is a little early must not make the same due time come twice.
            status = await self._run_scheduled(status, max(self._clock.now(), status.next))

    async def run_now(self) -> None:
        """One run outside the schedule."""
        status = self._initial_status()
        async with self._lock:
            if not self._stopping:
                await self._invoke(status, is_past_due=False)

    def _initial_status(self) -> ScheduleStatus:
        now = self._clock.now()
        fresh = ScheduleStatus(None, self._definition.schedule.next_after(now), now)
        if not self._definition.monitored:
            return fresh
        stored = self._stored_status()
        status = fresh if stored is None else stored.on(self._definition.schedule, now)
        if status != stored:
            # Stored before the first run too: a due time missed by a host that never ran it must not be lost.
            self._store_status(status)
        return status

    def _stored_status(self) -> ScheduleStatus | None:
        try:
            return self._store.read(self._name)
        except (ValueError, OSError):
            # As the real host: one timer's unreadable status must not keep the app from starting.
            logger.exception("timer_status_unreadable function=%s", self._name)
            return None

    def _store_status(self, status: ScheduleStatus) -> None:
        try:
            self._store.write(self._name, status)
        except OSError:
            # The schedule goes on; at worst a restart runs a due time again.
            logger.exception("timer_status_not_stored function=%s", self._name)

    async def _run_scheduled(
        self, status: ScheduleStatus, moment: datetime, *, is_past_due: bool = False
    ) -> ScheduleStatus:
        async with self._lock:
            if self._stopping:
                return status
            await self._invoke(status, is_past_due=is_past_due)
        done = ScheduleStatus(moment, self._definition.schedule.next_after(moment), moment)
        if self._definition.monitored:
            self._store_status(done)
        return done

    async def _invoke(self, status: ScheduleStatus, *, is_past_due: bool) -> None:
        payload: dict[str, Any] = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": status.to_json() if self._definition.monitored else None,
            "IsPastDue": is_past_due,
        }
        try:
            await self._invoker.invoke(self._definition.function, Datum(json.dumps(payload), "json"))
        except InvocationFailedError as failure:
            # The invoker has logged it with its traceback; the schedule goes on, as in Azure.
            logger.warning("timer_run_failed function=%s invocation_id=%s", self._name, failure.invocation_id)


def _definition(function: IndexedFunction, setting: SourceSetting, now: datetime) -> TimerDefinition:
    settings = function.trigger.settings
    try:
        schedule = parse_schedule(resolve_settings(str(settings["schedule"]), setting.environment))
    except (ScheduleError, LookupError) as error:
        raise FunctionLoadError(function.name, str(error.args[0]), parameter=function.trigger.name) from error
    use_monitor = settings.get("useMonitor") is not False
    return TimerDefinition(
        function=function,
        schedule=schedule,
        run_on_startup=bool(settings.get("runOnStartup")),
        monitored=use_monitor and not recurs_within_a_minute(schedule, now),
    )
