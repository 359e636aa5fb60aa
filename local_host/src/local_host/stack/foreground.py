"""Runs a stack until the person at the terminal, or the command `down`, ends it."""

from __future__ import annotations

from collections.abc import Callable

from local_host.stack.endpoints import Endpoints
from local_host.stack.events import Progress
from local_host.stack.stack import Stack
from local_host.stack.stop_signals import StopAskedError, on_stop_signals, stop_asked


def run_in_foreground(stack: Stack, progress: Progress, on_up: Callable[[Endpoints], None]) -> None:
    """Starts the stack, calls `on_up`, waits for SIGINT or SIGTERM and ends the stack. Main thread only.

    A signal during the start ends what has been started so far. StackError if the start or the end fails.
    """
    try:
        with on_stop_signals(stop_asked):
            endpoints = stack.up(progress)
            on_up(endpoints)
    except StopAskedError:
        stack.down()
        return
    try:
        stack.wait()
    finally:
        stack.down()
