"""Keeps two stacks out of one state folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from local_host.stack.errors import StackError
from local_host.stack.state_folder import StateFolder


class StateLock:
    """A lock that the system releases when its holder ends, however it ends. Children do not inherit it."""

    def __init__(self, folder: StateFolder) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """StackError if another process holds it."""
        descriptor = os.open(self._folder.lock, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise StackError(
                "already_running",
                f"A stack is already running in {self._folder.path}.",
                f"End it with `{self._folder.commands.stack} down`, or choose another folder with --state.",
            ) from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Gives the folder free; does nothing if it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_locked(folder: StateFolder) -> bool:
    """True if a supervisor lives there."""
    if not folder.lock.exists():
        return False
    lock = StateLock(folder)
    try:
        lock.acquire()
    except StackError:
        return True
    lock.release()
    return False


@contextmanager
def locked(folder: StateFolder) -> Iterator[None]:
    """Holds the folder for the length of a block."""
    lock = StateLock(folder)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()
