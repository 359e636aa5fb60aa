"""Frames on a stream."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_host.servicebus.amqp.errors import DecodeError
from local_host.servicebus.amqp.frames import (
    AMQP_HEADER,
    EMPTY_FRAME,
    SASL_FRAME,
    SASL_HEADER,
    Frame,
    FrameReader,
    ProtocolHeader,
    encode_frame,
)
from local_host.servicebus.amqp.performatives import Flow, SaslInit, Transfer

STREAM: list[tuple[bytes, Any]] = [
    (SASL_HEADER, ProtocolHeader(SASL_HEADER)),
    (
        encode_frame(SaslInit(mechanism="ANONYMOUS"), kind=SASL_FRAME),
        Frame(SASL_FRAME, 0, SaslInit(mechanism="ANONYMOUS"), b""),
    ),
    (AMQP_HEADER, ProtocolHeader(AMQP_HEADER)),
    (EMPTY_FRAME, Frame(0, 0, None, b"")),
    (
        encode_frame(Transfer(handle=1, delivery_tag=b"t", more=True), channel=7, payload=b"AMQP payload"),
        Frame(0, 7, Transfer(handle=1, delivery_tag=b"t", more=True), b"AMQP payload"),
    ),
]


@given(st.lists(st.sampled_from(STREAM), max_size=6), st.data())
def test_frames_are_found_however_the_stream_is_cut(items: list[tuple[bytes, Any]], data: st.DataObject) -> None:
    """TCP keeps no boundaries."""
    stream = b"".join(encoded for encoded, _ in items)
    reader, position = FrameReader(), 0
    found: list[Any] = []
    while position < len(stream):
        size = data.draw(st.integers(1, 40))
        found += reader.feed(stream[position : position + size])
        position += size
    assert found == [item for _, item in items]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x00\x00\x00\x04\x02\x00\x00\x00", "a frame of 4 bytes"),
        (b"\x00\xff\xff\xff\x02\x00\x00\x00", "a frame of 16777215 bytes (at most 65536)"),
        (b"\x00\x00\x00\x08\x01\x00\x00\x00", "data offset 1 (at least 2)"),
        (b"\x00\x00\x00\x08\x02\x05\x00\x00", "type 5 (0 or 1)"),
        (b"\x00\x00\x00\x09\x02\x00\x00\x00\x40", "must begin with a performative"),
        (b"\x00\x00\x00\x0c\x02\x00\x00\x00\x00\x53\x99\x45", "descriptor 153 is no performative"),
    ],
)
def test_a_bad_frame_is_an_error(data: bytes, message: str) -> None:
    """With the numbers that break the rule."""
    with pytest.raises(DecodeError) as caught:
        list(FrameReader().feed(data))
    assert message in str(caught.value)


@given(st.binary(max_size=300))
def test_any_bytes_are_frames_or_a_clear_error(data: bytes) -> None:
    """Nothing else is raised."""
    with contextlib.suppress(DecodeError):
        assert all(isinstance(item, (Frame, ProtocolHeader)) for item in FrameReader().feed(data))


def test_all_fields_are_written() -> None:
    """Clients want every field, absent ones as null."""
    frame = encode_frame(Flow(incoming_window=1, next_outgoing_id=2, outgoing_window=3))
    [found] = FrameReader().feed(frame)
    assert isinstance(found, Frame)
    # Described list: constructor, descriptor, list8, size, and the count of a flow's fields.
    assert frame[8:14].hex() == f"005313c0{frame[12]:02x}0b"
    assert found.performative == Flow(incoming_window=1, next_outgoing_id=2, outgoing_window=3)
