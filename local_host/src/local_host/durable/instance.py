"""One orchestration instance as the engine holds it in memory."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from azure.durable_functions.models.history import HistoryEventType

from local_host.durable.history import ParsedEvent, Record
from local_host.durable.tasks import Tasks


class RuntimeStatus(StrEnum):
    """An instance's status, by the names of the durable HTTP API."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    CONTINUED_AS_NEW = "ContinuedAsNew"
    COMPLETED = "Completed"
    FAILED = "Failed"
    TERMINATED = "Terminated"
    CANCELED = "Canceled"

    @property
    def is_final(self) -> bool:
        return self in (
            RuntimeStatus.COMPLETED,
            RuntimeStatus.FAILED,
            RuntimeStatus.TERMINATED,
            RuntimeStatus.CANCELED,
        )


@dataclass(frozen=True, slots=True)
class ParentTask:
    """The sub-orchestration task of a parent instance's execution."""

    instance_id: str
    execution_id: str
    task_id: int


@dataclass(slots=True)
class Message:
    """A history record on its way to an instance.

    `execution_id` None means any execution (an external event); `row_id` is its row once it was stored unread.
    """

    record: Record
    execution_id: str | None = None
    row_id: int | None = None


@dataclass(slots=True)
class Instance:
    """An orchestration's identity, its state, the events of its history, and the messages that it has not read.

    `input`, `output` and `custom_status` are JSON text.
    """

    instance_id: str
    execution_id: str
    name: str
    version: str | None
    input: str | None
    created: datetime
    status: RuntimeStatus = RuntimeStatus.PENDING
    parent: ParentTask | None = None
    output: str | None = None
    custom_status: str | None = None
    episode: int = 0
    last_turn: datetime | None = None
    events: list[ParsedEvent] = field(default_factory=list)
    tasks: Tasks = field(default_factory=Tasks)
    inbox: deque[Message] = field(default_factory=deque)

    def context_input(self) -> str | None:
        """The JSON text that `context.get_input()` decodes.

        The SDK sends a JSON string that holds JSON; other callers send JSON itself. Both become the inner text.
        """
        if self.input is None:
            return None
        value = json.loads(self.input)
        return value if isinstance(value, str) else json.dumps(value)

    def append_episode(self, events: list[ParsedEvent]) -> None:
        """Adds a committed turn to the history in memory; its events are of the past from now on."""
        for event in events:
            event.mark_played()
        self.events.extend(events)
        self.episode += 1

    def replay_stored(self, episodes: list[list[Record]]) -> None:
        """Rebuilds events and tasks from stored episodes."""
        self.episode = len(episodes)
        for episode in episodes:
            for stored in episode:
                event = ParsedEvent(stored, played=True)
                self.events.append(event)
                self.tasks.apply(stored)
                if event.event_type == HistoryEventType.ORCHESTRATOR_STARTED:
                    self.last_turn = event.timestamp
