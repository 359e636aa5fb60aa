"""The timeline of a run, folded out of Durable's history."""

from typing import Any

from nightshift.services.lifecycle.run_views import timeline


def _event(kind: str, name: str, second: int, **fields: Any) -> dict[str, Any]:
    at = f"2026-01-01T00:00:{second:02d}.0000000Z"
    return {"EventType": kind, "FunctionName": name, "Timestamp": at, "ScheduledTime": at, **fields}


def test_a_completed_activity_is_a_step_with_input_and_result() -> None:
    """The one argument is taken out of Durable's array, JSON within JSON is opened."""
    (step,) = timeline([_event("TaskCompleted", "validate_data", 1, Input='["{\\"a\\": 1}"]', Result='{"b": 2}')])
    assert (step.name, step.kind, step.attempts, step.input, step.result) == (
        "validate_data",
        "activity",
        1,
        {"a": 1},
        {"b": 2},
    )


def test_retries_are_one_step_with_its_attempts() -> None:
    """Two failures and a success: three calls, from the first to the last."""
    (step,) = timeline(
        [
            _event("TaskFailed", "decide_action", 1, Reason="down"),
            _event("TaskFailed", "decide_action", 16, Reason="down"),
            _event("TaskCompleted", "decide_action", 31, Result="{}"),
        ]
    )
    assert (step.attempts, step.seconds, step.error) == (3, 30.0, "")


def test_a_step_that_keeps_failing_shows_its_error() -> None:
    """The last reason stays visible."""
    (step,) = timeline([_event("TaskFailed", "decide_action", second, Reason=f"r{second}") for second in (1, 2)])
    assert (step.attempts, step.error) == (2, "r2")


def test_a_step_under_way_has_no_end() -> None:
    """Scheduled, not completed."""
    (step,) = timeline([_event("TaskScheduled", "poll_job_status", 1)])
    assert (step.ended_at, step.seconds) == (None, None)
