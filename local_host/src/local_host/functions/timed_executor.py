"""Gives orchestrators the time that host.json's functionTimeout gives every function."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from datetime import timedelta
from typing import Any

from local_host.functions.errors import FunctionTimeoutError


class TimedExecutor(Executor):
    """Runs calls in `pool`; each has `timeout` (None: any time) from when it is submitted, as the host counts.

    Once a call is over its time, `timed_out` says so, for the host to end. What any call gives from then on is lost,
    and it ends as one that was cancelled: in Azure the worker with everything that runs in it is restarted.
    """

    def __init__(self, pool: Executor, timeout: timedelta | None, now: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._timeout = None if timeout is None else timeout.total_seconds()
        self._now = now
        self._lock = threading.Lock()
        # The oldest call comes first.
        self._deadlines: dict[Future[Any], float] = {}
        self._timed_out: FunctionTimeoutError | None = None

    @property
    def timed_out(self) -> FunctionTimeoutError | None:
        """That a call was over its time; None while none has been."""
        if self._timeout is not None and self._timed_out is None:
            with self._lock:
                oldest = next(iter(self._deadlines.values()), None)
            if oldest is not None and self._now() > oldest:
                self._timed_out = FunctionTimeoutError(self._timeout)
        return self._timed_out

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        def timed() -> Any:
            try:
                return call(*arguments, **options)
            finally:
                if self.timed_out is not None:
                    raise CancelledError

        if self._timeout is None:
            return self._pool.submit(call, *arguments, **options)
        # Within the lock, so that no call asks for its time before it has one.
        with self._lock:
            deadline = self._now() + self._timeout
            future = self._pool.submit(timed)
            self._deadlines[future] = deadline
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            del self._deadlines[future]
