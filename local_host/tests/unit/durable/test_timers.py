"""The queue of timers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from local_host.durable.timers import TimerQueue

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def test_due_timers_come_in_order_and_others_stay() -> None:
    """Earliest first; nothing before its time."""
    timers = TimerQueue()
    for task_id, seconds in enumerate([5, -1, 0, 60]):
        timers.add(NOW + timedelta(seconds=seconds), ("i", "e", task_id))
    assert [key[2] for _, key in timers.take_due(NOW)] == [1, 2]
    assert timers.next == NOW + timedelta(seconds=5)
    assert len(timers) == 2


def test_empty_queue_asks_for_no_wake_up() -> None:
    """None means: sleep until something comes."""
    assert TimerQueue().next is None
