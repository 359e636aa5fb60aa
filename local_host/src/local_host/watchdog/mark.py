"""The mark in the environment of a process that must end with another one, its owner."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import psutil

from local_host.watchdog.termination import ask_to_end, send_signals

# Every process that a marked process starts has the mark, too, in whatever session or process group it is.
VARIABLE = "LOCAL_HOST_ENDS_WITH"
# How far two readings of one process's creation time may differ, seconds: a corrected clock shifts it a little.
SAME_TIME = 1.0
# A process that is just being started does not have its environment yet: so many looks in a row must find none.
_EMPTY_LOOKS = 3
_LOOK_SECONDS = 0.1
_GIVE_UP_SECONDS = 60.0


@dataclass(frozen=True)
class Mark:
    """The owner by pid and creation time (epoch seconds), and what tells two watchdogs of one owner apart."""

    owner: int
    owner_created_at: float
    number: str

    @classmethod
    def of_this_process(cls) -> Self:
        """A new mark whose owner is this process."""
        return cls(os.getpid(), psutil.Process().create_time(), uuid.uuid4().hex[:12])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads what `str` has written; ValueError if it has not."""
        owner, created_at, number = text.split("/")
        return cls(int(owner), float(created_at), number)

    def __str__(self) -> str:
        return f"{self.owner}/{self.owner_created_at}/{self.number}"

    @property
    def owner_lives(self) -> bool:
        """True while the owner runs; a pid that now belongs to another process does not count."""
        try:
            process = psutil.Process(self.owner)
            same = abs(process.create_time() - self.owner_created_at) < SAME_TIME
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


def environments() -> Iterator[tuple[psutil.Process, dict[str, str]]]:
    """Every living process of this user, but this one, with its environment."""
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        # One that has ended meanwhile, or that belongs to another user.
        with contextlib.suppress(psutil.Error, OSError):
            environment = process.environ()
            if environment and process.status() != psutil.STATUS_ZOMBIE:
                yield process, environment


def marked(mark: str) -> list[psutil.Process]:
    """The living processes that have the mark."""
    return [process for process, environment in environments() if environment.get(VARIABLE) == mark]


def _has_parent_in(process: psutil.Process, found: set[psutil.Process]) -> bool:
    try:
        return process.parent() in found
    except psutil.Error:
        return False


def end_marked(mark: str, *, grace: float) -> None:
    """Ends every process that has the mark; what still lives after `grace` seconds, by SIGKILL.

    A process whose parent has the mark, too, is left to its parent until that has ended: a host that is asked to end
    records that its job runs end with it, and does not take them for jobs that failed.
    """
    started = time.monotonic()
    asked: set[psutil.Process] = set()
    empty_looks = 0
    while empty_looks < _EMPTY_LOOKS and time.monotonic() - started < _GIVE_UP_SECONDS:
        found = set(marked(mark))
        empty_looks = 0 if found else empty_looks + 1
        if time.monotonic() - started > grace:
            send_signals(found, signal.SIGKILL)
        else:
            leaders = {process for process in found if not _has_parent_in(process, found)}
            ask_to_end(leaders - asked)
            asked |= leaders
        time.sleep(_LOOK_SECONDS)
