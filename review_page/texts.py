"""Values as people read them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

_LONGEST_VALUE = 6_000


def moment(value: datetime) -> str:
    """A time in UTC to the minute."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def clock(value: datetime) -> str:
    """A time of the night: the day of the month and the minute, in UTC."""
    return value.astimezone(UTC).strftime("%d %b %H:%M")


def number(value: float | None) -> str:
    """A measured value to four digits; a dash for none."""
    return "-" if value is None else f"{value:.4g}"


def lasted(span: timedelta) -> str:
    """A time span by its two largest units; nothing below zero."""
    seconds = max(round(span.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3_600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3_600:
        return f"{seconds // 3_600} h {seconds % 3_600 // 60} min"
    return f"{seconds // 86_400} d {seconds % 86_400 // 3_600} h"


def shown(value: Any) -> str:
    """A JSON value to read; what is very long is cut, and says so."""
    text = value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False)
    if len(text) <= _LONGEST_VALUE:
        return text
    return f"{text[:_LONGEST_VALUE]}\n... and {len(text) - _LONGEST_VALUE} characters more: `nightshift show`"


def web_address(text: str) -> str:
    """An address that may be linked to: http or https; empty for any other, such as one that runs a script."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return ""
    return text.strip() if parts.scheme in {"http", "https"} and parts.netloc else ""
