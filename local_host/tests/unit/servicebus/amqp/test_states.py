"""Outcomes on the wire."""

from __future__ import annotations

import pytest

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.amqp.errors import DecodeError
from local_host.servicebus.amqp.states import (
    Accepted,
    Modified,
    Outcome,
    Rejected,
    Released,
    decode_outcome,
    encode_outcome,
)
from local_host.servicebus.amqp.values import Described, ULong


@pytest.mark.parametrize("outcome", [Accepted(), Released(), Rejected(), Modified(delivery_failed=True), Modified()])
def test_round_trip(outcome: Outcome) -> None:
    """What is sent reads the same."""
    assert decode_outcome(encode_outcome(outcome)) == outcome


def test_an_error_has_its_three_fields() -> None:
    """Clients fail on an error without details."""
    encoded = encode_outcome(Rejected(error=AmqpError("c:d", "why")))
    assert decode_outcome(encoded) == Rejected("c:d", "why", {"description": "why"})


def test_what_is_no_outcome() -> None:
    """A delivery under way has none; anything else is an error."""
    assert decode_outcome(None) is None
    assert decode_outcome(Described(ULong(0x23), [])) is None
    with pytest.raises(DecodeError, match="no delivery state"):
        decode_outcome("accepted")
