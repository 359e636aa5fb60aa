"""The service's quotas for one message."""

import pytest

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.amqp.message import parse_message
from local_host.servicebus.limits import check_limits

from .conftest import encoded_message

KILO = 1024


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (encoded_message(message_id="x" * 128), ""),
        (encoded_message(message_id="x" * 129), "message-id has 129 characters: .* 128 "),
        (encoded_message(properties={"a": "x" * 31 * KILO}), ""),
        (encoded_message(properties={"a": "x" * 33 * KILO}), "application property 'a' has 33797 bytes"),
        (encoded_message(properties=dict.fromkeys("abc", "x" * 20 * KILO)), ""),
        (encoded_message(properties=dict.fromkeys("abc", "x" * 22 * KILO)), "together they may have 65536"),
        (encoded_message(b"x" * 200 * KILO), ""),
    ],
)
def test_quotas(message: bytes, reason: str) -> None:
    """Of the id, of each property, of all of them; the body has a limit of its own."""
    if not reason:
        check_limits(parse_message(message))
        return
    with pytest.raises(AmqpError, match=reason) as refused:
        check_limits(parse_message(message))
    assert refused.value.condition == "com.microsoft:argument-error"
