"""What outlived its supervisor or its test run, although a watchdog should have ended it: found, and ended."""

from __future__ import annotations

import logging
import os
import shlex
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import psutil

from local_host.stack.errors import StackError
from local_host.stack.events import Progress, StackEvent
from local_host.stack.process_table import STACK_FOLDER, STACK_ID, ProcessTable
from local_host.stack.state_folder import StateFolder
from local_host.watchdog.mark import VARIABLE, Mark, environments
from local_host.watchdog.termination import end

logger = logging.getLogger(__name__)

_GRACE = 10.0
_COMMAND_CHARACTERS = 100


@dataclass(frozen=True)
class Leftovers:
    """Processes that nobody will end. `why` says whose they are; `command` ends them."""

    why: str
    processes: tuple[str, ...]
    command: str


def find_leftovers(*, besides: str | None = None) -> list[Leftovers]:
    """The leftovers of every stack, test run and benchmark of this user, by the marks in their environments.

    Args:
        besides: the id of a stack whose processes are not looked at.
    """
    found: dict[tuple[str, int | None], list[psutil.Process]] = defaultdict(list)
    for process, environment in environments():
        if (besides is None or environment.get(STACK_ID) != besides) and (reason := _reason(environment)) is not None:
            found[reason].append(process)
    leftovers = []
    for (why, supervisor), processes in sorted(found.items(), key=lambda item: item[0][0]):
        processes.sort(key=lambda process: process.pid)
        pids = [process.pid for process in processes] if supervisor is None else [supervisor]
        command = ("kill -9 " if supervisor is None else "kill ") + " ".join(map(str, pids))
        described = tuple(text for process in processes if (text := _describe(process)) is not None)
        leftovers.append(Leftovers(why, described, command))
    return leftovers


def end_everything(folder: StateFolder, progress: Progress) -> None:
    """Ends every process of the stack, and every process that those have started."""
    table = ProcessTable.load(folder)
    if table is None:
        return
    for name in reversed(table.components):
        if group := table.group(name):
            progress(StackEvent("stopping", name))
            _require_ended([process.pid for process in end(group, grace=_GRACE)])
            progress(StackEvent("stopped", name))
    _require_ended([process.pid for process in end(table.everything(), grace=_GRACE)])


def _reason(environment: dict[str, str]) -> tuple[str, int | None] | None:
    """Why nobody will end a process, and the supervisor that must be ended first if there is one."""
    try:
        mark = Mark.parse(environment.get(VARIABLE, ""))
    except ValueError:
        return None
    folder = environment.get(STACK_FOLDER)
    whose = "a test run or a benchmark" if folder is None else f"a stack in {folder}"
    if not mark.owner_lives:
        return f"left of {whose}: process {mark.owner}, which started them, has ended", None
    if folder is not None and mark.owner != os.getpid() and not StateFolder(Path(folder)).processes.exists():
        return f"{whose} that is gone: process {mark.owner} still supervises them", mark.owner
    return None


def _describe(process: psutil.Process) -> str | None:
    """Pid, age and command line; None if it has ended."""
    try:
        minutes = (time.time() - process.create_time()) / 60
        command = shlex.join(process.cmdline())[:_COMMAND_CHARACTERS]
    except psutil.Error:
        return None
    age = f"{minutes / 60:.1f} h" if minutes >= 60 else f"{minutes:.0f} min"
    return f"process {process.pid}, {age} old: {command}"


def _require_ended(pids: list[int]) -> None:
    if pids:
        living = ", ".join(str(pid) for pid in pids)
        raise StackError("not_stopped", f"These processes did not end: {living}.", "End them by hand (kill -9).")
