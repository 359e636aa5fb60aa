"""Sections of messages."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_host.servicebus.amqp.encoding import encode
from local_host.servicebus.amqp.errors import DecodeError
from local_host.servicebus.amqp.message import (
    encode_response,
    parse_application_properties,
    parse_message,
    parse_request,
    split_batch,
    with_application_properties,
)
from local_host.servicebus.amqp.values import Decimal64, Described, Symbol, Timestamp, UInt, ULong

from ..conftest import encoded_message


def test_parses_what_the_broker_needs() -> None:
    """Header, annotations and ids; the rest stays as it came."""
    encoded = encoded_message(b"x", message_id="m", ttl=5, annotations={"a": Timestamp(1)}, properties={"p": "v"})
    message = parse_message(encoded)
    assert (message.durable, message.ttl, message.message_id) == (True, 5, "m")
    assert message.annotations == {"a": 1}
    assert encoded.endswith(message.content)
    assert parse_application_properties(message.content) == {"p": "v"}


@pytest.mark.parametrize(
    ("message_id", "text"),
    [("a", "a"), (ULong(7), "7"), (uuid.UUID(int=1), str(uuid.UUID(int=1))), (b"\x01\xff", "01ff"), (None, None)],
)
def test_a_message_id_of_any_type_is_text(message_id: Any, text: str | None) -> None:
    """Ids may be numbers, UUIDs or bytes."""
    assert parse_message(encoded_message(message_id=message_id)).message_id == text


def test_application_properties_are_merged() -> None:
    """New ones are added, those of the same name replaced, others keep their types, and the body stays."""
    given = {"a": Decimal64(b"12345678"), "b": "1", "n": UInt(4), "s": Symbol("5")}
    content = parse_message(encoded_message(b"x", message_id="m", properties=given)).content
    changed = with_application_properties(content, {"b": "2", "c": "3"})
    properties = parse_application_properties(changed)
    assert properties == {"a": b"12345678", "b": "2", "c": "3", "n": 4, "s": "5"}
    assert [type(properties[name]) for name in "ans"] == [Decimal64, UInt, Symbol]
    assert parse_message(changed).message_id == "m"
    assert changed.endswith(encode(Described(ULong(0x75), b"x")))
    assert with_application_properties(content, {}) == content


@given(st.booleans(), st.booleans())
def test_application_properties_come_before_the_body(with_id: bool, with_properties: bool) -> None:
    """Whatever sections there were."""
    encoded = encoded_message(
        b"x", message_id="m" if with_id else None, properties={"old": "1"} if with_properties else None
    )
    changed = with_application_properties(parse_message(encoded).content, {"new": "2"})
    assert parse_application_properties(changed)["new"] == "2"
    assert parse_message(changed).message_id == ("m" if with_id else None)


def test_a_batch_is_split() -> None:
    """Each data section is a message."""
    parts = [encoded_message(b"1"), encoded_message(b"2")]
    batch = b"".join(encode(Described(ULong(0x75), part)) for part in parts)
    assert split_batch(batch) == parts
    with pytest.raises(DecodeError, match="data sections"):
        split_batch(b"")


def test_a_request_and_its_response() -> None:
    """A response is a message too: its body and properties can be read as a request's."""
    response = encode_response("id", {"statusCode": UInt(200)}, {"x": True})
    assert parse_request(response) == (None, {"statusCode": 200}, {"x": True})


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        (b"", "needs a body"),
        (encode(Described(ULong(0x70), [])), "needs a body"),
        (b"\x40", "a section of a message is expected"),
        (encode(Described(ULong(0x24), [])), "a section of a message is expected"),
        (encode(Described(ULong(0x70), {})) + encoded_message(), "section 0x70 must be a list"),
        (encode(Described(ULong(0x72), [])) + encoded_message(), "section 0x72 must be a map"),
        (encode(Described(ULong(0x70), [True, None, "x"])) + encoded_message(), "header.ttl is 'x'"),
    ],
)
def test_says_what_is_wrong(encoded: bytes, message: str) -> None:
    """A message that breaks a rule is refused by name."""
    with pytest.raises(DecodeError) as caught:
        parse_message(encoded)
    assert message in str(caught.value)
