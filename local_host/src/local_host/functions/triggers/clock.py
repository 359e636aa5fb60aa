"""Time as the timers see it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits for a time."""

    def now(self) -> datetime:
        """The present, UTC-aware."""
        ...

    async def sleep_until(self, moment: datetime) -> None:
        """Returns when `moment` has come; at once if it is past."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep_until(self, moment: datetime) -> None:
        # In steps, because the machine may sleep or its clock may be set meanwhile.
        while (remaining := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - no event tells the time
            await asyncio.sleep(min(remaining, 30.0))
