"""The local stack: everything that an app needs, on this machine."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from local_host.app_config import BlobEvents, Commands
from local_host.stack.app_settings import load_app_config, with_app_settings
from local_host.stack.catalogue import ComponentName, build_components, needed_components
from local_host.stack.component import last_lines
from local_host.stack.endpoints import PORT_NAMES, Endpoints
from local_host.stack.errors import StackError
from local_host.stack.events import Progress, StackEvent
from local_host.stack.leftovers import end_everything
from local_host.stack.ports import require_free, reserve_ports
from local_host.stack.prerequisites import missing_packages, require_packages
from local_host.stack.readiness import answers
from local_host.stack.running_stack import RunningStack
from local_host.stack.state_folder import StateFolder
from local_host.stack.state_lock import StateLock
from local_host.stack.stop_signals import on_stop_signals
from local_host.stack.supervisor import Supervisor

logger = logging.getLogger(__name__)

_SUBSCRIPTION_SECONDS = 180.0


class Stack:
    """Starts, supervises and ends the local stack.

    `root` is the app's folder, which holds what the stack must know of it (`local_host.app_config`); `state` the folder
    for everything that is kept; `port` the app's port (None: a free one, the same as last time if possible).
    `components` names the parts to start, all that the app needs unless given; tests start a few. StackError if what
    the app's folder says cannot be used.

    1. `up` starts all parts and returns when they work; a thread then restarts what ends or does not answer.
    2. `wait` blocks until SIGINT or SIGTERM.
    3. `down` ends all of them. As a context manager, the stack does 1 and 3.

    All parts, and what they start, end with this process, also if it is killed.
    """

    def __init__(
        self, root: Path, state: Path, port: int | None = None, *, components: Sequence[ComponentName] | None = None
    ) -> None:
        self._root = root
        self._app = load_app_config(root)
        self._folder = StateFolder(state.resolve(), self._app.commands)
        self._port = port
        self._names = needed_components(self._app) if components is None else tuple(components)
        self._lock = StateLock(self._folder)
        self._supervisor: Supervisor | None = None

    def __enter__(self) -> Endpoints:
        return self.up(_silent)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.down()

    @classmethod
    def attach(cls, state: Path, commands: Commands = Commands()) -> RunningStack:  # noqa: B008  # it is frozen
        """The stack that runs in `state`, started by whichever process; StackError if none does."""
        return RunningStack.find(StateFolder(state.resolve(), commands))

    def up(self, progress: Progress) -> Endpoints:
        """Starts everything and returns the addresses; StackError, and nothing left running, if that fails.

        Ends first what is left of a stack whose supervisor was killed together with its watchdog. `progress` is called
        from here, and later from the thread that supervises.
        """
        started = time.monotonic()
        require_packages(missing_packages(self._app, self._names), self._app.commands.setup)
        self._folder.create()
        self._lock.acquire()
        try:
            end_everything(self._folder, progress)
            with reserve_ports(PORT_NAMES, self._preferred_ports()) as ports:
                endpoints = with_app_settings(Endpoints(**ports), self._app, os.environ)
                components = build_components(
                    self._names, root=self._root, app=self._app, folder=self._folder, endpoints=endpoints
                )
                endpoints.save(self._folder)
                self._supervisor = Supervisor(self._folder, components, progress)
                self._supervisor.start()
            self._await_subscription(endpoints)
        except BaseException:
            self.down()
            raise
        logger.info("stack_up state=%s app=%s", self._folder.path, endpoints.app_url)
        progress(StackEvent("up", "stack", endpoints.app_url, time.monotonic() - started))
        return endpoints

    def wait(self) -> None:
        """Blocks until SIGINT or SIGTERM. Call it from the main thread."""
        asked = threading.Event()
        with on_stop_signals(asked.set):
            asked.wait()

    def down(self) -> None:
        """Ends everything that was started; StackError if something does not end. Doing it twice does no harm."""
        try:
            if self._supervisor is not None:
                self._supervisor.stop()
                logger.info("stack_down state=%s", self._folder.path)
        finally:
            self._supervisor = None
            self._lock.release()

    def _preferred_ports(self) -> dict[str, int]:
        earlier = Endpoints.load(self._folder)
        preferred = {} if earlier is None else earlier.ports()
        if self._port is not None:
            require_free(self._port)
            preferred["app"] = self._port
        return preferred

    def _await_subscription(self, endpoints: Endpoints) -> None:
        """Blobs reach the app only when it has accepted the subscription."""
        events = self._app.blob_events
        if events is None or not {"eventgrid", "functions"} <= set(self._names):
            return
        self._require_blob_function(endpoints, events)
        question = answers(f"{endpoints.eventgrid_url}/healthz", lambda response: '"validated"' in response.text)
        deadline = time.monotonic() + _SUBSCRIPTION_SECONDS
        while (problem := question()) is not None:
            if time.monotonic() > deadline:
                raise StackError(
                    "component_not_ready",
                    f"The app did not accept the subscription to blob events: {problem}.",
                    f"See {self._folder.logs / 'functions.log'} for what the app said.",
                )
            time.sleep(0.1)

    def _require_blob_function(self, endpoints: Endpoints, events: BlobEvents) -> None:
        """An app that its settings keep from work runs without it, and will never accept the subscription."""
        function = f"{endpoints.app_url}/admin/functions/{events.function}"
        if answers(function, lambda response: response.status_code == 404)() is not None:
            return
        log = self._folder.logs / "functions.log"
        said = "\n".join(f"  {line}" for line in last_lines(log, 200) if " CRITICAL " in line or " ERROR " in line)
        raise StackError(
            "component_failed",
            f"The app runs, but without its function {events.function}. It said:\n{said or '  (no error)'}\n",
            f"Mend what it names; its whole log is {log}.",
        )


def _silent(_event: StackEvent) -> None:
    return
