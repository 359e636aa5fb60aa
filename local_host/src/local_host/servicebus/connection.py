"""A connection without its socket: handshake, channels and the errors that end it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum, auto
from typing import assert_never

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.amqp.errors import DecodeError
from local_host.servicebus.amqp.frames import (
    AMQP_FRAME,
    AMQP_HEADER,
    MAX_FRAME_SIZE,
    SASL_FRAME,
    SASL_HEADER,
    Frame,
    FrameReader,
    ProtocolHeader,
    encode_frame,
)
from local_host.servicebus.amqp.performatives import (
    Begin,
    Close,
    End,
    Open,
    Performative,
    SaslInit,
    SaslMechanisms,
    SaslOutcome,
)
from local_host.servicebus.amqp.values import Array, Symbol
from local_host.servicebus.session import WINDOW, Session, SessionNodes

logger = logging.getLogger(__name__)

CONTAINER = "local-servicebus"
# Whatever a client sends as its identity, it is let in: the broker listens on the loopback address only.
_MECHANISMS = ("ANONYMOUS", "PLAIN", "MSSBCBS")
_CHANNEL_MAX = 255
# The smallest frame that every peer must take (AMQP 1.0, 2.4.1).
_MIN_FRAME_SIZE = 512


class _Stage(Enum):
    HEADER = auto()
    SASL = auto()
    OPEN = auto()
    RUNNING = auto()
    CLOSED = auto()


class Connection:
    """Takes the bytes of one client and gives the bytes to send back.

    `new_nodes()` is asked for each session. `output` collects what is to be sent; the owner empties it, and closes the
    socket once `closed` is true and the output has gone out.
    """

    def __init__(self, peer: str, new_nodes: Callable[[], SessionNodes]) -> None:
        self.peer = peer
        self.output = bytearray()
        self.idle_time_out: int | None = None
        """Milliseconds of silence after which the client gives up; None: it waits for ever."""
        self._new_nodes = new_nodes
        self._reader = FrameReader()
        self._stage = _Stage.HEADER
        self._max_frame_size = _MIN_FRAME_SIZE
        self._sessions: dict[int, Session] = {}

    @property
    def closed(self) -> bool:
        """Whether nothing more is read or written."""
        return self._stage is _Stage.CLOSED

    def receive(self, data: bytes) -> None:
        """Takes bytes. What breaks a rule ends the connection, with an error that the client is told."""
        try:
            for item in self._reader.feed(data):
                if self.closed:
                    return
                if isinstance(item, ProtocolHeader):
                    self._header(item)
                else:
                    self._frame(item)
        except DecodeError as error:
            self.fail(AmqpError("amqp:decode-error", str(error)))
        except AmqpError as error:
            self.fail(error)

    def fail(self, error: AmqpError) -> None:
        """Ends the connection and tells the client why."""
        logger.warning("connection_failed peer=%s error=%s", self.peer, error)
        if self._stage is _Stage.RUNNING:
            self._send(Close(error=error.to_wire()))
        self.lost()

    def lost(self) -> None:
        """The client is gone. What it had locked stays locked until the locks run out."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()
        self._stage = _Stage.CLOSED

    def _header(self, header: ProtocolHeader) -> None:
        if self._stage is _Stage.HEADER and header.content == SASL_HEADER:
            self.output += SASL_HEADER
            mechanisms = Array(Symbol, tuple(map(Symbol, _MECHANISMS)))
            self._send(SaslMechanisms(mechanisms=mechanisms), kind=SASL_FRAME)
            self._stage = _Stage.SASL
        elif self._stage in (_Stage.HEADER, _Stage.OPEN) and header.content == AMQP_HEADER:
            self.output += AMQP_HEADER
            self._stage = _Stage.OPEN
        else:
            # The rule of the protocol: say what is supported, and hang up.
            self.output += AMQP_HEADER
            raise AmqpError("amqp:not-implemented", f"protocol header {header.content!r} is not expected here")

    def _frame(self, frame: Frame) -> None:
        if frame.kind == SASL_FRAME:
            self._sasl(frame)
            return
        match self._stage:
            case _Stage.RUNNING:
                if frame.performative is not None:
                    self._command(frame.channel, frame.performative, frame.payload)
            case _Stage.OPEN:
                self._open(frame.performative)
            case _Stage.HEADER | _Stage.SASL | _Stage.CLOSED:
                raise AmqpError("amqp:not-allowed", "a frame came before the handshake was over")
            case _:
                assert_never(self._stage)

    def _sasl(self, frame: Frame) -> None:
        if self._stage is not _Stage.SASL or not isinstance(frame.performative, SaslInit):
            raise AmqpError("amqp:not-allowed", "a SASL frame is not expected here")
        known = frame.performative.mechanism in _MECHANISMS
        self._send(SaslOutcome(code=0 if known else 1), kind=SASL_FRAME)
        if not known:
            raise AmqpError("amqp:unauthorized-access", f"SASL mechanism {frame.performative.mechanism!r} is not known")
        self._stage = _Stage.OPEN

    def _open(self, performative: Performative | None) -> None:
        if not isinstance(performative, Open):
            raise AmqpError("amqp:not-allowed", "the first command of a connection must be open")
        if performative.max_frame_size < _MIN_FRAME_SIZE:
            rule = f"must be at least {_MIN_FRAME_SIZE}"
            raise AmqpError("amqp:invalid-field", f"max-frame-size is {performative.max_frame_size}: it {rule}")
        self._max_frame_size = min(performative.max_frame_size, MAX_FRAME_SIZE)
        self.idle_time_out = performative.idle_time_out or None
        self._stage = _Stage.RUNNING
        self._send(Open(container_id=CONTAINER, max_frame_size=MAX_FRAME_SIZE, channel_max=_CHANNEL_MAX))

    def _command(self, channel: int, performative: Performative, payload: bytes) -> None:
        session = self._sessions.get(channel)
        match performative:
            case Close():
                self._send(Close())
                self.lost()
            case Begin():
                self._begin(channel, performative)
            case End():
                if session is not None:
                    self._end(channel, None)
            case _ if session is not None:
                try:
                    session.handle(performative, payload)
                except AmqpError as error:
                    self._end(channel, error)
            case _:
                # Some clients detach their links after they have ended the session.
                logger.debug("command_ignored peer=%s channel=%d command=%s", self.peer, channel, performative)

    def _begin(self, channel: int, begin: Begin) -> None:
        if channel in self._sessions or channel > _CHANNEL_MAX:
            raise AmqpError("amqp:not-allowed", f"channel {channel} has a session or is over {_CHANNEL_MAX}")

        def send(performative: Performative, payload: bytes) -> None:
            self._send(performative, channel=channel, payload=payload)

        send(Begin(remote_channel=channel, next_outgoing_id=0, incoming_window=WINDOW, outgoing_window=WINDOW), b"")
        self._sessions[channel] = Session(begin, self._new_nodes(), self._max_frame_size, send)

    def _end(self, channel: int, error: AmqpError | None) -> None:
        if error is not None:
            logger.warning("session_ended peer=%s channel=%d error=%s", self.peer, channel, error)
        self._sessions.pop(channel).close()
        self._send(End(error=None if error is None else error.to_wire()), channel=channel)

    def _send(
        self, performative: Performative, *, channel: int = 0, kind: int = AMQP_FRAME, payload: bytes = b""
    ) -> None:
        self.output += encode_frame(performative, channel=channel, kind=kind, payload=payload)
