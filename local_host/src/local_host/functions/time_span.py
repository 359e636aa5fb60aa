"""Reads .NET TimeSpan texts, as host.json and timer schedules use them."""

from __future__ import annotations

import re
from datetime import timedelta

_TIME_SPAN = re.compile(
    r"(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2})(?::(?P<seconds>\d{1,2})(?:\.(?P<fraction>\d{1,7}))?)?"
)


def parse_time_span(text: str) -> timedelta:
    """The length of `[d.]hh:mm[:ss[.fffffff]]`; ValueError on any other form or a part out of range."""
    match = _TIME_SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a time span of the form [d.]hh:mm[:ss[.fffffff]]")
    hours, minutes, seconds = (int(match[part] or 0) for part in ("hours", "minutes", "seconds"))
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(
            f"{text!r} is not a time span: hours go to 23, minutes and seconds to 59 (write days as d.hh:mm)"
        )
    # Python keeps microseconds; the seventh digit (100 ns) is dropped.
    microseconds = int((match["fraction"] or "0").ljust(6, "0")[:6])
    return timedelta(
        days=int(match["days"] or 0), hours=hours, minutes=minutes, seconds=seconds, microseconds=microseconds
    )
