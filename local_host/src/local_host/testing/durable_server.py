"""A durable engine behind a real HTTP server, and the official client of it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
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
