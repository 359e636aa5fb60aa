"""TimeSpan texts."""

from datetime import timedelta

import pytest

from local_host.functions.time_span import parse_time_span


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:05:00", timedelta(minutes=5)),
        ("23:59:59", timedelta(hours=23, minutes=59, seconds=59)),
        ("1.02:03:04", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("00:00:00.5", timedelta(milliseconds=500)),
        ("00:00:00.1234567", timedelta(microseconds=123456)),
        ("02:30", timedelta(hours=2, minutes=30)),
    ],
)
def test_reads_the_net_forms(text: str, expected: timedelta) -> None:
    """Days, hours, minutes, seconds and fractions are read."""
    assert parse_time_span(text) == expected


@pytest.mark.parametrize("text", ["", "5", "24:00:00", "00:60:00", "00:00:60", "-00:01:00", "1 day", "0 0 * * * *"])
def test_refuses_anything_else(text: str) -> None:
    """A text of another form is an error that shows it."""
    with pytest.raises(ValueError, match="is not a time span") as caught:
        parse_time_span(text)
    assert repr(text) in str(caught.value)
