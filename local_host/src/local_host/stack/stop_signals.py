"""SIGINT and SIGTERM, turned into a call."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

logger = logging.getLogger(__name__)


class StopAskedError(BaseException):
    """Raised in the main thread when a stop is asked for during a start; not an Exception, so that nothing hides it."""


@contextmanager
def on_stop_signals(call: Callable[[], None]) -> Iterator[None]:
    """Calls `call` in the main thread at SIGINT or SIGTERM, for the length of the block. Main thread only."""

    def on_signal(number: int, _frame: FrameType | None) -> None:
        logger.info("stop_asked signal=%s", signal.Signals(number).name)
        call()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_asked() -> None:
    """Raises StopAskedError."""
    raise StopAskedError
