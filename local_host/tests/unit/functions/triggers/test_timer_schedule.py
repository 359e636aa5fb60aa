"""Schedules and the stored status of a timer."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local_host.functions.errors import ScheduleError
from local_host.functions.triggers.timer_schedule import (
    IntervalSchedule,
    ScheduleStatus,
    ScheduleStore,
    parse_schedule,
    recurs_within_a_minute,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_a_time_span_is_an_interval() -> None:
    """A TimeSpan is due each time it has passed."""
    schedule = parse_schedule("00:00:30")
    assert schedule == IntervalSchedule(timedelta(seconds=30))
    assert schedule.next_after(NOON) == NOON + timedelta(seconds=30)


@pytest.mark.parametrize("text", ["00:00:00", "25:00:00", "every day", ""])
def test_refuses_what_is_neither(text: str) -> None:
    """A text that is no NCRONTAB expression and no usable TimeSpan is an error."""
    with pytest.raises(ScheduleError, match=repr(text)):
        parse_schedule(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/10 * * * * *", True),
        ("0,30 0 3 * * *", True),
        ("0 * * * * *", False),
        ("00:00:59", True),
        ("00:01:00", False),
    ],
)
def test_recurs_within_a_minute(text: str, expected: bool) -> None:
    """Schedules that can run twice within a minute are told apart."""
    assert recurs_within_a_minute(parse_schedule(text), NOON) is expected


def test_a_stored_status_comes_back(tmp_path: Path) -> None:
    """What is written is read; an unknown timer has no status."""
    store = ScheduleStore(tmp_path / "timers")
    status = ScheduleStatus(NOON, NOON + timedelta(hours=1), NOON)
    never = ScheduleStatus(None, NOON, NOON)
    store.write("a", status)
    store.write("b", never)
    assert (store.read("a"), store.read("b"), store.read("c")) == (status, never, None)


@pytest.mark.parametrize("text", ["", "{}", '{"Last": "x", "Next": "y", "LastUpdated": "z"}', "[]"])
def test_a_broken_status_is_named(tmp_path: Path, text: str) -> None:
    """A status file that cannot be read is an error naming it and the way out."""
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.json cannot be read .*delete it to start anew"):
        ScheduleStore(tmp_path).read("a")


def test_a_changed_schedule_is_not_past_due() -> None:
    """After a schedule change the next due time is counted anew, not from the last run."""
    hourly, daily = parse_schedule("0 0 * * * *"), parse_schedule("0 0 3 * * *")
    status = ScheduleStatus(NOON, NOON + timedelta(hours=1), NOON)
    later = NOON + timedelta(days=3)
    assert status.on(hourly, later) == status
    assert status.on(daily, later) == ScheduleStatus(None, datetime(2026, 11, 25, 3, tzinfo=UTC), later)
    assert status.on(daily, NOON) == ScheduleStatus(None, datetime(2026, 11, 22, 3, tzinfo=UTC), NOON)
