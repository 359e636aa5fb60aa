"""The thread that owns the task hub: it takes commands, begins and finishes turns, and commits them in groups.

Whatever has arrived while a transaction was being committed goes into the next one together, so a commit's disk
write is shared under load and waited for by nobody else when idle. A turn that is computed at once is part of the
transaction that began it; a commit waits no longer for one that finds no thread, and its messages are stored.
Answers, activities and news of finished instances leave the thread only after the commit.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from local_host.durable.errors import DurableError, EngineStoppedError
from local_host.durable.task_hub import Command, TaskHub
from local_host.durable.work import ActivityWork

logger = logging.getLogger(__name__)

_COMMANDS_PER_TRANSACTION = 500
# Long enough to share the cost of a commit, short enough that nobody waits for it noticeably.
_TURNS_SECONDS = 0.02


@dataclass(slots=True)
class Submission:
    """A command and the future, if any, of its answer."""

    command: Command | None
    answer: asyncio.Future[Any] | None = None
    result: Any = None
    error: BaseException | None = None


@dataclass(slots=True)
class Committed:
    """What one commit made true."""

    submissions: list[Submission] = field(default_factory=list)
    activities: list[ActivityWork] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)


class WriterListener(Protocol):
    """Called in the event loop."""

    def on_commit(self, committed: Committed) -> None: ...

    def on_failure(self, error: BaseException) -> None: ...


class Writer:
    """Runs commands in its own thread; `submit` and `tell` may be called from any thread.

    `open_hub` gets `tell`, by which the hub has the outcome of a turn brought back into this thread.
    """

    def __init__(self, open_hub: Callable[[Callable[[Command], None]], TaskHub], listener: WriterListener) -> None:
        self._open_hub = open_hub
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[Submission] = queue.SimpleQueue()
        # A daemon, so that a host which dies without stop() is not held up: the database needs no goodbye.
        self._thread = threading.Thread(target=self._run, name="durable-writer", daemon=True)
        self._opened: asyncio.Future[None] = self._loop.create_future()

    async def start(self) -> None:
        """Opens the database and commits the recovery; raises what opening it raised."""
        self._thread.start()
        await self._opened

    def submit(self, submission: Submission) -> None:
        self._queue.put(submission)

    def tell(self, command: Command) -> None:
        """Submits a command for whose answer nobody waits."""
        self._queue.put(Submission(command))

    async def stop(self) -> None:
        """Ends the thread after the commands submitted so far."""
        self._queue.put(Submission(None))
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        try:
            hub = self._open_hub(self.tell)
        except Exception as error:  # noqa: BLE001  # the thread's edge: start() raises it
            self._call(self._settle_opened, error)
            return
        try:
            self._recover(hub)
            while self._transact(hub):
                pass
        except Exception as error:
            # What the hub holds in memory may now differ from the database: ending is safe, going on is not.
            logger.exception("engine_failed error=%s", type(error).__name__)
            self._call(self._settle_opened, error)
            self._call(self._listener.on_failure, error)
        finally:
            hub.close()

    def _recover(self, hub: TaskHub) -> None:
        hub.begin()
        hub.recover()
        activities, finished = hub.commit()
        self._call(self._settle_opened, None)
        self._call(self._listener.on_commit, Committed([], activities, finished))

    def _transact(self, hub: TaskHub) -> bool:
        """One transaction over what has arrived; False once asked to stop."""
        submissions, goes_on = self._collect(hub.seconds_until_work())
        hub.begin()
        _run_commands(submissions, hub)
        deadline, begun, ended = time.monotonic() + _TURNS_SECONDS, 0, hub.turns.ended
        while goes_on:
            begun += hub.begin_turns()
            left = deadline - time.monotonic()
            if begun <= hub.turns.ended - ended or len(submissions) > _COMMANDS_PER_TRANSACTION or left <= 0:
                break
            more, goes_on = self._collect(left)
            _run_commands(more, hub)
            submissions += more
        activities, finished = hub.commit()
        heard = [submission for submission in submissions if submission.answer is not None or submission.error]
        if heard or activities or finished:
            self._call(self._listener.on_commit, Committed(heard, activities, finished))
        return goes_on

    def _collect(self, timeout: float | None) -> tuple[list[Submission], bool]:
        submissions: list[Submission] = []
        try:
            # A long sleep is cut short so that a changed system clock moves timers by little.
            submissions.append(self._queue.get(timeout=None if timeout is None else min(timeout, 10.0)))
            while submissions[-1].command is not None and len(submissions) < _COMMANDS_PER_TRANSACTION:
                submissions.append(self._queue.get_nowait())
        except queue.Empty:
            pass
        stops = bool(submissions) and submissions[-1].command is None
        return submissions, not stops

    def _settle_opened(self, error: BaseException | None) -> None:
        if self._opened.done():
            return
        if error is None:
            self._opened.set_result(None)
        else:
            self._opened.set_exception(error)

    def _call(self, function: Callable[..., None], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError as error:
            # The event loop was closed without stopping the engine: what was committed is safe, nobody listens.
            raise EngineStoppedError("the event loop of the durable engine is closed") from error


def _run_commands(submissions: list[Submission], hub: TaskHub) -> None:
    for submission in submissions:
        if submission.command is None:
            continue
        try:
            submission.result = submission.command(hub)
        except DurableError as error:
            submission.error = error
