"""A task hub: one database with the parts that work on it, as seen by the thread that owns it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime
from pathlib import Path
from typing import Any

from local_host.clock import SYSTEM_CLOCK, Clock
from local_host.durable import history
from local_host.durable.functions import DurableFunctions
from local_host.durable.instance import Message
from local_host.durable.instances import Instances
from local_host.durable.requests import Requests
from local_host.durable.schema import open_writer
from local_host.durable.settings import DurableSettings
from local_host.durable.store import Store
from local_host.durable.turns import Turns
from local_host.durable.work import ActivityWork, Failure

Command = Callable[["TaskHub"], Any]


class TaskHub:
    """Opens the database; everything happens between `begin` and `commit`, in the thread that made the hub.

    `executor` computes turns. `tell`, called in its threads, must have the command run here, in a transaction.
    """

    def __init__(
        self,
        database: Path,
        functions: DurableFunctions,
        settings: DurableSettings,
        executor: Executor,
        tell: Callable[[Command], None],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.store = Store(open_writer(database))
        self._clock = clock
        self.instances = Instances(self.store, settings, clock.now)
        self.turns = Turns(
            self.instances,
            functions,
            executor,
            settings,
            lambda turn, outcome: tell(lambda hub: hub.turns.finish(turn, outcome)),
        )
        self.requests = Requests(self.instances, functions)

    def begin(self) -> None:
        self.store.begin()

    def recover(self) -> None:
        """Takes up what the last engine on this database left under way."""
        self.instances.recover()

    def begin_turns(self) -> int:
        """Fires due timers and begins the turns for which there is a place; gives how many were begun."""
        self.instances.fire_due_timers()
        return self.turns.begin_ready()

    def commit(self) -> tuple[list[ActivityWork], list[str]]:
        """Makes the transaction durable; gives the activities to run, and who has finished."""
        self.instances.flush()
        self.store.commit()
        done = self.instances.activities, self.instances.finished
        self.instances.activities, self.instances.finished = [], []
        return done

    def seconds_until_work(self) -> float | None:
        """How long the hub may sleep if no command comes; None for as long as it takes."""
        if self.turns.may_begin:
            return 0.0
        due = self.instances.timers.next
        return None if due is None else self._clock.seconds_until(due)

    @property
    def is_idle(self) -> bool:
        """Whether all instances wait for time or for events: no turn, activity or timer is under way, ready or due."""
        if self.turns.are_under_way or self.instances.ready or self.store.has_activities():
            return False
        due = self.next_timer()
        return due is None or due > self.instances.now()

    def next_timer(self) -> datetime | None:
        """When the next timer that is still wanted fires."""
        return self.store.next_timer()

    def complete_activity(self, work: ActivityWork, result: str | None) -> None:
        """Takes in an activity's result, JSON text."""
        if self.store.delete_activity(work):
            completed = history.task_completed(work.task_id, result, self.instances.now())
            self.instances.deliver(work.instance_id, Message(completed, work.execution_id))

    def fail_activity(self, work: ActivityWork, failure: Failure) -> None:
        """Takes in an activity's failure."""
        if self.store.delete_activity(work):
            failed = history.task_failed(work.task_id, failure.reason, failure.details, self.instances.now())
            self.instances.deliver(work.instance_id, Message(failed, work.execution_id))

    def close(self) -> None:
        self.store.close()
