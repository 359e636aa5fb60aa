"""A timer's schedule (NCRONTAB or a fixed interval) and the record of when it ran."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from local_host.functions.errors import ScheduleError
from local_host.functions.time_span import parse_time_span
from local_host.functions.triggers.ncrontab import CronSchedule

_NEVER = "0001-01-01T00:00:00+00:00"
"""What .NET writes for "has not run yet"."""


class Schedule(Protocol):
    """When a timer is due."""

    def next_after(self, moment: datetime) -> datetime:
        """The first due time later than `moment`."""
        ...


@dataclass(frozen=True)
class IntervalSchedule:
    """Due each time the interval has passed since the last run."""

    interval: timedelta

    def next_after(self, moment: datetime) -> datetime:
        return moment + self.interval


def parse_schedule(text: str) -> Schedule:
    """An NCRONTAB expression or a TimeSpan; ScheduleError if it is neither."""
    if ":" not in text:
        return CronSchedule.parse(text)
    try:
        interval = parse_time_span(text)
    except ValueError as error:
        raise ScheduleError(text, str(error)) from error
    if interval <= timedelta():
        raise ScheduleError(text, "the interval must be longer than zero")
    return IntervalSchedule(interval)


def recurs_within_a_minute(schedule: Schedule, now: datetime) -> bool:
    """Whether two runs can lie less than a minute apart; such a schedule is not monitored, as in Azure."""
    due = schedule.next_after(now)
    for _ in range(10):
        following = schedule.next_after(due)
        if following - due < timedelta(minutes=1):
            return True
        due = following
    return False


@dataclass(frozen=True)
class ScheduleStatus:
    """When the timer last ran (None: never), is next due, and when this was written. UTC."""

    last: datetime | None
    next: datetime
    last_updated: datetime

    def to_json(self) -> dict[str, str]:
        """The form that the trigger's payload and the state file share."""
        return {
            "Last": _NEVER if self.last is None else self.last.isoformat(),
            "Next": self.next.isoformat(),
            "LastUpdated": self.last_updated.isoformat(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ScheduleStatus:
        """The inverse of `to_json`; KeyError or ValueError when a field is absent or not a time."""
        last = document["Last"]
        return cls(
            last=None if last == _NEVER else datetime.fromisoformat(last),
            next=datetime.fromisoformat(document["Next"]),
            last_updated=datetime.fromisoformat(document["LastUpdated"]),
        )

    def on(self, schedule: Schedule, now: datetime) -> ScheduleStatus:
        """This status under the schedule as it is now: a changed schedule does not make a timer past due."""
        expected = schedule.next_after(self.last if self.last is not None else self.last_updated)
        if expected == self.next:
            return self
        if expected < now:
            return ScheduleStatus(None, schedule.next_after(now), now)
        return ScheduleStatus(None, expected, self.last_updated)


class ScheduleStore:
    """Keeps each timer's status in one JSON file of the folder, replaced atomically."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, timer: str) -> ScheduleStatus | None:
        """The status of a timer; None if it has none yet. ValueError names a file that cannot be read."""
        path = self._path(timer)
        try:
            return ScheduleStatus.from_json(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (KeyError, ValueError, TypeError) as error:
            raise ValueError(f"timer status {path} cannot be read ({error}); delete it to start anew") from error

    def write(self, timer: str, status: ScheduleStatus) -> None:
        """Stores the status so that a power loss leaves the old or the new one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(timer)
        draft = path.with_suffix(".tmp")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(status.to_json(), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def _path(self, timer: str) -> Path:
        return self._folder / f"{timer}.json"
