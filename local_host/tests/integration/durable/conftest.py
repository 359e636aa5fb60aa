"""A durable engine behind a real HTTP server, the official client, and hosts in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_host.testing.durable_server import host, serve

__all__ = ["host", "serve"]

_SDK_WARNINGS = (
    "ignore:azure.functions df_loads was called without expected_type:DeprecationWarning",
    "ignore:Potential duplicate Task completion:UserWarning",
    # The SDK passes aiohttp an option that it no longer needs.
    "ignore:enable_cleanup_closed ignored:DeprecationWarning",
)
_HOST = Path(__file__).with_name("crash_host.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The SDK's own warnings are not ours to fail on."""
    folder = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(folder):
            for warning in _SDK_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(warning))


class HostProcess:
    """crash_host.py in a process of its own, to be killed; it logs what activities do to a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "activities.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(timeout=150)

    def start(self) -> None:
        """Starts the process and waits until its API answers."""
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        with (self.folder / "host.log").open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, str(_HOST), str(self.folder)], stdout=output, stderr=output, cwd=Path.cwd()
            )
        self.until(port_file.exists)
        self.http.base_url = f"http://127.0.0.1:{port_file.read_text()}/durabletask"

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def until(self, condition: Callable[[], Any], seconds: float = 150) -> None:
        """Polls until the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self._process is None or self._process.poll() is None, (self.folder / "host.log").read_text()
            assert time.monotonic() < deadline, (self.folder / "host.log").read_text()
            time.sleep(0.005)

    def begin(self, name: str, value: Any, instance_id: str) -> None:
        """Starts an instance; returns when the host has acknowledged it."""
        body = json.dumps(json.dumps(value))
        answer = self.http.post(f"/orchestrators/{name}/{instance_id}", content=body)
        assert answer.status_code == 202, answer.text

    def status(self, instance_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/instances/{instance_id}").json()
        return found

    def output(self, instance_id: str) -> Any:
        """The output, once the instance has finished."""
        final = ("Completed", "Failed", "Terminated")
        self.until(lambda: self.status(instance_id)["runtimeStatus"] in final)
        return self.status(instance_id)["output"]

    def runs(self) -> Counter[str]:
        """How often each activity, by "instance step", has been started."""
        return Counter(self.log.read_text().splitlines()) if self.log.exists() else Counter()

    def open_gate(self, step: str) -> None:
        """Lets activities of this step end."""
        (self.folder / f"gate-{step}").touch()

    def close(self) -> None:
        self.kill()
        self.http.close()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[HostProcess]:
    """A started host process."""
    process = HostProcess(tmp_path)
    process.start()
    yield process
    process.close()
