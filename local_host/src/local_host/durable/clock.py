"""The text of UTC times in history."""

from __future__ import annotations

from datetime import UTC, datetime


def format_time(time: datetime) -> str:
    """A UTC time as history and SQLite hold it: `2026-11-21T03:14:00.000000Z`, so that text order is time order."""
    return time.isoformat(timespec="microseconds")[:-6] + "Z"


def format_timestamp(time: datetime) -> str:
    """A UTC time as .NET writes it, to the tenth of a microsecond: `2026-11-21T03:14:00.0000001Z`.

    Our clocks end a digit before that. The last one is no zero, which .NET would leave out.
    """
    return time.isoformat(timespec="microseconds")[:-6] + "1Z"


def parse_time(text: str) -> datetime:
    """The UTC time that an ISO 8601 text names; one without an offset is taken as UTC. ValueError if it is not one."""
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
