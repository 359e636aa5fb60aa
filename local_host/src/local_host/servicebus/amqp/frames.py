"""Frames: how commands and payloads are cut on a connection."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from local_host.servicebus.amqp.errors import DecodeError
from local_host.servicebus.amqp.performatives import Performative, decode_performative, encode_performative

AMQP_HEADER = b"AMQP\x00\x01\x00\x00"
SASL_HEADER = b"AMQP\x03\x01\x00\x00"
AMQP_FRAME, SASL_FRAME = 0, 1

MAX_FRAME_SIZE = 65_536
"""The largest frame, in bytes, that this side takes; also the largest that it sends."""

EMPTY_FRAME = b"\x00\x00\x00\x08\x02\x00\x00\x00"
"""Says only that its sender is alive."""

_PREFIX = struct.Struct(">IBBH")


@dataclass(frozen=True, slots=True)
class ProtocolHeader:
    """The eight bytes by which the sides agree on a protocol."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; without a performative it is empty."""

    kind: int
    channel: int
    performative: Performative | None
    payload: bytes


def encode_frame(
    performative: Performative, *, channel: int = 0, kind: int = AMQP_FRAME, payload: bytes = b""
) -> bytes:
    """A whole frame."""
    body = encode_performative(performative)
    return _PREFIX.pack(8 + len(body) + len(payload), 2, kind, channel) + body + payload


class FrameReader:
    """Cuts a stream of bytes into frames and protocol headers."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame | ProtocolHeader]:
        """What has become complete with these bytes; DecodeError if a frame breaks a rule."""
        self._buffer += data
        position = 0
        try:
            while len(self._buffer) - position >= 8:
                if self._buffer.startswith(b"AMQP", position):
                    yield ProtocolHeader(bytes(self._buffer[position : position + 8]))
                    position += 8
                    continue
                size, offset, kind, channel = _PREFIX.unpack_from(self._buffer, position)
                start = 4 * offset
                if not 8 <= start <= size <= MAX_FRAME_SIZE or kind not in (AMQP_FRAME, SASL_FRAME):
                    raise DecodeError(
                        f"a frame of {size} bytes (at most {MAX_FRAME_SIZE}), data offset {offset} (at least 2),"
                        f" type {kind} (0 or 1) breaks a rule"
                    )
                if len(self._buffer) - position < size:
                    break
                body = bytes(self._buffer[position + start : position + size])
                position += size
                yield _frame(kind, channel, body)
        finally:
            del self._buffer[:position]


def _frame(kind: int, channel: int, body: bytes) -> Frame:
    if not body:
        return Frame(kind, channel, None, b"")
    performative, end = decode_performative(body)
    return Frame(kind, channel, performative, body[end:])
