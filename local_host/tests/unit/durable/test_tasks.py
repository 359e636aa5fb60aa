"""The fold of a history over its tasks."""

from __future__ import annotations

from datetime import UTC, datetime

from azure.durable_functions.models.history import HistoryEventType

from local_host.durable import history
from local_host.durable.tasks import Retry, Tasks, completed_task_id

AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def scheduled(task_id: int, retry: Retry | None = None) -> history.Record:
    extra = {} if retry is None else {"Retry": retry.to_record()}
    return history.record(
        HistoryEventType.TASK_SCHEDULED, AT, event_id=task_id, Name="f", Version="", Input='["1"]', **extra
    )


def test_task_is_open_from_its_schedule_to_its_completion() -> None:
    """And never again."""
    tasks = Tasks()
    tasks.apply(scheduled(0))
    assert (tasks.is_open(0), tasks.has_open, tasks.next_id) == (True, True, 1)
    tasks.apply(history.task_completed(0, None, AT))
    assert (tasks.is_open(0), tasks.has_open, tasks.next_id) == (False, False, 1)


def test_tasks_made_by_retries_are_told_apart() -> None:
    """The first attempt is the orchestrator's; the timer and further attempts are not."""
    retry = Retry(root=0, attempt=1, interval_ms=5, max_attempts=2)
    timer = history.record(HistoryEventType.TIMER_CREATED, AT, event_id=1, FireAt="x", Retry=retry.to_record())
    tasks = Tasks()
    for record in (scheduled(0, retry), timer, scheduled(2, retry), scheduled(3)):
        tasks.apply(record)
    assert [tasks.is_made_by_retry(task_id) for task_id in range(4)] == [False, True, True, False]
    assert [task.task_id for task in tasks.from_id(0)] == [0, 3]


def test_only_completions_complete() -> None:
    """Events and schedules name no completed task."""
    assert completed_task_id(history.timer_fired(7, AT, AT)) == 7
    assert completed_task_id(history.event_raised("go", None, AT)) is None
    assert completed_task_id(scheduled(3)) is None
