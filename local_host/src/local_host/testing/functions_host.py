"""Runs the functions host as a real process over tiny apps."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

PREAMBLE = """
import json, logging, os, pathlib, time
import azure.functions as func
import azure.durable_functions as df

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
here = pathlib.Path(__file__).parent

def note(text):
    with (here / "notes.txt").open("a") as file:
        file.write(text + "\\n")
"""
DEADLINE = 150.0

T = TypeVar("T")


def wait_for(condition: Callable[[], T | None], what: str, seconds: float = DEADLINE) -> T:
    """The first result of `condition` that is true; fails the test when the deadline passes."""
    deadline = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"no {what} within {seconds} s")
        time.sleep(0.01)


@dataclass
class RunningHost:
    """A host process over the app in `root`."""

    process: subprocess.Popen[bytes]
    root: Path
    log: Path
    url: str = ""

    @property
    def lines(self) -> str:
        """What the host has printed."""
        return self.log.read_text(encoding="utf-8")

    @property
    def notes(self) -> list[str]:
        """What the app's functions noted with `note`."""
        path = self.root / "notes.txt"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def until_started(self) -> RunningHost:
        """Waits for the host's started line and takes the address from it."""

        def started() -> re.Match[str] | None:
            assert self.process.poll() is None, self.lines
            return re.search(r"host_started url=(\S+)", self.lines)

        self.url = wait_for(started, "started host")[1]
        return self

    def until_noted(self, text: str) -> None:
        """Waits until a function has noted this text."""
        wait_for(lambda: text in self.notes, f"note {text!r}")

    def get(self, path: str) -> httpx.Response:
        """GET on the host."""
        return httpx.get(self.url + path, timeout=DEADLINE)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """POST on the host."""
        return httpx.post(self.url + path, timeout=DEADLINE, **options)

    def finished(self, instance_id: str) -> dict[str, Any]:
        """The status of an orchestration once it has ended."""

        def ended() -> dict[str, Any] | None:
            answer = self.get(f"/durabletask/instances/{instance_id}")
            return answer.json() if answer.status_code == 200 else None

        return wait_for(ended, f"end of {instance_id}")

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(DEADLINE)

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self.process.wait(DEADLINE)


StartHost = Callable[..., RunningHost]


@contextlib.contextmanager
def hosts_in(folder: Path) -> Iterator[StartHost]:
    """Starts hosts over an app given as text; started again without text, it runs the same app and state."""
    hosts: list[RunningHost] = []

    def start(
        text: str | None = None,
        *,
        host_json: dict[str, Any] | None = None,
        port: int = 0,
        environment: dict[str, str] | None = None,
    ) -> RunningHost:
        root = folder / "app"
        if text is not None:
            root.mkdir()
            (root / "function_app.py").write_text(PREAMBLE + textwrap.dedent(text), encoding="utf-8")
            (root / "host.json").write_text(json.dumps({"version": "2.0", **(host_json or {})}), encoding="utf-8")
        log = folder / f"host-{len(hosts)}.log"
        command = [sys.executable, "-m", "local_host.functions", "--root", str(root), "--port", str(port)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, "--state", str(folder / "state")],
                env={**os.environ, **(environment or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        host = RunningHost(process, root, log)
        hosts.append(host)
        return host

    try:
        yield start
    finally:
        for host in hosts:
            if host.process.poll() is None:
                host.kill()


@pytest.fixture
def start_host(tmp_path: Path) -> Iterator[StartHost]:
    """Starts hosts of this test alone."""
    with hosts_in(tmp_path) as start:
        yield start
