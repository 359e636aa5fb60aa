"""Keeps the components of a stack running."""

from __future__ import annotations

import logging
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import psutil

from local_host.stack.component import Component, last_lines
from local_host.stack.errors import StackError, StackErrorCode
from local_host.stack.events import Progress, StackEvent, StackEventKind
from local_host.stack.liveness import Liveness
from local_host.stack.process_table import (
    STACK_FOLDER,
    STACK_ID,
    ComponentRecord,
    ComponentState,
    ProcessRecord,
    ProcessTable,
)
from local_host.stack.state_folder import StateFolder
from local_host.watchdog import Watchdog
from local_host.watchdog.log_file import LOG_BYTES, rotate_log
from local_host.watchdog.termination import end, kill

logger = logging.getLogger(__name__)

_TICK = 0.1
# How long a component may take to end after SIGTERM, seconds.
_GRACE = 10.0
# How often the watchdog is looked at, seconds.
_WATCHDOG_SECONDS = 5.0


@dataclass
class _Running:
    """A component under supervision. Times are of the monotonic clock."""

    component: Component
    liveness: Liveness
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    ready: bool = False
    restart_at: float | None = None
    exits: list[float] = field(default_factory=list)
    # Why it was ended, if it did not end by itself.
    problem: str | None = None


class Supervisor:
    """Starts components in order, restarts those that end or do not answer, and ends them in the opposite order.

    `start` returns when all are ready; from then on a thread watches. The record on disk is written before and after
    every change, so that whatever becomes of this process, the next one finds what it has started. All components end
    with this process, also if it is killed: its watchdog sees to that, and writes their logs.
    """

    def __init__(
        self,
        folder: StateFolder,
        components: Sequence[Component],
        progress: Progress,
        *,
        grace: float = _GRACE,
        log_bytes: int = LOG_BYTES,
    ) -> None:
        self._folder = folder
        self._progress = progress
        self._grace = grace
        self._watchdog = Watchdog(log_bytes=log_bytes)
        self._watchdog_at = 0.0
        self._questions = ThreadPoolExecutor(max(1, len(components)), thread_name_prefix="stack-liveness")
        self._running = {component.name: self._supervised(component) for component in components}
        self._table = _next_table(folder)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._watcher: threading.Thread | None = None

    def start(self) -> None:
        """Starts everything, each component as soon as those before it are ready.

        StackError if one ends or is not ready in time; then nothing is left running.
        """
        for running in self._running.values():
            rotate_log(running.component.log)
        self._table.save(self._folder)
        try:
            while not self._stopping.is_set() and not all(running.ready for running in self._running.values()):
                for running in self._running.values():
                    self._advance(running)
                self._stopping.wait(_TICK)
        except BaseException:
            self.stop()
            raise
        self._watcher = threading.Thread(target=self._watch, name="stack-supervisor", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Ends everything that it started; StackError if something cannot be ended. Calling it again does nothing."""
        self._stopping.set()
        if self._watcher is not None and self._watcher is not threading.current_thread():
            self._watcher.join()
        try:
            with self._lock:
                for running in reversed(self._running.values()):
                    self._end(running)
                left = end(self._table.everything(), grace=self._grace)
                self._table.save(self._folder)
        finally:
            self._questions.shutdown(wait=False, cancel_futures=True)
            # Ends what is left even if the record could not be written.
            self._watchdog.close()
        if left:
            pids = ", ".join(str(process.pid) for process in left)
            raise StackError("not_stopped", f"These processes did not end: {pids}.", "End them by hand (kill -9).")

    def _advance(self, running: _Running) -> None:
        """One step of the first start."""
        if running.process is None:
            if all(self._running[name].ready for name in running.component.after if name in self._running):
                try:
                    self._spawn(running)
                except OSError as error:
                    raise self._failure("component_failed", running, f"cannot be started: {error}") from error
                self._tell("starting", running)
        elif not running.ready:
            if (code := running.process.poll()) is not None:
                self._watchdog.flush()
                raise self._failure("component_failed", running, f"ended with {_describe_exit(code)} at its start")
            problem = self._check(running)
            if problem is not None and _is_late(running):
                self._watchdog.flush()
                seconds = f"{running.component.ready_within:g} s"
                raise self._failure("component_not_ready", running, f"was not ready within {seconds}: {problem}")

    def _check(self, running: _Running) -> str | None:
        problem = running.component.readiness()
        if problem is None and running.component.prepare is not None:
            problem = running.component.prepare()
        if problem is None:
            running.ready = True
            running.liveness.reset(time.monotonic())
            self._record(running, "ready")
            self._tell("ready", running)
        return problem

    def _watch(self) -> None:
        while not self._stopping.wait(_TICK):
            with self._lock:
                try:
                    self._require_watchdog()
                except OSError:
                    logger.exception("watchdog_failed")
                for running in self._running.values():
                    try:
                        self._mind(running)
                    except (OSError, psutil.Error):
                        # Such as a full disk: it may pass, and the other components need minding meanwhile.
                        logger.exception("supervision_failed component=%s", running.component.name)

    def _require_watchdog(self) -> None:
        if (now := time.monotonic()) - self._watchdog_at >= _WATCHDOG_SECONDS:
            self._watchdog_at = now
            self._watchdog.require()

    def _mind(self, running: _Running) -> None:
        """One look at a component that has been ready before."""
        if running.restart_at is not None:
            if time.monotonic() >= running.restart_at:
                running.restart_at = None
                self._spawn(running)
                self._tell("restarting", running)
        elif running.process is not None and (code := running.process.poll()) is not None:
            self._schedule_restart(running, code)
        elif not running.ready and (problem := self._check(running)) is not None and _is_late(running):
            logger.warning("component_not_ready component=%s problem=%s", running.component.name, problem)
            running.problem = f"not ready within {running.component.ready_within:g} s: {problem}"
            kill(self._table.group(running.component.name))
        elif running.ready and (problem := running.liveness.poll(time.monotonic())) is not None:
            self._end_unanswering(running, problem)

    def _end_unanswering(self, running: _Running, problem: str) -> None:
        """Ends a component that lives and does not answer; the next look finds it gone and plans its restart."""
        component = running.component
        logger.error("component_unhealthy component=%s problem=%s", component.name, problem)
        running.problem = problem
        self._tell("unhealthy", running, problem)
        group = self._table.group(component.name)
        left = kill(group) if component.survives_kill else end(group, grace=self._grace)
        if left:
            logger.error("component_not_ended component=%s pids=%s", component.name, [process.pid for process in left])

    def _schedule_restart(self, running: _Running, code: int) -> None:
        component = running.component
        now = time.monotonic()
        running.exits = [at for at in running.exits if now - at < 60.0] + [now]
        delay = component.restart.delay(len(running.exits))
        if len(running.exits) > component.restart.max_per_minute:
            delay = max(delay, 60.0 - (now - running.exits[0]))
            logger.error(
                "component_restart_limited component=%s exits_last_minute=%d", component.name, len(running.exits)
            )
        # Children of the dead process may still hold its port.
        kill(self._table.group(component.name))
        running.ready = False
        running.restart_at = now + delay
        record = self._table.components[component.name]
        record.last_exit = running.problem or _describe_exit(code)
        running.problem = None
        self._record(running, "waiting")
        logger.warning("component_exited component=%s exit=%s restart_in=%.1f", component.name, record.last_exit, delay)
        self._tell("exited", running, f"{record.last_exit}; restart in {delay:.1f} s")

    def _spawn(self, running: _Running) -> None:
        component = running.component
        restarts = (
            self._table.components[component.name].restarts + 1 if component.name in self._table.components else 0
        )
        last_exit = self._table.components[component.name].last_exit if restarts else None
        # Known before it lives: a kill of this process in between must not leave an unknown one.
        self._table.components[component.name] = ComponentRecord(
            component.name, None, "starting", str(component.log), restarts, last_exit
        )
        self._table.save(self._folder)
        with self._watchdog.output(component.log) as output:
            running.process = subprocess.Popen(
                component.command,
                cwd=component.folder,
                env={
                    **component.environment,
                    **self._watchdog.environment,
                    STACK_ID: self._table.stack_id,
                    STACK_FOLDER: str(self._folder.path),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A group of its own: the terminal's Ctrl-C is for the supervisor, and a group can be ended whole.
                start_new_session=True,
            )
        running.started_at = time.monotonic()
        running.ready = False
        self._record(running, "starting")
        logger.info("component_started component=%s pid=%d", component.name, running.process.pid)

    def _supervised(self, component: Component) -> _Running:
        def processor_seconds() -> float:
            return sum(_processor_seconds(process) for process in self._table.group(component.name))

        return _Running(component, Liveness(component, self._questions, processor_seconds))

    def _end(self, running: _Running) -> None:
        if running.process is None:
            return
        self._tell("stopping", running)
        end(self._table.group(running.component.name), grace=self._grace)
        running.process.wait()
        running.process = None
        running.ready = False
        self._record(running, "stopped")
        self._tell("stopped", running)

    def _record(self, running: _Running, state: ComponentState) -> None:
        record = self._table.components[running.component.name]
        record.state = state
        if running.process is not None and state == "starting":
            record.process = ProcessRecord.of(running.process.pid)
        self._table.save(self._folder)

    def _tell(self, kind: StackEventKind, running: _Running, detail: str = "") -> None:
        seconds = time.monotonic() - running.started_at if kind == "ready" else None
        self._progress(StackEvent(kind, running.component.name, detail, seconds))

    def _failure(self, code: StackErrorCode, running: _Running, what: str) -> StackError:
        component = running.component
        lines = last_lines(component.log, 15)
        said = "\n".join(f"  {line}" for line in lines) if lines else "  (it printed nothing)"
        return StackError(
            code,
            f"{component.name} {what}. It said last:\n{said}\n",
            f"Its whole log is {component.log}; `{self._folder.commands.stack} doctor` checks what it needs.",
        )


def _next_table(folder: StateFolder) -> ProcessTable:
    earlier = ProcessTable.load(folder)
    supervisor = ProcessRecord.of(os.getpid())
    return ProcessTable(supervisor) if earlier is None else ProcessTable(supervisor, earlier.stack_id)


def _processor_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return times.user + times.system


def _is_late(running: _Running) -> bool:
    return time.monotonic() - running.started_at > running.component.ready_within


def _describe_exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
