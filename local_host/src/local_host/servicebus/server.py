"""The broker on a socket."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.amqp.frames import EMPTY_FRAME
from local_host.servicebus.broker import Broker
from local_host.servicebus.clock import now_ms
from local_host.servicebus.connection import Connection
from local_host.servicebus.definitions import QueueDefinition
from local_host.servicebus.message_store import MessageStore
from local_host.servicebus.rights import Grants

logger = logging.getLogger(__name__)

# Timers are set at most this far ahead: the machine may sleep, or its clock be set, meanwhile.
_LONGEST_WAIT = 30.0


@dataclass(frozen=True)
class BrokerSettings:
    """The queues, the folder for their messages, and who may do what; without grants everybody may do everything."""

    state: Path
    definitions: tuple[QueueDefinition, ...]
    grants: Grants | None = None


async def serve(settings: BrokerSettings, sock: socket.socket) -> None:
    """Serves until SIGTERM or SIGINT. An error of the store ends it."""
    with closing(MessageStore(settings.state)) as store:
        loop = asyncio.get_running_loop()
        server = BrokerServer(Broker(settings.definitions, store, now_ms, settings.grants), loop)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.stop)
        listener = await loop.create_server(server.connect, sock=sock)
        server.schedule()
        logger.info(
            "servicebus_started port=%d queues=%s state=%s",
            *(sock.getsockname()[1], ",".join(definition.name for definition in settings.definitions), settings.state),
        )
        try:
            await server.stopped
        finally:
            listener.close()
            server.close()
            await asyncio.sleep(0)
            logger.info("servicebus_stopped")


class BrokerServer:
    """Joins connections and broker: work is done once per turn of the event loop, for all connections together.

    What is to be sent leaves only after the broker's changes are on disk. So one commit serves many messages, and a
    client that was told something can rely on it.
    """

    def __init__(self, broker: Broker, loop: asyncio.AbstractEventLoop) -> None:
        self._broker = broker
        self._loop = loop
        self._transports: dict[_Transport, None] = {}
        self._scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self.stopped: asyncio.Future[None] = loop.create_future()
        """Done when the server is to end; carries the error that made it."""

    def connect(self) -> asyncio.Protocol:
        """A new client."""
        return _Transport(self, self._broker)

    def stop(self) -> None:
        """Lets `stopped` be done."""
        if not self.stopped.done():
            self.stopped.set_result(None)

    def close(self) -> None:
        """Ends all connections."""
        if self._timer is not None:
            self._timer.cancel()
        for transport in list(self._transports):
            transport.abort()

    def add(self, transport: _Transport) -> None:
        """A client is there."""
        self._transports[transport] = None

    def remove(self, transport: _Transport) -> None:
        """A client is gone."""
        self._transports.pop(transport, None)

    def schedule(self) -> None:
        """Something has happened: there is work at the end of this turn."""
        if not self._scheduled and not self.stopped.done():
            self._scheduled = True
            self._loop.call_soon(self._work)

    def _work(self) -> None:
        self._scheduled = False
        if self.stopped.done():
            return
        try:
            self._broker.work()
        except sqlite3.Error as error:
            # Nothing has been said that is not true, and nothing may be said any more.
            logger.critical("store_failed error=%s", error)
            self.stopped.set_exception(error)
            return
        for transport in list(self._transports):
            transport.flush()
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        moment = self._broker.next_moment
        if moment is not None:
            # Half a millisecond more, so that the time has come when the timer rings.
            delay = min(_LONGEST_WAIT, max(0.0, (moment - now_ms() + 0.5) / 1000))
            self._timer = self._loop.call_later(delay, self.schedule)


class _Transport(asyncio.Protocol):
    """One client's socket."""

    def __init__(self, server: BrokerServer, broker: Broker) -> None:
        self._server = server
        self._broker = broker
        self._transport: asyncio.Transport | None = None
        self._connection: Connection | None = None
        self._heartbeat: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._connection = Connection(f"{peer[0]}:{peer[1]}" if peer else "unknown", self._broker.client())
        self._server.add(self)

    def data_received(self, data: bytes) -> None:
        connection = self._connection
        assert connection is not None
        try:
            connection.receive(data)
        except sqlite3.Error as error:
            logger.critical("store_failed error=%s", error)
            if not self._server.stopped.done():
                self._server.stopped.set_exception(error)
        except Exception:
            # The outermost edge: one client's bytes must not end the others' work.
            logger.exception("connection_broke peer=%s", connection.peer)
            connection.fail(AmqpError("amqp:internal-error", "the broker failed; its log says why"))
        if connection.idle_time_out is not None and self._heartbeat is None:
            self._beat(connection.idle_time_out / 2000)
        self._server.schedule()

    def connection_lost(self, _error: Exception | None) -> None:
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        if self._connection is not None:
            self._connection.lost()
        self._server.remove(self)

    def flush(self) -> None:
        """Sends what the connection has to say."""
        if self._connection is None or self._transport is None:
            return
        if self._connection.output:
            self._transport.write(bytes(self._connection.output))
            self._connection.output.clear()
        if self._connection.closed:
            self._transport.close()

    def abort(self) -> None:
        """Hangs up."""
        if self._transport is not None:
            self._transport.abort()

    def _beat(self, interval: float) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(EMPTY_FRAME)
            self._heartbeat = asyncio.get_running_loop().call_later(interval, self._beat, interval)
