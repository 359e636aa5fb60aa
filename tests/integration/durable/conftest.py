"""A durable engine behind a real HTTP server, the official client, and hosts in processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import httpx
import pytest
import uvicorn
from azure.durable_functions.models.utils import http_utils
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from local_host.durable.client_api import mounts
from local_host.durable.client_links import client_binding
from local_host.durable.engine import DurableEngine
from local_host.durable.functions import DurableFunctions
from local_host.durable.settings import DurableSettings

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


class Server:
    """A Starlette app on a free port of this machine."""

    def __init__(self, app_routes: list[BaseRoute]) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(Starlette(routes=app_routes), log_level="warning", ws="none", lifespan="off")
        self._server = uvicorn.Server(config)
        # The tests' process keeps its own signal handlers.
        self._server.capture_signals = _no_signals  # type: ignore[method-assign]
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            await asyncio.sleep(0.001)

    async def stop(self) -> None:
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
        self._socket.close()


@contextlib.contextmanager
def _no_signals() -> Iterator[None]:
    yield


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[list[BaseRoute]], Any]]:
    """Starts servers and stops them afterwards."""
    servers: list[Server] = []

    async def start(app_routes: list[BaseRoute]) -> Server:
        server = Server(app_routes)
        await server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.stop()


class Hosted:
    """An engine, the official client of it, and a plain HTTP client."""

    def __init__(self, engine: DurableEngine, url: str) -> None:
        self.engine = engine
        self.url = url
        self.client = df.DurableOrchestrationClient(client_binding(url, engine.settings))
        self.http = httpx.AsyncClient(base_url=f"{url}/durabletask")

    async def finished(self, instance_id: str) -> df.DurableOrchestrationStatus:
        """The status, by the official client, once the instance has finished."""
        async with asyncio.timeout(150):
            await self.engine.wait_for_completion(instance_id)
        return await self.client.get_status(instance_id)


@pytest.fixture
async def host(tmp_path: Path, serve: Callable[..., Any]) -> AsyncIterator[Callable[..., Any]]:
    """Hosts functions: `await host(functions, settings)`."""
    hosted: list[Hosted] = []

    async def start(functions: DurableFunctions, settings: DurableSettings | None = None) -> Hosted:
        engine = DurableEngine(tmp_path / "hub.db", functions, settings or DurableSettings())
        await engine.start()
        server = await serve([*mounts(engine)])
        hosted.append(Hosted(engine, server.url))
        return hosted[-1]

    yield start
    for one in hosted:
        await one.http.aclose()
        await one.engine.stop()
    await http_utils._close_session()


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
