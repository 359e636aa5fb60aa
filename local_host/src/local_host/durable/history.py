"""History records: the events of an orchestration as the out-of-proc protocol names their fields.

A record is the JSON object of one event. EventId is the task's id on events that schedule something, else -1.
`Retry` is the engine's own field (readers ignore unknown fields): it ties the attempts of one with-retry call.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from azure.durable_functions.models.history import HistoryEvent, HistoryEventType

from local_host.durable.clock import format_time, format_timestamp, parse_time

Record = dict[str, Any]


def record(event_type: HistoryEventType, at: datetime, *, event_id: int = -1, **fields: Any) -> Record:
    """One event's record; IsPlayed is set when it is given to the executor."""
    return {
        "EventType": int(event_type),
        "EventId": event_id,
        "IsPlayed": False,
        "Timestamp": format_timestamp(at),
        **fields,
    }


def task_completed(task_id: int, result: str | None, at: datetime) -> Record:
    """`result` is JSON text."""
    return record(HistoryEventType.TASK_COMPLETED, at, TaskScheduledId=task_id, Result=result)


def task_failed(task_id: int, reason: str, details: str, at: datetime) -> Record:
    return record(HistoryEventType.TASK_FAILED, at, TaskScheduledId=task_id, Reason=reason, Details=details)


def sub_orchestration_completed(task_id: int, result: str | None, at: datetime) -> Record:
    """`result` is JSON text."""
    return record(HistoryEventType.SUB_ORCHESTRATION_INSTANCE_COMPLETED, at, TaskScheduledId=task_id, Result=result)


def sub_orchestration_failed(task_id: int, reason: str, at: datetime) -> Record:
    return record(
        HistoryEventType.SUB_ORCHESTRATION_INSTANCE_FAILED, at, TaskScheduledId=task_id, Reason=reason, Details=""
    )


def timer_fired(timer_id: int, fire_at: datetime, at: datetime) -> Record:
    return record(HistoryEventType.TIMER_FIRED, at, TimerId=timer_id, FireAt=format_time(fire_at))


def event_raised(name: str, data: str | None, at: datetime) -> Record:
    """`data` is JSON text."""
    return record(HistoryEventType.EVENT_RAISED, at, Name=name, Input=data)


def execution_terminated(reason: str, at: datetime) -> Record:
    return record(HistoryEventType.EXECUTION_TERMINATED, at, Input=json.dumps(reason))


def is_termination(source: Record) -> bool:
    """Whether the record ends its instance, whatever the orchestrator does."""
    return bool(source["EventType"] == HistoryEventType.EXECUTION_TERMINATED)


def execution_completed(status: str, result: str | None, at: datetime) -> Record:
    return record(HistoryEventType.EXECUTION_COMPLETED, at, OrchestrationStatus=status, Result=result)


class ParsedEvent(HistoryEvent):  # type: ignore[misc]  # the SDK has no types
    """A history event made from a record without parsing its time again.

    The official constructor parses the timestamp's text with dateutil, which is most of a replay's time when it
    is done for every event in every turn. This one sets the same fields (a test holds the two together), so a
    live instance's events are made once and given to the executor in each turn.
    """

    def __init__(self, source: Record, *, played: bool) -> None:
        fields = self.__dict__
        fields["_event_type"] = source["EventType"]
        fields["_event_id"] = source["EventId"]
        fields["_is_played"] = played
        fields["_timestamp"] = parse_time(source["Timestamp"])
        fields["_is_processed"] = False
        fields["Name"] = fields["InstanceId"] = fields["TaskScheduledId"] = None
        fields["Reason"] = fields["Details"] = fields["Input"] = None
        for key, value in source.items():
            if key not in _CONSTRUCTOR_FIELDS:
                fields[key] = value

    def mark_played(self) -> None:
        """From now on this event is of the past."""
        self._is_played = True


_CONSTRUCTOR_FIELDS = frozenset({"EventType", "EventId", "IsPlayed", "Timestamp"})
