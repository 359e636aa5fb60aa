"""History as clients see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeAlias

import azure.durable_functions as df

from local_host.durable.history_view import view_history

Drive: TypeAlias = Callable[..., Any]


def story(context: df.DurableOrchestrationContext) -> Any:
    yield context.call_activity("echo", {"a": 1})
    yield context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
    yield context.call_activity_with_retry("fails", df.RetryOptions(1, 1), None)


def fails(_: Any) -> None:
    raise ValueError("no")


def test_completions_absorb_what_they_complete(drive: Drive) -> None:
    """Names instead of numbers, scheduled time beside the end, no turn events, no ids, no retry marks."""
    driven = drive({"story": story}, {"echo": lambda value: value, "fails": fails})
    instance_id = driven.start("story", "in")
    driven.run()
    driven.advance(seconds=1)
    view = view_history(driven.history(instance_id), show_input=True, show_output=True)
    begun, later = "2026-11-21T03:00:00.0000001Z", "2026-11-21T03:00:01.0000001Z"
    due = "2026-11-21T03:00:01.000000Z"
    reason = "Activity function 'fails' failed:  ValueError: no"
    assert view == [
        {"EventType": "ExecutionStarted", "FunctionName": "story", "Input": '"in"', "Timestamp": begun},
        {
            "EventType": "TaskCompleted",
            "FunctionName": "echo",
            "Input": ['{"a": 1}'],
            "Result": {"a": 1},
            "ScheduledTime": begun,
            "Timestamp": begun,
        },
        {"EventType": "TimerFired", "FireAt": due, "ScheduledTime": begun, "Timestamp": later},
        {
            "EventType": "TaskFailed",
            "FunctionName": "fails",
            "Input": ["null"],
            "Reason": reason,
            "Details": "trace",
            "ScheduledTime": later,
            "Timestamp": later,
        },
        {"EventType": "TimerFired", "FireAt": due, "ScheduledTime": later, "Timestamp": later},
        {
            "EventType": "ExecutionCompleted",
            "OrchestrationStatus": "Failed",
            "Result": f"Orchestrator function 'story' failed: {reason} \n trace",
            "Timestamp": later,
        },
    ]


def test_open_tasks_are_shown_as_scheduled(drive: Drive) -> None:
    """What has not ended yet is in the list, too."""
    driven = drive({"story": story}, {"echo": lambda value: value, "fails": fails})
    instance_id = driven.start("story")
    driven.turns()
    view = view_history(driven.history(instance_id), show_input=False, show_output=False)
    assert [(event["EventType"], event.get("Name")) for event in view] == [
        ("ExecutionStarted", None),
        ("TaskScheduled", "echo"),
    ]
    assert all("Input" not in event for event in view)


def test_outputs_are_hidden_unless_asked_for(drive: Drive) -> None:
    """showHistoryOutput decides about results."""
    driven = drive({"quick": lambda _: "secret"})
    instance_id = driven.start("quick")
    driven.run()
    view = view_history(driven.history(instance_id), show_input=True, show_output=False)
    assert "secret" not in str(view)
