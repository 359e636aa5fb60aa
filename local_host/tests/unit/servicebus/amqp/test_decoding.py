"""Bytes from anywhere."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_host.servicebus.amqp.decoding import decode
from local_host.servicebus.amqp.encoding import encode
from local_host.servicebus.amqp.errors import DecodeError

from .wire_values import VALUES


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_clear_error(data: bytes) -> None:
    """Nothing else is raised, whatever comes."""
    end = 0
    with contextlib.suppress(DecodeError):
        _, end = decode(data)
    assert end <= len(data)


@given(VALUES, st.data())
def test_a_cut_off_value_is_an_error(value: Any, data: st.DataObject) -> None:
    """No value is a part of another one."""
    encoded = encode(value)
    with pytest.raises(DecodeError):
        decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))])


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        ("", "cut off"),
        ("99", "0x99 is no AMQP constructor"),
        ("a00561", "5 bytes are announced, 1 are there"),
        ("a101ff", "not UTF-8"),
        ("a301ff", "not ASCII"),
        ("73ffffffff", "no Unicode character"),
        ("c1020140", "a key without a value"),
        ("c1050245454545", "the elements of a compound end here"),
        ("c103024540", "a key of a map is a list"),
        ("d0000000040fffffff", "more than 65536 elements"),
        ("e0020100", "an array of 0x00 is not supported"),
        ("c0ff01", "exceeds what is there"),
    ],
)
def test_says_what_is_wrong(encoded: str, message: str) -> None:
    """The error tells the byte and the rule."""
    with pytest.raises(DecodeError) as caught:
        decode(bytes.fromhex(encoded))
    assert message in str(caught.value)


def test_nesting_has_an_end() -> None:
    """Thousands of levels in a few bytes are refused, not followed."""
    with pytest.raises(DecodeError, match="levels"):
        decode(b"\x00" * 5000)
