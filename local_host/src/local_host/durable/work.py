"""What a turn asks for: the work that starts once the turn has been committed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from local_host.durable.history import ParsedEvent, Record
from local_host.durable.instance import Instance, RuntimeStatus


@dataclass(frozen=True, slots=True)
class ActivityWork:
    """An activity to run; `input` is JSON text."""

    instance_id: str
    execution_id: str
    task_id: int
    name: str
    input: str | None


@dataclass(frozen=True, slots=True)
class SubOrchestration:
    """A child instance to start; `input` is JSON text as a start request carries it."""

    task_id: int
    name: str
    instance_id: str
    input: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class End:
    """How a generation of an instance ended; `output` is JSON text, of the next input if it continues as new."""

    status: RuntimeStatus
    output: str | None = None
    carried_over: tuple[Record, ...] = ()


@dataclass(slots=True)
class Turn:
    """One episode: its history records with their events, and what they ask for.

    `at` is the orchestrator's time in it; `read` are those of the records that came from messages.
    """

    at: datetime
    read: list[Record] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    events: list[ParsedEvent] = field(default_factory=list)
    activities: list[ActivityWork] = field(default_factory=list)
    timers: list[tuple[int, datetime]] = field(default_factory=list)
    cancelled_timers: list[int] = field(default_factory=list)
    sub_orchestrations: list[SubOrchestration] = field(default_factory=list)
    custom_status: str | None = None
    end: End | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TurnUnderWay:
    """A turn that waits for its outcome, and how many messages of the instance's inbox it has read."""

    instance: Instance
    turn: Turn
    taken: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an activity failed; the orchestrator sees "{reason} \\n {details}"."""

    reason: str
    details: str
