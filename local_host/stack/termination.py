"""Ends processes: asked first, then killed."""

from __future__ import annotations

import contextlib
import logging
import signal
import time
from collections.abc import Sequence

import psutil

logger = logging.getLogger(__name__)

# A killed process is gone within moments, unless the system itself hangs.
_KILL_SECONDS = 10.0


def end(processes: Sequence[psutil.Process], *, grace: float) -> list[psutil.Process]:
    """SIGTERM, and SIGKILL for what still lives after `grace` seconds; returns those that could not be ended.

    psutil checks a process's creation time before each signal, so a pid that has changed hands is left alone.
    """
    _signal(processes, signal.SIGTERM)
    left = await_end(processes, grace)
    for process in left:
        logger.warning("process_killed pid=%d grace_seconds=%.0f", process.pid, grace)
    return kill(left)


def kill(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """SIGKILL at once; returns those that could not be ended."""
    _signal(processes, signal.SIGKILL)
    return await_end(processes, _KILL_SECONDS)


def await_end(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Waits until all have ended; returns those that have not. Works for processes that are no children of this one."""
    deadline = time.monotonic() + seconds
    while left := [process for process in processes if _lives(process)]:
        if time.monotonic() >= deadline:
            return left
        time.sleep(0.02)
    return []


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
