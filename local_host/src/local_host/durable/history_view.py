"""An instance's history as the durable extension shows it to clients.

Turns' own events are left out, a completion absorbs the event that scheduled its task (as FunctionName and
ScheduledTime), event types and statuses are names, and texts of JSON become JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from azure.durable_functions.models.history import HistoryEventType

from local_host.durable.history import Record
from local_host.durable.tasks import completed_task_id

_NAMES = {
    HistoryEventType.EXECUTION_STARTED: "ExecutionStarted",
    HistoryEventType.EXECUTION_COMPLETED: "ExecutionCompleted",
    HistoryEventType.EXECUTION_FAILED: "ExecutionFailed",
    HistoryEventType.EXECUTION_TERMINATED: "ExecutionTerminated",
    HistoryEventType.TASK_SCHEDULED: "TaskScheduled",
    HistoryEventType.TASK_COMPLETED: "TaskCompleted",
    HistoryEventType.TASK_FAILED: "TaskFailed",
    HistoryEventType.SUB_ORCHESTRATION_INSTANCE_CREATED: "SubOrchestrationInstanceCreated",
    HistoryEventType.SUB_ORCHESTRATION_INSTANCE_COMPLETED: "SubOrchestrationInstanceCompleted",
    HistoryEventType.SUB_ORCHESTRATION_INSTANCE_FAILED: "SubOrchestrationInstanceFailed",
    HistoryEventType.TIMER_CREATED: "TimerCreated",
    HistoryEventType.TIMER_FIRED: "TimerFired",
    HistoryEventType.EVENT_SENT: "EventSent",
    HistoryEventType.EVENT_RAISED: "EventRaised",
    HistoryEventType.GENERIC_EVENT: "GenericEvent",
    HistoryEventType.EXECUTION_SUSPENDED: "ExecutionSuspended",
    HistoryEventType.EXECUTION_RESUMED: "ExecutionResumed",
}
_HIDDEN = frozenset(
    {
        "EventId",
        "IsPlayed",
        "Version",
        "Retry",
        "TaskScheduledId",
        "TimerId",
        "OrchestrationInstance",
        "ParentInstance",
        "Tags",
    }
)
_SCHEDULING = (
    HistoryEventType.TASK_SCHEDULED,
    HistoryEventType.SUB_ORCHESTRATION_INSTANCE_CREATED,
    HistoryEventType.TIMER_CREATED,
)


def view_history(records: Iterable[Record], *, show_input: bool, show_output: bool) -> list[dict[str, Any]]:
    """The events that clients see, oldest first."""
    listed = list(records)
    scheduled = {record["EventId"]: record for record in listed if record["EventType"] in _SCHEDULING}
    completed = {task_id for record in listed if (task_id := completed_task_id(record)) is not None}
    shown: list[dict[str, Any]] = []
    for record in listed:
        if record["EventType"] not in _NAMES:
            continue  # OrchestratorStarted and OrchestratorCompleted
        if record["EventType"] in _SCHEDULING and record["EventId"] in completed:
            continue
        task_id = completed_task_id(record)
        shown.append(_view(record, None if task_id is None else scheduled.get(task_id), show_input, show_output))
    return shown


def _view(record: Record, scheduled: Record | None, show_input: bool, show_output: bool) -> dict[str, Any]:
    event_type = HistoryEventType(record["EventType"])
    view = {key: value for key, value in record.items() if key not in _HIDDEN}
    view["EventType"] = _NAMES[event_type]
    if event_type is HistoryEventType.EXECUTION_STARTED:
        view["FunctionName"] = view.pop("Name")
    if scheduled is not None:
        view["ScheduledTime"] = scheduled["Timestamp"]
        if "Name" in scheduled:
            view["FunctionName"] = scheduled["Name"]
        if "Input" in scheduled:
            view["Input"] = scheduled["Input"]
    if "Input" in view:
        if show_input:
            view["Input"] = _decoded(view["Input"])
        else:
            del view["Input"]
    if "Result" in view:
        if show_output:
            view["Result"] = _decoded(view["Result"])
        else:
            del view["Result"]
    return view


def _decoded(text: str | None) -> Any:
    return None if text is None else json.loads(text)
