"""One process of the stack, described."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Asks a component whether it works: None if it does, else what is wrong, in a few words.
Readiness = Callable[[], str | None]


@dataclass(frozen=True)
class RestartPolicy:
    """After an unexpected exit: seconds before the restart, doubled each time, and at most so many a minute.

    A component that has reached the limit is restarted when the minute is over, so a mended one comes back by itself.
    """

    first_delay: float = 0.5
    longest_delay: float = 10.0
    max_per_minute: int = 6

    def delay(self, exits: int) -> float:
        """The wait after the given number of exits (1 or more) in the last minute."""
        return min(self.longest_delay, self.first_delay * 2.0 ** min(exits - 1, 20))


@dataclass(frozen=True)
class Component:
    """What the supervisor must know of a process.

    `environment` is the whole environment. `after` names components that must be ready first. `prepare` runs each time
    that the component answers, and must succeed before it counts as ready. `log` gets its output. `survives_kill` says
    that its work goes on after SIGKILL and is resumed, whereas SIGTERM would end it: then a leftover is killed on the
    next start.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    readiness: Readiness
    folder: Path
    after: tuple[str, ...] = ()
    prepare: Readiness | None = None
    ready_within: float = 60.0
    restart: RestartPolicy = field(default_factory=RestartPolicy)
    survives_kill: bool = False


def rotate_log(log: Path, *, keep: int = 3) -> None:
    """Moves name.log to name.log.1 and so on; the oldest is dropped."""
    if not log.exists():
        return
    for number in range(keep - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    log.replace(log.with_name(f"{log.name}.1"))


def last_lines(log: Path, count: int) -> list[str]:
    """The last lines of a log; empty if there is none. Reads at most the last 64 KiB."""
    try:
        with log.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - 65536))
            text = stream.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return []
    return text.splitlines()[-count:]
