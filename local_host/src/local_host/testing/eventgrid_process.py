"""The Event Grid stand-in as a process of its own."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass
class EventGridProcess:
    """`python -m local_host.eventgrid` with the options of one test."""

    command: list[str]
    log: Path
    url: str
    process: subprocess.Popen[bytes] | None = None

    def start(self, *extra: str) -> None:
        """Starts it and waits until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.command, *extra],
                env={**os.environ, "LOCAL_HOST_EVENTGRID_KEY": "key"},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 150
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(timeout=150)
        self.process = None
        return code

    def health(self) -> dict[str, object]:
        """What /healthz says."""
        document: dict[str, object] = httpx.get(f"{self.url}/healthz", trust_env=False).json()
        return document

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False
