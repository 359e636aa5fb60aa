"""The durable engine: what the host starts, and what its HTTP API and tests call."""

from __future__ import annotations

import asyncio
import logging
import os
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from local_host.clock import SYSTEM_CLOCK, Clock
from local_host.durable.activity_runner import ActivityRunner
from local_host.durable.errors import EngineStoppedError, InstanceNotFoundError
from local_host.durable.functions import DurableFunctions
from local_host.durable.settings import DurableSettings
from local_host.durable.status import InstanceQuery, InstanceStatus, StatusReader
from local_host.durable.task_hub import Command, TaskHub
from local_host.durable.work import ActivityWork, Failure
from local_host.durable.writer import Committed, Submission, Writer

logger = logging.getLogger(__name__)

_STOP_GRACE = timedelta(seconds=2)


class DurableEngine:
    """Runs the instances of one task hub from the event loop in which it was started.

    Every method that changes something returns once the change is on disk. DurableError and its kinds say what
    was refused; EngineStoppedError that the engine does not run (`failure` says why, if it ended by itself).

    Orchestrators run in `executor`, which in Azure is the pool of threads that activities run in; the
    caller ends it after the engine. Without one the engine has a pool of its own, of the size that Azure's has.
    What ends in CancelledError there has not been: the next engine does it again. Time is that of `clock`.
    """

    def __init__(
        self,
        database: Path,
        functions: DurableFunctions,
        settings: DurableSettings,
        executor: Executor | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._database = database
        self._functions = functions
        self._settings = settings
        self._shared_executor = executor
        self._clock = clock
        self._own_executor: Executor | None = None
        self._activities = ActivityRunner(
            functions.activities,
            settings.max_concurrent_activities,
            self._activity_succeeded,
            self._activity_failed,
        )
        self._waiters: dict[str, list[asyncio.Future[None]]] = {}
        self._answers: set[asyncio.Future[Any]] = set()
        self._writer: Writer | None = None
        self._reader: StatusReader | None = None
        self.failure: BaseException | None = None

    @property
    def settings(self) -> DurableSettings:
        return self._settings

    async def start(self) -> None:
        """Opens the database and resumes every unfinished instance at once."""
        if self._writer is not None:
            raise RuntimeError("the durable engine has been started before")
        if self._shared_executor is None:
            threads = min(32, (os.cpu_count() or 1) + 4)
            self._own_executor = ThreadPoolExecutor(threads, thread_name_prefix="durable")
        self._writer = Writer(
            lambda tell: TaskHub(self._database, self._functions, self._settings, self._executor, tell, self._clock),
            self,
        )
        try:
            await self._writer.start()
        except BaseException:
            self._writer = None
            self._close_executor()
            raise
        self._reader = StatusReader(self._database)
        logger.info("engine_started hub=%s database=%s", self._settings.hub_name, self._database)

    async def stop(self) -> None:
        """Lets activities end for a moment, then ends the engine; what was not finished resumes at the next start."""
        if self._writer is None or self._reader is None:
            return
        await self._activities.stop(_STOP_GRACE)
        writer, self._writer = self._writer, None
        await writer.stop()
        self._close_executor()
        await self._reader.close()
        self._fail_waiting(EngineStoppedError("the durable engine has been stopped"))
        logger.info("engine_stopped hub=%s", self._settings.hub_name)

    async def start_instance(
        self, name: str, input_: str | None = None, instance_id: str | None = None, version: str | None = None
    ) -> str:
        """Starts an orchestration and gives its id; `input_` is JSON text (the SDK's: a JSON string of JSON)."""
        result: str = await self._ask(lambda hub: hub.requests.start(name, input_, instance_id, version))
        return result

    async def raise_event(self, instance_id: str, name: str, data: str | None = None) -> None:
        """Sends an external event; `data` is JSON text."""
        await self._ask(lambda hub: hub.requests.raise_event(instance_id, name, data))

    async def terminate(self, instance_id: str, reason: str = "") -> None:
        """Tells an instance to end, which its next turn does."""
        await self._ask(lambda hub: hub.requests.terminate(instance_id, reason))

    async def suspend(self, instance_id: str, reason: str = "") -> None:
        """Tells an instance to hold until it is resumed."""
        await self._ask(lambda hub: hub.requests.suspend(instance_id, reason))

    async def resume(self, instance_id: str, reason: str = "") -> None:
        """Tells a suspended instance to go on."""
        await self._ask(lambda hub: hub.requests.resume(instance_id, reason))

    async def purge(self, instance_id: str) -> int:
        """Deletes an instance, finished or not; gives how many were deleted, 1."""
        result: int = await self._ask(lambda hub: hub.requests.purge(instance_id))
        return result

    async def get_status(self, instance_id: str, *, with_history: bool = False) -> InstanceStatus:
        """The instance's status as committed; InstanceNotFoundError if there is no such instance."""
        status = await self._reading().get(instance_id, with_history=with_history)
        if status is None:
            raise InstanceNotFoundError(instance_id)
        return status

    async def query(self, query: InstanceQuery) -> tuple[list[InstanceStatus], str | None]:
        """The instances that match, in the order of their ids as in Azure Storage, and the token of the next page."""
        return await self._reading().query(query)

    async def wait_for_completion(self, instance_id: str) -> InstanceStatus:
        """Waits, without polling, until the instance has finished; gives its status."""
        while True:
            finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            waiting = self._waiters.setdefault(instance_id, [])
            waiting.append(finished)
            try:
                status = await self.get_status(instance_id)
                if status.runtime_status.is_final:
                    return status
                await finished
            finally:
                if finished in waiting:
                    waiting.remove(finished)
                if not waiting and self._waiters.get(instance_id) is waiting:
                    del self._waiters[instance_id]

    def on_commit(self, committed: Committed) -> None:
        """Called by the writer after each commit: gives answers, starts work, wakes those who wait."""
        for submission in committed.submissions:
            answer = submission.answer
            if answer is None or answer.done():
                if submission.error is not None:
                    logger.error("command_refused error=%s", submission.error)
                continue
            if submission.error is None:
                answer.set_result(submission.result)
            else:
                answer.set_exception(submission.error)
        if self._writer is None:
            return
        self._activities.submit(committed.activities)
        for instance_id in committed.finished:
            for finished in self._waiters.pop(instance_id, ()):
                if not finished.done():
                    finished.set_result(None)

    def on_failure(self, error: BaseException) -> None:
        """Called by the writer when it has ended by itself."""
        self.failure = error
        self._fail_waiting(EngineStoppedError(f"the durable engine has ended: {type(error).__name__}: {error}"))

    def _fail_waiting(self, error: EngineStoppedError) -> None:
        waiting = [*self._answers, *(future for futures in self._waiters.values() for future in futures)]
        for future in waiting:
            if not future.done():
                future.set_exception(error)
        self._answers.clear()
        self._waiters.clear()

    async def _ask(self, command: Command) -> Any:
        if self.failure is not None:
            raise EngineStoppedError(f"the durable engine has ended: {self.failure}")
        if self._writer is None:
            raise EngineStoppedError("the durable engine is not running")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers.add(answer)
        answer.add_done_callback(self._answers.discard)
        self._writer.submit(Submission(command, answer))
        return await answer

    @property
    def _executor(self) -> Executor:
        executor = self._shared_executor or self._own_executor
        if executor is None:
            raise EngineStoppedError("the durable engine has not been started")
        return executor

    def _close_executor(self) -> None:
        if self._own_executor is not None:
            self._own_executor.shutdown(wait=False, cancel_futures=True)

    def _tell(self, command: Command) -> None:
        if self._writer is not None:
            self._writer.tell(command)

    def _reading(self) -> StatusReader:
        if self._reader is None or self._writer is None:
            raise EngineStoppedError("the durable engine is not running")
        return self._reader

    def _activity_succeeded(self, work: ActivityWork, result: str | None) -> None:
        self._tell(lambda hub: hub.complete_activity(work, result))

    def _activity_failed(self, work: ActivityWork, failure: Failure) -> None:
        self._tell(lambda hub: hub.fail_activity(work, failure))
