"""One process of the stack, described."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

# How long a component may take to answer, in seconds, while it starts and when a person asks.
ANSWER_SECONDS = 3.0


class Readiness(Protocol):
    """Asks a component whether it works: None if it does, else what is wrong, in a few words."""

    def __call__(self, seconds: float = ANSWER_SECONDS, /) -> str | None:
        """`seconds`: how long the component may take to answer."""
        ...


@dataclass(frozen=True)
class LivenessPolicy:
    """When a component that has been ready, and whose process lives, is restarted because it does not answer.

    It is asked every `interval` seconds and has `answer_within` seconds for each answer: one that is slow, as on a
    loaded machine, is healthy. Questions are counted, not seconds: a supervisor that was itself suspended finds
    nothing wrong afterwards. After `idle_failures` unanswered questions in a row it is restarted if it used less than
    `idle_share` of a core meanwhile: it has stopped, or waits for what does not come. One that works all the time has
    until `busy_failures`, since a machine may be so busy that minutes pass.
    """

    interval: float = 10.0
    answer_within: float = 10.0
    idle_failures: int = 3
    busy_failures: int = 12
    idle_share: float = 0.02


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
    that its work goes on after SIGKILL and is resumed, whereas SIGTERM would end it: then it is killed at once if it
    does not answer.
    `ready_within` is in seconds: a first start compiles bytecode and makes a database, and on a loaded machine it takes
    minutes. A process that ends at its start is noticed at once.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    readiness: Readiness
    folder: Path
    after: tuple[str, ...] = ()
    prepare: Callable[[], str | None] | None = None
    ready_within: float = 180.0
    restart: RestartPolicy = field(default_factory=RestartPolicy)
    liveness: LivenessPolicy = field(default_factory=LivenessPolicy)
    survives_kill: bool = False


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
