"""Starts a stack that outlives the command that started it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from local_host.stack.app_settings import load_app_config, with_app_settings
from local_host.stack.catalogue import ComponentName
from local_host.stack.component import last_lines
from local_host.stack.endpoints import Endpoints
from local_host.stack.errors import StackError
from local_host.stack.events import Progress, StackEvent
from local_host.stack.foreground import run_in_foreground
from local_host.stack.stack import Stack
from local_host.stack.state_folder import StateFolder
from local_host.stack.state_lock import is_locked
from local_host.watchdog.log_file import rotate_log

# A folder from which `-m local_host` finds this very package, and nothing of the caller's.
_IMPORT_ROOT = Path(__file__).resolve().parents[2]


def start_detached(
    root: Path,
    state: Path,
    port: int | None,
    progress: Progress,
    *,
    components: Sequence[ComponentName] | None = None,
) -> Endpoints:
    """Starts a supervisor in a session of its own and returns when the stack is up; StackError as `Stack.up`.

    The supervisor writes to logs/supervisor.log. `RunningStack.down` ends it.
    """
    app = load_app_config(root)
    folder = StateFolder(state.resolve(), app.commands)
    folder.create()
    if is_locked(folder):
        # The supervisor would say the same, but first it would move the living one's log away.
        raise StackError(
            "already_running",
            f"A stack is already running in {folder.path}.",
            f"End it with `{app.commands.stack} down`, or choose another folder with --state.",
        )
    log = folder.supervisor_log
    rotate_log(log)
    folder.startup.write_text("", encoding="utf-8")
    command = [sys.executable, "-m", "local_host.stack", "supervise"]
    command += ["--root", str(root.resolve()), "--state", str(folder.path)]
    command += ["--port", str(port)] if port is not None else []
    command += [text for name in components or () for text in ("--component", name)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=_IMPORT_ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return with_app_settings(_follow(folder, process, log, progress), app, os.environ)
    finally:
        # It runs on without us: without this, the interpreter would warn that nobody waits for it.
        process.returncode = 0 if process.returncode is None else process.returncode


def supervise(root: Path, state: Path, port: int | None, *, components: Sequence[ComponentName] | None = None) -> int:
    """What the detached supervisor does; returns its exit code."""
    folder = StateFolder(state.resolve())

    starting = True

    def report(document: dict[str, Any]) -> None:
        with folder.startup.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(document) + "\n")

    def progress(event: StackEvent) -> None:
        # Once it is up, the log tells what happens.
        if starting:
            report({"event": asdict(event)})

    def on_up(endpoints: Endpoints) -> None:
        nonlocal starting
        starting = False
        report({"up": endpoints.ports()})

    try:
        run_in_foreground(Stack(root, state, port, components=components), progress, on_up)
    except StackError as error:
        report({"failed": {"code": error.code, "message": error.message, "hint": error.hint}})
        return 1
    return 0


def _follow(folder: StateFolder, process: subprocess.Popen[bytes], log: Path, progress: Progress) -> Endpoints:
    for report in _reports(folder, process):
        if "event" in report:
            progress(StackEvent(**report["event"]))
        elif "up" in report:
            return Endpoints(**report["up"])
        else:
            process.wait()
            raise StackError(**report["failed"])
    said = "\n".join(f"  {line}" for line in last_lines(log, 15))
    raise StackError(
        "supervisor_failed",
        f"The supervisor ended with exit code {process.returncode} before the stack was up. It said last:\n{said}\n",
        f"Its whole log is {log}.",
    )


def _reports(folder: StateFolder, process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """Each report as it is written, until the supervisor ends."""
    read = 0
    while True:
        ended = process.poll() is not None
        lines = folder.startup.read_text(encoding="utf-8").split("\n")
        # The part after the last line end is unfinished.
        for line in lines[read:-1]:
            read += 1
            yield json.loads(line)
        if ended:
            return
        time.sleep(0.1)
