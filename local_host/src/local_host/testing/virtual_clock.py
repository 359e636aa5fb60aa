"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

_LOOK_SECONDS = 0.005
START = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


class VirtualClock:
    """Waits end when the clock is moved to their time, and only then. Move it from the event loop that waits."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._sleepers: list[tuple[datetime, asyncio.Event]] = []

    def now(self) -> datetime:
        return self._now

    def seconds_until(self, moment: datetime) -> float:
        # However far it is: a test may move the clock there at once.
        return 0.0 if moment <= self._now else _LOOK_SECONDS

    async def sleep_until(self, moment: datetime) -> None:
        if moment > self._now:
            woken = asyncio.Event()
            self._sleepers.append((moment, woken))
            await woken.wait()

    def move(self, span: timedelta) -> None:
        """Let time pass, at once."""
        self.move_to(self._now + span)

    def move_to(self, moment: datetime) -> None:
        """Make it this time."""
        self._now = moment
        for due, woken in self._sleepers:
            if due <= moment:
                woken.set()
        self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[1].is_set()]
