"""Commands and their fields."""

from __future__ import annotations

import pytest

from local_host.servicebus.amqp.encoding import encode
from local_host.servicebus.amqp.errors import DecodeError
from local_host.servicebus.amqp.performatives import Attach, Begin, Open, decode_performative, encode_performative
from local_host.servicebus.amqp.values import Described, UInt, ULong


def test_a_short_list_takes_the_defaults() -> None:
    """A sender may leave fields away at the end, and null stands for the default."""
    encoded = encode(Described(ULong(0x10), ["me", None, None]))
    assert decode_performative(encoded)[0] == Open(container_id="me")
    assert Open(container_id="me").max_frame_size == 2**32 - 1


def test_source_and_target_come_back_as_they_were() -> None:
    """With all types of what they hold."""
    source = Described(ULong(0x28), ["q", UInt(1), {"x": [ULong(1)]}])
    attach = Attach(name="l", handle=3, role=True, source=source)
    decoded, end = decode_performative(encode_performative(attach) + b"payload")
    assert decoded == attach
    assert end == len(encode_performative(attach))


@pytest.mark.parametrize(
    ("described", "message"),
    [
        (Described(ULong(0x10), []), "Open lacks container_id"),
        (Described(ULong(0x10), [UInt(1)]), "Open.container_id is 1, not a str"),
        (Described(ULong(0x11), [None, UInt(1)]), "Begin lacks incoming_window, outgoing_window"),
        (Described(ULong(0x17), [None] * 9), "End has 9 fields, at most 1 exist"),
        (Described("x", []), "descriptor 'x' is no performative"),
        (Described(ULong(0x10), {}), "must begin with a performative"),
    ],
)
def test_says_which_field_is_wrong(described: Described, message: str) -> None:
    """The error names command, field and value."""
    with pytest.raises(DecodeError) as caught:
        decode_performative(encode(described))
    assert message in str(caught.value)


def test_commands_say_their_fields() -> None:
    """A missing field is a mistake of the caller."""
    with pytest.raises(TypeError, match="incoming_window"):
        Begin(next_outgoing_id=0)  # type: ignore[call-arg]
