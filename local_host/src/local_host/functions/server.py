"""Runs a functions host as a process: the port, the state folder's lock, signals and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from local_host.functions.errors import HostFailedError, PortInUseError, StateInUseError
from local_host.functions.host import FunctionsHost

logger = logging.getLogger(__name__)

ADDRESS = "127.0.0.1"
GRACE_SECONDS = 5.0


def bind(port: int) -> socket.socket:
    """A socket bound to the loopback address; port 0 takes a free one. PortInUseError if it is taken."""
    # The protocol is named because asyncio sets TCP_NODELAY only then; without it each answer waits 40 ms for an ACK.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((ADDRESS, port))
        # Bound alone does not keep a second host off while this one still loads the app.
        sock.listen(2048)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(ADDRESS, port) from error
        raise
    return sock


@contextlib.contextmanager
def exclusive(state: Path) -> Iterator[None]:
    """Holds the state folder for this process; StateInUseError if another holds it. A kill releases it."""
    state.mkdir(parents=True, exist_ok=True)
    lock = os.open(state / "host.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StateInUseError(state) from error
        yield
    finally:
        os.close(lock)


async def serve(host: FunctionsHost, sock: socket.socket) -> bool:
    """Serves until SIGTERM or SIGINT, then stops in order; False if a function had to be left running.

    Ends also when the durable engine has failed or a function ran out of time, and raises HostFailedError then.
    """
    server = _Server(
        uvicorn.Config(
            host.app,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            access_log=False,
            # Longer than the durable client's connections are kept, so that the client closes first.
            timeout_keep_alive=120,
            # What could be waited for, the host has waited for when the server is told to end.
            timeout_graceful_shutdown=1,
        )
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    started = time.perf_counter()
    await host.start()
    port = sock.getsockname()[1]
    elapsed = (time.perf_counter() - started) * 1000
    logger.info("host_started url=http://%s:%d functions=%d start_ms=%.0f", ADDRESS, port, len(host.index), elapsed)
    waits = [asyncio.create_task(stopping.wait()), asyncio.create_task(_failure(host))]
    await asyncio.wait([*waits, serving], return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    logger.info("host_stopping")
    clean = await host.stop(GRACE_SECONDS)
    await _close_durable_client_session()
    server.should_exit = True
    await serving
    logger.info("host_stopped clean=%s", str(clean).lower())
    if host.failure is not None:
        raise HostFailedError(host.failure)
    return clean


async def _failure(host: FunctionsHost) -> None:
    """Returns when the host must end by itself."""
    while host.failure is None:  # noqa: ASYNC110 - engine and invoker tell a failure only when asked
        await asyncio.sleep(0.25)


async def _close_durable_client_session() -> None:
    """Closes the HTTP session that the durable SDK keeps for the process; the SDK offers no public way."""
    from azure.durable_functions.models.utils import http_utils

    await http_utils._close_session()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the host stops its parts in order first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
