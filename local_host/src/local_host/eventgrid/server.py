"""Runs the stand-in: the bridge, the dispatcher and the topic in one process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_host.eventgrid.blob_scan import BlobScan
from local_host.eventgrid.bridge import Bridge
from local_host.eventgrid.database import Database
from local_host.eventgrid.dead_letters import DeadLetters
from local_host.eventgrid.deliveries import Deliveries
from local_host.eventgrid.dispatcher import Dispatcher
from local_host.eventgrid.retry_policy import RetryPolicy
from local_host.eventgrid.subscriber import Subscriber
from local_host.eventgrid.topic import Topic

logger = logging.getLogger(__name__)

# In Azure the system topic of the storage account; the subscriber sees it in the handshake.
_SYSTEM_TOPIC = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local"


@dataclass(frozen=True)
class EventGridSettings:
    """`poll_interval` is in seconds; `key` is what publishers send; `subscriber` is the webhook's whole address."""

    state: Path
    storage: str
    containers: tuple[str, ...]
    subscriber: str
    key: str
    poll_interval: float
    policy: RetryPolicy


async def serve(settings: EventGridSettings, sock: socket.socket) -> None:
    """Serves until SIGTERM or SIGINT. An error that nothing handles ends the process."""
    settings.state.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        database = stack.enter_context(closing(Database(settings.state / "eventgrid.db")))
        scan = stack.enter_context(BlobScan(settings.storage, settings.containers))
        subscriber = await stack.enter_async_context(Subscriber(settings.subscriber))
        deliveries = Deliveries(database, scan.url, time.time)
        deliveries.resume()
        dead_letters = DeadLetters(settings.state / "dead_letters")
        dispatcher = Dispatcher(deliveries, subscriber, dead_letters, settings.policy)
        bridge = Bridge(scan, deliveries, dispatcher, poll_interval=settings.poll_interval)

        async def health(_request: Request) -> Response:
            return JSONResponse(
                {
                    "status": "ok",
                    "subscription": dispatcher.subscription,
                    "events": deliveries.counts(),
                    "scan": vars(bridge.health),
                }
            )

        app = Starlette(routes=[Route("/healthz", health), *Topic(database, settings.key).routes()])
        server = _Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
        await _run_until_signal(server, sock, bridge, dispatcher)


async def _run_until_signal(server: _Server, sock: socket.socket, bridge: Bridge, dispatcher: Dispatcher) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    parts: set[asyncio.Task[Any]] = {
        asyncio.create_task(server.serve(sockets=[sock]), name="server"),
        asyncio.create_task(bridge.run(), name="bridge"),
        asyncio.create_task(dispatcher.run(_SYSTEM_TOPIC), name="dispatcher"),
    }
    waiting = asyncio.create_task(stopping.wait())
    logger.info("eventgrid_started url=http://127.0.0.1:%d", sock.getsockname()[1])
    ended, _ = await asyncio.wait([*parts, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    server.should_exit = True
    for task in parts:
        if task.get_name() != "server":
            task.cancel()
    await asyncio.gather(*parts, return_exceptions=True)
    logger.info("eventgrid_stopped")
    for task in ended - {waiting}:
        task.result()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the parts stop together."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
