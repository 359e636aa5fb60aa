"""Values to bytes and back."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given

from local_host.servicebus.amqp.decoding import decode
from local_host.servicebus.amqp.encoding import encode
from local_host.servicebus.amqp.errors import EncodeError
from local_host.servicebus.amqp.values import Array, Byte, Described, Int, Long, Symbol, Timestamp, UByte, UInt, ULong

from .wire_values import VALUES, typed


@given(VALUES)
def test_what_is_encoded_decodes_to_the_same_types(value: Any) -> None:
    """Every value comes back with the types of all its parts, and the whole encoding is used."""
    encoded = encode(value)
    decoded, end = decode(encoded)
    assert typed(decoded) == typed(value)
    assert end == len(encoded)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (None, "40"),
        (True, "41"),
        (UInt(0), "43"),
        (UInt(255), "52ff"),
        (UInt(256), "7000000100"),
        (ULong(0x14), "5314"),
        (ULong(2**64 - 1), "80ffffffffffffffff"),
        (Int(-1), "54ff"),
        (Long(128), "810000000000000080"),
        (Timestamp(1), "830000000000000001"),
        (1.5, "823ff8000000000000"),
        (uuid.UUID(int=1), "98" + "00" * 15 + "01"),
        (b"\x01", "a00101"),
        ("ä", "a102c3a4"),
        (Symbol("a"), "a30161"),
        ([], "45"),
        ([None], "c0020140"),
        ({"a": True}, "c10502a1016141"),
        (Array(Symbol, (Symbol("a"),)), "e00701b30000000161"),
        (Described(ULong(0x24), []), "00532445"),
    ],
)
def test_encodes_as_the_standard_says(value: Any, encoded: str) -> None:
    """In the shortest form."""
    assert encode(value).hex() == encoded


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1, "1 (int) has no AMQP type"),
        (object, "has no AMQP type"),
        (UByte(256), "does not fit into UByte"),
        (Byte(-129), "does not fit into Byte"),
        (Symbol("ä"), "does not fit into Symbol"),
        (Array(UInt, (ULong(1),)), "1 is no UInt, which the array holds"),
        (Array(Described, ()), "an array of Described is not supported"),
    ],
)
def test_refuses_what_has_no_encoding(value: Any, message: str) -> None:
    """The error names the value and the type."""
    with pytest.raises(EncodeError) as caught:
        encode(value)
    assert message in str(caught.value)
