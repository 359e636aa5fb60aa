"""End this process when an import broke in it: what is half imported never heals, and the host starts a fresh one.

In Azure the Functions host takes exit code 200 for a restart that the worker asked for: it starts another worker,
counts no error and fails none of the calls under way. With any other code it fails them, and an orchestration with a
turn under way fails for good (azure-functions-host ``WorkerProcess.OnProcessExited`` and ``TryFailExecutions``,
azure-functions-durable-extension ``TaskOrchestrationShim``). So this code is used, and only while nothing is under way.
Locally the process is the host, and the supervisor starts it again.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from nightshift.domain.platform.loading import IMPORTS, ImportHealth

logger = logging.getLogger(__name__)

RESTART = 200
# A package that breaks at each start must not become a loop that does nothing else.
LEAST_LIFE_SECONDS = 60.0
# What is still under way after that hangs; the host ends it at its own time limit.
LONGEST_WAIT_SECONDS = 30.0
# So long nothing may be under way: a turn that the host has sent may not have begun here.
_QUIET_SECONDS = 0.5
_STEP_SECONDS = 0.05


class CallsOfFunctions:
    """Counts the calls of the app's functions that are under way in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._changed_at = time.monotonic()

    def __enter__(self) -> None:
        self._add(1)

    def __exit__(self, *_: object) -> None:
        self._add(-1)

    def _add(self, change: int) -> None:
        with self._lock:
            self._count += change
            self._changed_at = time.monotonic()

    def quiet_for(self) -> float:
        """For how many seconds nothing has been under way; 0 while something is."""
        with self._lock:
            return 0.0 if self._count else time.monotonic() - self._changed_at

    def counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """A function whose calls are counted."""
        if iscoroutinefunction(call):

            @wraps(call)
            async def counted_async(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await call(*args, **kwargs)

            return counted_async

        @wraps(call)
        def counted(*args: Any, **kwargs: Any) -> Any:
            with self:
                return call(*args, **kwargs)

        return counted


def end_when_broken(
    under_way: CallsOfFunctions, imports: ImportHealth = IMPORTS, end: Callable[[int], Any] = os._exit
) -> None:
    """End the process between the calls of the app's functions once an import broke."""
    begun = time.monotonic()

    def wait_and_end(reason: str) -> None:
        time.sleep(max(0.0, begun + LEAST_LIFE_SECONDS - time.monotonic()))
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        while under_way.quiet_for() < _QUIET_SECONDS and time.monotonic() < deadline:
            time.sleep(_STEP_SECONDS)
        logger.critical("process_ends exit_code=%d reason=%r", RESTART, reason)
        logging.shutdown()
        end(RESTART)

    def broken(reason: str) -> None:
        logger.critical("process_broken reason=%r", reason)
        threading.Thread(target=wait_and_end, args=(reason,), name="process-end", daemon=True).start()

    imports.on_broken(broken)
