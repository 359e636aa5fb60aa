"""Runs activities on the event loop, a limited number at a time."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta

from local_host.durable.errors import FunctionNotFoundError
from local_host.durable.work import ActivityWork, Failure

logger = logging.getLogger(__name__)

_MAX_DETAILS = 8192

Activity = Callable[[str | None], Awaitable[str | None]]


def failure_of(name: str, error: Exception) -> Failure:
    """How an activity's exception reads to the orchestrator: the reason in one line, the traceback as details."""
    reason = f"Activity function '{name}' failed:  {str(error) or type(error).__name__}"
    return Failure(reason, "".join(traceback.format_exception(error.__cause__ or error))[-_MAX_DETAILS:])


class ActivityRunner:
    """Runs activities as tasks; `on_success` and `on_failure` are told in the event loop."""

    def __init__(
        self,
        activities: Mapping[str, Activity],
        limit: int,
        on_success: Callable[[ActivityWork, str | None], None],
        on_failure: Callable[[ActivityWork, Failure], None],
    ) -> None:
        self._activities = activities
        self._limit = limit
        self._on_success = on_success
        self._on_failure = on_failure
        self._waiting: deque[ActivityWork] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._accepts = True

    def submit(self, works: Iterable[ActivityWork]) -> None:
        """Queues activities in their order."""
        self._waiting.extend(works)
        self._fill()

    async def stop(self, grace: timedelta) -> None:
        """Starts nothing more and gives what runs this long to end; what is cut off runs again after a restart."""
        self._accepts = False
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=grace.total_seconds())
        for task in late:
            task.cancel()
        if late:
            logger.warning("activities_cut_off count=%d", len(late))
            await asyncio.wait(late)

    def _fill(self) -> None:
        while self._accepts and self._waiting and len(self._running) < self._limit:
            task = asyncio.create_task(self._run(self._waiting.popleft()))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._fill()

    async def _run(self, work: ActivityWork) -> None:
        try:
            activity = self._activities.get(work.name)
            if activity is None:
                raise FunctionNotFoundError(work.name, "activity", self._activities)
            result = await activity(work.input)
        except asyncio.CancelledError:
            if not self._accepts:
                raise
            # The activity cancelled itself; nobody else would ever tell the instance.
            self._on_failure(work, failure_of(work.name, RuntimeError("CancelledError: the activity was cancelled")))
        except Exception as error:  # noqa: BLE001  # the user's code: whatever it raises is the activity's failure
            logger.warning(
                "activity_failed instance_id=%s name=%s task_id=%d error=%s",
                work.instance_id,
                work.name,
                work.task_id,
                error,
            )
            self._on_failure(work, failure_of(work.name, error))
        else:
            self._on_success(work, result)
