"""The process of one task run: started, found again after a restart, ended.

It has a session of its own, so it outlives a host that is killed. A later host finds it by its command line, which
names the task run's folder and so is unique; a process id could have been given to another process meanwhile.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from local_host.databricks import task_main

_GRACE_SECONDS = 3.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Outcome:
    """What a process left behind; ``error`` is None for success."""

    error: str | None
    error_trace: str | None


class TaskProcess:
    """A process in its own process group, as child of this host or adopted from the one before.

    Args:
        child: the process if it is this host's own.
        adopted: the process if an earlier host started it.
    """

    def __init__(self, folder: Path, child: subprocess.Popen[bytes] | None, adopted: psutil.Process | None) -> None:
        self._folder = folder
        self._child = child
        self._adopted = adopted

    @classmethod
    def start(cls, folder: Path, target: str, arguments: Sequence[str], root: Path) -> "TaskProcess":
        """Start ``target`` (module:function) with the host's environment, the root as folder and import path."""
        folder.mkdir(parents=True)
        # -P keeps this package's folder off the import path, where its file names could hide other modules.
        command = [sys.executable, "-P", "-u", task_main.__file__, str(folder), target, *arguments]
        with log_file(folder).open("wb") as log:
            child = subprocess.Popen(
                command,
                cwd=root,
                env={**os.environ, "PYTHONPATH": str(root)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(folder, child, None)

    @classmethod
    def find(cls, folder: Path) -> "TaskProcess":
        """The process that an earlier host started for this folder, be it running or gone."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                # Forked children have the same command line; only the leader has the group's id.
                if process.cmdline()[4:5] == [str(folder)] and os.getpgid(process.pid) == process.pid:
                    return cls(folder, None, process)
        return cls(folder, None, None)

    @property
    def running(self) -> bool:
        """Whether the process still runs."""
        if self._child is not None:
            return self._child.poll() is None
        try:
            return (
                self._adopted is not None
                and self._adopted.is_running()
                and self._adopted.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return False

    async def end(self) -> None:
        """End the process and everything in its group: first asked, after 3 s forced. Returns when it is gone."""
        self._signal(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await self._gone()
        self._signal(signal.SIGKILL)
        await self._gone()

    def sweep(self) -> None:
        """End what a finished process left running in its group."""
        self._signal(signal.SIGKILL)

    def outcome(self) -> Outcome | None:
        """How the finished process ended; None if it left no word and was not this host's child."""
        left = read_outcome(self._folder)
        if left is None and self._child is not None:
            # Written down, so that it can still be read when the child is nobody's any more.
            error = f"The Python process ended without a result, {_exit_reason(self._child.returncode)}"
            task_main.write_outcome(self._folder, error, None)
            return read_outcome(self._folder)
        return left

    async def _gone(self) -> None:
        while self.running:  # noqa: ASYNC110 - an adopted process gives no event
            await asyncio.sleep(_POLL_SECONDS)

    def _signal(self, number: signal.Signals) -> None:
        process = self._child or self._adopted
        if process is not None:
            # EPERM is how macOS says that the group holds only a zombie.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)


def read_outcome(folder: Path) -> Outcome | None:
    """The outcome in a task run's folder, if there is one."""
    try:
        left = json.loads((folder / task_main.OUTCOME_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Outcome(left["error"], left["error_trace"])


def log_file(folder: Path) -> Path:
    """Where a task run's standard output and error go."""
    return folder / "output.log"


def _exit_reason(code: int | None) -> str:
    if code is not None and code < 0:
        return f"by signal {-code}"
    return f"with exit code {code}"
