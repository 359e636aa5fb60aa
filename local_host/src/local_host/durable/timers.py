"""Durable timers in the order in which they fire."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime

from local_host.durable.store import TimerKey


class TimerQueue:
    """A queue over the stored timers; one that was cancelled stays queued and is found gone when it is due."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, TimerKey]] = []

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, fire_at: datetime, key: TimerKey) -> None:
        heapq.heappush(self._heap, (fire_at, key))

    @property
    def next(self) -> datetime | None:
        """When the next one fires, or is found gone; None if there is none."""
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: datetime) -> Iterator[tuple[datetime, TimerKey]]:
        """Takes the timers that are due, earliest first."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)
