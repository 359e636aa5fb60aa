"""Times as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_host.durable.clock import format_time, format_timestamp, parse_time

TIMES = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds the zone


@given(TIMES)
def test_text_reads_back_as_the_same_time(time: datetime) -> None:
    """No microsecond is lost."""
    assert parse_time(format_time(time)) == time


@given(TIMES)
def test_timestamp_has_seven_digits(time: datetime) -> None:
    """As .NET writes them. Who reads six finds out here; nothing of the time itself is lost."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", format_timestamp(time))
    assert parse_time(format_timestamp(time)) == time


@given(TIMES, TIMES)
def test_text_order_is_time_order(one: datetime, other: datetime) -> None:
    """SQLite compares texts."""
    assert (format_time(one) < format_time(other)) is (one < other)


@pytest.mark.parametrize(
    "text", ["2026-11-21T03:00:00Z", "2026-11-21T03:00:00.0000000Z", "2026-11-21T03:00:00", "2026-11-21T05:00:00+02:00"]
)
def test_offsets_become_utc(text: str) -> None:
    """All of these are the same time; the zone of what comes out is UTC."""
    time = parse_time(text)
    assert time == datetime(2026, 11, 21, 5, 0, tzinfo=timezone(timedelta(hours=2)))
    assert time.tzinfo is UTC


def test_other_text_is_refused() -> None:
    """It is not guessed at."""
    with pytest.raises(ValueError, match="tomorrow"):
        parse_time("tomorrow")
