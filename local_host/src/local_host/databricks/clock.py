"""The host's time."""

import time


def now_ms() -> int:
    """Milliseconds since 1970-01-01 UTC, the unit of every time in the Jobs API."""
    return time.time_ns() // 1_000_000
