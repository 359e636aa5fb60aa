"""Time as the durable engine and the timer triggers see it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and how to wait for a time. Used from several threads."""

    def now(self) -> datetime:
        """The present, UTC-aware."""
        ...

    def seconds_until(self, moment: datetime) -> float:
        """How long to sleep before looking at the clock again; 0 if `moment` has come."""
        ...

    async def sleep_until(self, moment: datetime) -> None:
        """Returns when `moment` has come; at once if it is past."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def seconds_until(self, moment: datetime) -> float:
        return max(0.0, (moment - self.now()).total_seconds())

    async def sleep_until(self, moment: datetime) -> None:
        # In steps, because the machine may sleep or its clock may be set meanwhile.
        while (remaining := self.seconds_until(moment)) > 0:  # noqa: ASYNC110 - no event tells the time
            await asyncio.sleep(min(remaining, 30.0))


SYSTEM_CLOCK = SystemClock()
