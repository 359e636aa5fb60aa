"""A task hub driven by hand: virtual time, activities run in place, restarts at will."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import azure.durable_functions as df

from local_host.durable.functions import DurableFunctions
from local_host.durable.instance import Instance, RuntimeStatus
from local_host.durable.settings import DurableSettings
from local_host.durable.task_hub import TaskHub
from local_host.durable.work import ActivityWork, Failure
from local_host.testing.virtual_clock import VirtualClock


class OneThread(Executor):
    """Runs what is submitted when the test says so, in the test's own thread; at once unless `is_held`."""

    def __init__(self) -> None:
        self.is_held = False
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._waiting.append((future, lambda: function(*arguments, **options)))
        if not self.is_held:
            self.run()
        return future

    def run(self) -> int:
        """Runs what waits, oldest first; gives how many."""
        count = len(self._waiting)
        for _ in range(count):
            future, call = self._waiting.popleft()
            try:
                future.set_result(call())
            except Exception as error:  # noqa: BLE001  # as a pool does
                future.set_exception(error)
        return count


class HandDriven:
    """A task hub whose clock, threads, activities and crashes are the test's to command.

    `calls` counts the activity runs by (instance id, activity name).
    """

    def __init__(
        self,
        database: Path,
        orchestrators: Mapping[str, Callable[..., Any]],
        activities: Mapping[str, Callable[[Any], Any]] | None = None,
        settings: DurableSettings | None = None,
    ) -> None:
        self.database = database
        self.clock = VirtualClock()
        self.bodies = dict(activities or {})
        self.settings = settings or DurableSettings()
        self.calls: Counter[tuple[str, str]] = Counter()
        self.waiting: list[ActivityWork] = []
        self.functions = self._functions(orchestrators)
        self.hub = self._open()

    @property
    def now(self) -> datetime:
        """The time, which the test sets."""
        return self.clock.now()

    @now.setter
    def now(self, moment: datetime) -> None:
        self.clock.move_to(moment)

    def _functions(self, orchestrators: Mapping[str, Callable[..., Any]]) -> DurableFunctions:
        async def never(_: str | None) -> str | None:
            raise AssertionError("the hub does not run activities")

        handles = {name: df.Orchestrator.create(body) for name, body in orchestrators.items()}
        return DurableFunctions(handles, dict.fromkeys(self.bodies, never))

    def _open(self) -> TaskHub:
        # A process that dies takes its threads with it.
        self.threads = OneThread()
        self.told: deque[Callable[[TaskHub], Any]] = deque()
        hub = TaskHub(self.database, self.functions, self.settings, self.threads, self.told.append, self.clock)
        # These crashes end the process, not the power: no need to wait for the disk.
        hub.store.connection.execute("PRAGMA synchronous = OFF")
        self.waiting = []
        hub.begin()
        hub.recover()
        self._commit(hub)
        return hub

    def _commit(self, hub: TaskHub) -> None:
        activities, _ = hub.commit()
        self.waiting.extend(activities)

    def do(self, command: Callable[[TaskHub], Any]) -> Any:
        """Runs one command in a transaction of its own, as a client's request; turns come later."""
        self.hub.begin()
        try:
            return command(self.hub)
        finally:
            self._commit(self.hub)

    def start(self, name: str, value: Any = None, instance_id: str | None = None) -> str:
        """Starts an instance the way the SDK's client does."""
        input_ = None if value is None else json.dumps(json.dumps(value))
        started: str = self.do(lambda hub: hub.requests.start(name, input_, instance_id, None))
        return started

    def raise_event(self, instance_id: str, name: str, value: Any = None) -> None:
        self.do(lambda hub: hub.requests.raise_event(instance_id, name, json.dumps(value)))

    def take_turns(self) -> None:
        """Begins the turns that are ready and finishes those computed, within a transaction."""
        self.hub.begin_turns()
        while self.told:
            self.told.popleft()(self.hub)

    def release_threads(self) -> None:
        """Computes the turns that were held, and takes them in."""
        self.threads.is_held = False
        self.threads.run()
        self.turns()

    def turns(self) -> None:
        """Takes every turn that is ready, without running activities."""
        while True:
            self.hub.begin()
            self.take_turns()
            self._commit(self.hub)
            if self.hub.seconds_until_work() != 0:
                return

    def run_activity(self, work: ActivityWork) -> None:
        """Runs one activity and gives its answer to the hub."""
        self.waiting.remove(work)
        self.calls[work.instance_id, work.name] += 1
        try:
            result = self.bodies[work.name](None if work.input is None else json.loads(work.input))
        except ValueError as error:
            failure = Failure(f"Activity function '{work.name}' failed:  ValueError: {error}", "trace")
            self.do(lambda hub: hub.fail_activity(work, failure))
        else:
            self.do(lambda hub: hub.complete_activity(work, json.dumps(result)))

    def run(self) -> None:
        """Goes on until everything waits for time, events or nothing."""
        self.turns()
        while self.waiting:
            self.run_activity(self.waiting[0])
            self.turns()

    def advance(self, **span: float) -> None:
        """Lets time pass, and what is due happen."""
        self.now += timedelta(**span)
        self.run()

    def crash(self) -> None:
        """Ends the hub without a goodbye and opens another on the same database."""
        self.hub.close()
        self.hub = self._open()

    def redeploy(self, orchestrators: Mapping[str, Callable[..., Any]]) -> None:
        """Crashes and comes back with other orchestrator code."""
        self.hub.close()
        self.functions = self._functions(orchestrators)
        self.hub = self._open()

    def instance(self, instance_id: str) -> Instance:
        """The instance as stored."""
        instance = self.hub.store.load(instance_id)
        assert instance is not None
        return instance

    def status(self, instance_id: str) -> RuntimeStatus:
        return self.instance(instance_id).status

    def output(self, instance_id: str) -> Any:
        output = self.instance(instance_id).output
        return None if output is None else json.loads(output)

    def history(self, instance_id: str) -> list[dict[str, Any]]:
        return [record for episode in self.hub.store.episodes(instance_id) for record in episode]

    def close(self) -> None:
        self.hub.close()
