"""The tasks of one orchestration: what its history says was scheduled, and what of it is still open."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from azure.durable_functions.models.history import HistoryEventType

from local_host.durable.history import Record

TaskKind = Literal["activity", "sub-orchestration", "timer"]


@dataclass(frozen=True, slots=True)
class Retry:
    """One attempt of a with-retry call: `root` is the id of the first attempt's task."""

    root: int
    attempt: int
    interval_ms: int
    max_attempts: int
    instance_id: str | None = None
    """The sub-orchestration id that the orchestrator asked for; None lets each attempt have its own."""

    def to_record(self) -> dict[str, Any]:
        return {
            "Root": self.root,
            "Attempt": self.attempt,
            "IntervalMs": self.interval_ms,
            "MaxAttempts": self.max_attempts,
            "InstanceId": self.instance_id,
        }

    @classmethod
    def from_record(cls, source: Record) -> Retry | None:
        retry = source.get("Retry")
        if retry is None:
            return None
        return cls(retry["Root"], retry["Attempt"], retry["IntervalMs"], retry["MaxAttempts"], retry["InstanceId"])


@dataclass(slots=True)
class Task:
    """Something that the orchestration scheduled; `input` is JSON text, `fire_at` a timer's time as text."""

    task_id: int
    kind: TaskKind
    name: str
    input: str | None = None
    retry: Retry | None = None
    instance_id: str | None = None
    fire_at: str | None = None
    is_open: bool = True

    @property
    def root(self) -> int:
        """The id of the call that it is an attempt at, or its own."""
        return self.task_id if self.retry is None else self.retry.root

    @property
    def is_made_by_retry(self) -> bool:
        """Whether the engine's retry made it, not an action of the orchestrator."""
        return self.retry is not None and (self.kind == "timer" or self.retry.root != self.task_id)

    def __str__(self) -> str:
        return f"{self.kind} '{self.name}'" if self.name else self.kind


_COMPLETES: dict[int, str] = {
    HistoryEventType.TASK_COMPLETED: "TaskScheduledId",
    HistoryEventType.TASK_FAILED: "TaskScheduledId",
    HistoryEventType.SUB_ORCHESTRATION_INSTANCE_COMPLETED: "TaskScheduledId",
    HistoryEventType.SUB_ORCHESTRATION_INSTANCE_FAILED: "TaskScheduledId",
    HistoryEventType.TIMER_FIRED: "TimerId",
}


def completed_task_id(source: Record) -> int | None:
    """The id of the task that this record completes; None if it completes none."""
    key = _COMPLETES.get(source["EventType"])
    return None if key is None else int(source[key])


class Tasks:
    """The fold of a history over its scheduling and completing records.

    `raised` has the places of external events in the history, by their names in lower case.
    """

    def __init__(self) -> None:
        self._by_id: dict[int, Task] = {}
        self._open: set[int] = set()
        self._retry_made: set[int] = set()
        self._open_attempts: Counter[int] = Counter()
        self._place = 0
        self._completed_at: dict[int, int] = {}
        self.raised: dict[str, list[int]] = {}

    @property
    def next_id(self) -> int:
        """The id of the next task; ids count from 0 without gaps."""
        return len(self._by_id)

    @property
    def has_open(self) -> bool:
        """Whether something is open, which keeps a finished orchestrator's instance running, as in DTFx."""
        return bool(self._open)

    def completed_at(self, task_id: int) -> int | None:
        """The place in the history where a call was over, its further attempts included; None while it is not."""
        return None if self._open_attempts[task_id] else self._completed_at.get(task_id)

    def get(self, task_id: int) -> Task | None:
        return self._by_id.get(task_id)

    def is_open(self, task_id: int) -> bool:
        return task_id in self._open

    def is_made_by_retry(self, task_id: int) -> bool:
        return task_id in self._retry_made

    def from_id(self, first: int) -> list[Task]:
        """The orchestrator's own tasks (not those that retries made) from this id on."""
        return [task for task_id, task in self._by_id.items() if task_id >= first and not task.is_made_by_retry]

    def open_tasks(self) -> list[Task]:
        return [self._by_id[task_id] for task_id in sorted(self._open)]

    def close(self, task_id: int) -> None:
        """Marks a task as completed or cancelled."""
        task = self._by_id[task_id]
        if task_id in self._open:
            self._open.remove(task_id)
            self._open_attempts[task.root] -= 1
        task.is_open = False

    def apply(self, source: Record) -> None:
        """Takes in the next record of the history."""
        self._place += 1
        completed = completed_task_id(source)
        if completed is not None:
            if completed in self._by_id:
                self.close(completed)
                self._completed_at[self._by_id[completed].root] = self._place
            return
        if source["EventType"] == HistoryEventType.EVENT_RAISED:
            self.raised.setdefault(source["Name"].lower(), []).append(self._place)
            return
        task = _scheduled_task(source)
        if task is None:
            return
        self._by_id[task.task_id] = task
        self._open.add(task.task_id)
        self._open_attempts[task.root] += 1
        if task.is_made_by_retry:
            self._retry_made.add(task.task_id)


def _scheduled_task(source: Record) -> Task | None:
    task_id, retry = source["EventId"], Retry.from_record(source)
    match source["EventType"]:
        case HistoryEventType.TASK_SCHEDULED:
            return Task(task_id, "activity", source["Name"], json.loads(source["Input"])[0], retry)
        case HistoryEventType.SUB_ORCHESTRATION_INSTANCE_CREATED:
            return Task(
                task_id, "sub-orchestration", source["Name"], source["Input"], retry, instance_id=source["InstanceId"]
            )
        case HistoryEventType.TIMER_CREATED:
            return Task(task_id, "timer", "", retry=retry, fire_at=source["FireAt"])
        case _:
            return None
