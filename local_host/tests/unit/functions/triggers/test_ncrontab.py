"""NCRONTAB: parsing and due times."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_host.functions.errors import ScheduleError
from local_host.functions.triggers.ncrontab import CronSchedule


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        # The examples of the timer trigger's documentation.
        ("0 5 * * * *", "2026-11-21T18:05:00", "2026-11-21T19:05:00"),
        ("0 */5 * * * *", "2026-11-21T18:03:10", "2026-11-21T18:05:00"),
        ("0 0 */2 * * *", "2026-11-21T18:00:00", "2026-11-21T20:00:00"),
        ("0 0 9-17 * * *", "2026-11-21T17:00:00", "2026-11-22T09:00:00"),
        ("0 30 9 * * *", "2026-12-31T09:30:00", "2027-01-01T09:30:00"),
        ("0 30 9 * * 1-5", "2026-11-20T09:30:00", "2026-11-23T09:30:00"),
        ("0 30 9 * Jan Mon", "2026-11-21T00:00:00", "2027-01-04T09:30:00"),
        ("5,8,10 * * * * *", "2026-11-21T18:00:08", "2026-11-21T18:00:10"),
        # Five fields mean second 0.
        ("*/15 * * * *", "2026-11-21T18:00:00", "2026-11-21T18:15:00"),
        # Day of month and day of week must both match.
        ("0 0 0 13 * Fri", "2026-11-21T00:00:00", "2027-08-13T00:00:00"),
        # A range written backwards is turned round; a start with a step runs to the end.
        ("0 0 17-9 * * *", "2026-11-21T08:00:00", "2026-11-21T09:00:00"),
        ("0 0 5/8 * * *", "2026-11-21T05:00:00", "2026-11-21T13:00:00"),
        # Short months, leap days and the year 2100.
        ("0 0 0 31 * *", "2026-11-21T00:00:00", "2026-12-31T00:00:00"),
        ("0 0 0 29 2 *", "2096-02-29T00:00:00", "2104-02-29T00:00:00"),
        ("0 0 0 29 Feb Sun", "2026-01-01T00:00:00", "2032-02-29T00:00:00"),
        # The longest wait there is: forty years.
        ("0 0 0 29 Feb Mon", "2072-02-29T00:00:00", "2112-02-29T00:00:00"),
        # A name may be any beginning of the whole name.
        ("0 0 0 1 septem,F *", "2026-03-01T00:00:00", "2026-09-01T00:00:00"),
        # Parts of a second do not count as having passed the due time.
        ("* * * * * *", "2026-11-21T18:00:00.900000", "2026-11-21T18:00:01"),
    ],
)
def test_next_due_time(expression: str, after: str, expected: str) -> None:
    """The first due time after a moment."""
    assert CronSchedule.parse(expression).next_after(utc(after)) == utc(expected)


@pytest.mark.parametrize(
    ("expression", "rule"),
    [
        ("* * * *", "(or five, without seconds), not 4"),
        ("60 * * * * *", "second 60 is not between 0 and 59"),
        ("0 0 24 * * *", "hour 24 is not between 0 and 23"),
        ("0 0 0 0 * *", "day 0 is not between 1 and 31"),
        ("0 0 0 * * 7", "day-of-week 7 is not between 0 and 6"),
        ("0 0 0 * Foo *", "month 'Foo' is not a number from 1 to 12"),
        ("0 0 0 L * *", "day 'L' is not a number from 1 to 31"),
        ("0 */0 * * * *", "minute '*/0': the step "),
        ("0 1, * * * *", "minute '' is not a number from 0 to 59"),
        ("0 0 0 31 2 *", "no date ever matches it"),
        ("@daily", "not 1"),
    ],
)
def test_refuses_a_bad_expression(expression: str, rule: str) -> None:
    """The error shows the expression, the field and the rule."""
    with pytest.raises(ScheduleError) as caught:
        CronSchedule.parse(expression)
    assert repr(expression) in str(caught.value)
    assert rule in caught.value.rule


@given(
    fields=st.tuples(st.integers(0, 59), st.integers(0, 59), st.integers(0, 23), st.integers(1, 12)),
    seconds=st.floats(0, 3e9),
)
def test_every_due_time_is_later_and_matches(fields: tuple[int, int, int, int], seconds: float) -> None:
    """A due time lies after the moment and matches the fields."""
    second, minute, hour, month = fields
    moment = datetime.fromtimestamp(seconds, UTC)
    schedule = CronSchedule.parse(f"{second} {minute} {hour} * {month} *")
    due = schedule.next_after(moment)
    assert due > moment
    assert (due.second, due.minute, due.hour, due.month) == fields
    assert schedule.next_after(moment.replace(microsecond=0)) == due
