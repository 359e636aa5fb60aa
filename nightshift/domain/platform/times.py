"""Times within sentences, as people read them."""

import re
from datetime import UTC, datetime

_WRITTEN = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def plain_times(text: str) -> str:
    """The text with each time in the form of RFC 3339 as ``2026-11-29 21:31 UTC``; what is no time stays."""
    return _WRITTEN.sub(lambda found: _plain(found.group()), text)


def _plain(written: str) -> str:
    try:
        return datetime.fromisoformat(written).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError):
        return written
