"""Ends processes: asked first, then killed."""

from __future__ import annotations

import contextlib
import logging
import signal
import time
from collections.abc import Iterable, Sequence

import psutil

logger = logging.getLogger(__name__)

# A killed process is gone within moments, unless the system itself hangs.
_KILL_SECONDS = 10.0


def end(processes: Sequence[psutil.Process], *, grace: float) -> list[psutil.Process]:
    """SIGTERM, and SIGKILL for what still lives after `grace` seconds; returns those that could not be ended.

    A process that is stopped (SIGSTOP) cannot end in order, and is killed at once.

    psutil checks a process's creation time before each signal, so a pid that has changed hands is left alone.
    """
    ask_to_end(processes)
    left = await_end(processes, grace)
    for process in left:
        logger.warning("process_killed pid=%d grace_seconds=%.0f", process.pid, grace)
    return kill(left)


def kill(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """SIGKILL at once; returns those that could not be ended."""
    send_signals(processes, signal.SIGKILL)
    return await_end(processes, _KILL_SECONDS)


def await_end(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Waits until all have ended; returns those that have not. Works for processes that are no children of this one."""
    deadline = time.monotonic() + seconds
    while left := [process for process in processes if _lives(process)]:
        if time.monotonic() >= deadline:
            return left
        time.sleep(0.02)
    return []


def ask_to_end(processes: Iterable[psutil.Process]) -> None:
    """SIGTERM, or SIGKILL for a process that is stopped."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            stopped = process.status() == psutil.STATUS_STOPPED
            process.send_signal(signal.SIGKILL if stopped else signal.SIGTERM)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def send_signals(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    """Sends a signal to each that still lives."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
