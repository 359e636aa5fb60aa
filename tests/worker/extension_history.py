"""An orchestration's history as the .NET extension writes it for an app on Azure Storage."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from azure.durable_functions.models.history import HistoryEventType as Event

Record = dict[str, Any]

# What the extension tells the SDK of Azure Storage's timers: one over six days is made of pieces of three.
DURATIONS = {
    "longRunningTimerIntervalDuration": "3.00:00:00",
    "maximumShortTimerDuration": "6.00:00:00",
    "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
}


def text_of(moment: datetime) -> str:
    """A time as .NET writes it: seven digits and Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


class ExtensionHistory:
    """Events as they come, and the document that the orchestrator is called with.

    Args:
        order: the orchestration's input, as JSON text; that of a sub-orchestration is encoded once more.
        parent: instance id of the orchestration that has started it.
        version: the default version of host.json, which the extension gives a new instance.
    """

    def __init__(
        self, name: str, instance: str, order: str, at: datetime, *, parent: str | None = None, version: str = ""
    ) -> None:
        self.instance, self.now, self.parent = instance, at, parent
        self.records: list[Record] = []
        self._next_id = 0
        self._order = order if parent is None else json.dumps(order)
        self.turn_begins(at)
        self._add(
            Event.EXECUTION_STARTED,
            OrchestrationInstance={"InstanceId": instance, "ExecutionId": "0123456789abcdef0123456789abcdef"},
            ParentInstance=None
            if parent is None
            else {
                "Name": None,
                "OrchestrationInstance": {"InstanceId": parent, "ExecutionId": "22222222222222222222222222222222"},
                "TaskScheduleId": 0,
                "Version": None,
            },
            Name=name,
            Version=version,
            Input=self._order,
            Tags=None,
        )

    def document(self) -> Record:
        """What the extension sends in this turn."""
        decoded = json.loads(self._order)
        return {
            "history": [dict(record) for record in self.records],
            "input": decoded,
            "instanceId": self.instance,
            "isReplaying": any(record["IsPlayed"] for record in self.records),
            "parentInstanceId": self.parent,
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": 2,
            **DURATIONS,
        }

    def turn_ends(self) -> None:
        """The turn is over: what it has read is of the past."""
        self._add(Event.ORCHESTRATOR_COMPLETED)
        for record in self.records:
            record["IsPlayed"] = True

    def turn_begins(self, at: datetime) -> None:
        """A new turn, never before the one before it."""
        self.now = max(self.now, at)
        self._add(Event.ORCHESTRATOR_STARTED)

    def schedule_activity(self, name: str, given: Any) -> int:
        """An activity is scheduled; its id."""
        return self._schedule(Event.TASK_SCHEDULED, Name=name, Version="", Input=json.dumps([given]))

    def schedule_child(self, name: str, instance: str, order: Any) -> int:
        """A sub-orchestration is started; its id."""
        return self._schedule(
            Event.SUB_ORCHESTRATION_INSTANCE_CREATED,
            Name=name,
            Version="",
            InstanceId=instance,
            Input=json.dumps(order),
        )

    def create_timer(self, fire_at: datetime) -> int:
        """A timer is made; its id."""
        return self._schedule(Event.TIMER_CREATED, FireAt=text_of(fire_at))

    def complete_activity(self, task: int, result: Any) -> None:
        """An activity has answered."""
        self._add(Event.TASK_COMPLETED, TaskScheduledId=task, Result=json.dumps(result))

    def fail_activity(self, task: int, reason: str) -> None:
        """An activity has raised."""
        self._add(Event.TASK_FAILED, TaskScheduledId=task, Reason=reason, Details="")

    def complete_child(self, task: int, result: Any) -> None:
        """A sub-orchestration has ended."""
        self._add(Event.SUB_ORCHESTRATION_INSTANCE_COMPLETED, TaskScheduledId=task, Result=json.dumps(result))

    def fire_timer(self, timer: int, fire_at: datetime) -> None:
        """A timer has fired."""
        self._add(Event.TIMER_FIRED, TimerId=timer, FireAt=text_of(fire_at))

    def raise_event(self, name: str, data: Any) -> None:
        """An external event has come."""
        self._add(Event.EVENT_RAISED, Name=name, Input=json.dumps(data))

    def _schedule(self, kind: Event, **fields: Any) -> int:
        task, self._next_id = self._next_id, self._next_id + 1
        self._add(kind, task, **fields)
        return task

    def _add(self, kind: Event, event_id: int = -1, **fields: Any) -> None:
        # A millisecond each, so that no two events of a history have the same time.
        self.now += timedelta(milliseconds=1)
        self.records.append(
            {
                "EventType": int(kind),
                "EventId": event_id,
                "IsPlayed": False,
                "Timestamp": text_of(self.now),
                **fields,
            }
        )
