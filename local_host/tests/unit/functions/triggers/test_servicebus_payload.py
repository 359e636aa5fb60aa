"""Messages as azure-functions' converter reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import azure.functions as func
import pytest
from azure.functions.meta import Datum
from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus._pyamqp._decode import decode_payload

from local_host.functions.bindings import decode
from local_host.functions.triggers.servicebus_payload import body_of, trigger_metadata
from local_host.servicebus.amqp.encoding import encode
from local_host.servicebus.amqp.message import encode_annotations, encode_header
from local_host.servicebus.amqp.values import Described, Long, Timestamp, ULong

_NOW = 1_790_000_000_123


def received(body: bytes, **properties: Any) -> ServiceBusReceivedMessage:
    """A message as the SDK hands it over, from its bytes on the wire."""
    header = encode_header(durable=True, priority=None, ttl=86_400_000, delivery_count=1)
    annotations = encode_annotations(
        {
            "x-opt-sequence-number": Long(7),
            "x-opt-enqueued-time": Timestamp(_NOW),
            "x-opt-locked-until": Timestamp(_NOW + 60_000),
        }
    )
    own = encode(Described(ULong(0x73), ["id", None, "to", "subject", None, "correlation"]))
    encoded = header + annotations + own + encode(Described(ULong(0x74), properties)) + body
    message = decode_payload(memoryview(encoded))
    return ServiceBusReceivedMessage(message, receiver=None, frame=[None] * 12)  # type: ignore[arg-type]


def data(body: bytes) -> bytes:
    """A data section."""
    return encode(Described(ULong(0x75), body))


def test_the_function_sees_what_the_extension_tells() -> None:
    """Through the official converter; the first delivery is number 1, and times have no zone."""
    message = received(
        data(b"ab") + data(b"c"), kind="alert", number=Long(3), DeadLetterReason="r", DeadLetterErrorDescription="d"
    )
    seen = decode("serviceBusTrigger", Datum(body_of(message), "bytes"), trigger_metadata(message))
    assert isinstance(seen, func.ServiceBusMessage)
    enqueued = datetime.fromtimestamp(_NOW / 1000, UTC).replace(tzinfo=None)
    assert seen.get_body() == b"abc"
    assert (seen.message_id, seen.to, seen.subject, seen.label) == ("id", "to", "subject", "subject")
    assert (seen.correlation_id, seen.sequence_number, seen.delivery_count) == ("correlation", 7, 2)
    assert (seen.enqueued_time_utc, seen.expires_at_utc) == (enqueued, enqueued + timedelta(days=1))
    assert seen.user_properties == seen.application_properties
    assert seen.application_properties == {
        "kind": "alert",
        "number": 3,
        "DeadLetterReason": "r",
        "DeadLetterErrorDescription": "d",
    }


def test_the_function_does_not_see_what_the_extension_keeps() -> None:
    """In Azure these are None for Python, whatever the message says: an app must not count on them here either."""
    message = received(data(b"x"), DeadLetterReason="r", DeadLetterErrorDescription="d")
    assert (message.dead_letter_reason, message.time_to_live) == ("r", timedelta(days=1))
    seen = decode("serviceBusTrigger", Datum(b"x", "bytes"), trigger_metadata(message))
    hidden = (seen.dead_letter_reason, seen.dead_letter_error_description, seen.time_to_live, seen.locked_until)
    assert (*hidden, seen.state, seen.enqueued_sequence_number, seen.scheduled_enqueue_time_utc) == (None,) * 7


def test_a_message_that_never_expires_does_so_at_the_end_of_the_calendar() -> None:
    """As .NET says it; the converter reads it."""
    message = received(data(b"x"))
    message._raw_amqp_message.header.time_to_live = None
    seen = decode("serviceBusTrigger", Datum(body_of(message), "bytes"), trigger_metadata(message))
    assert isinstance(seen, func.ServiceBusMessage)
    assert seen.expires_at_utc is not None
    assert seen.expires_at_utc.year == 9999


def test_values_have_the_types_that_the_host_gives_them() -> None:
    """Texts as texts, everything else as JSON, what is null not at all."""
    found = {name: (datum.type, datum.value) for name, datum in trigger_metadata(received(data(b"x"))).items()}
    assert found == {
        "MessageId": ("string", "id"),
        "To": ("string", "to"),
        "Subject": ("string", "subject"),
        "Label": ("string", "subject"),
        "CorrelationId": ("string", "correlation"),
        "UserProperties": ("json", "{}"),
        "ApplicationProperties": ("json", "{}"),
        "EnqueuedTimeUtc": ("json", '"2026-09-21T14:13:20.123"'),
        "EnqueuedTime": ("json", '"2026-09-21T14:13:20.123+00:00"'),
        "ExpiresAtUtc": ("json", '"2026-09-22T14:13:20.123"'),
        "ExpiresAt": ("json", '"2026-09-22T14:13:20.123+00:00"'),
        "DeliveryCount": ("json", "2"),
        "SequenceNumber": ("json", "7"),
    }


@pytest.mark.parametrize(("value", "body"), [("text", b"text"), (b"bytes", b"bytes")])
def test_value_bodies(value: Any, body: bytes) -> None:
    """Text and bytes sent as AMQP values are taken too."""
    assert body_of(received(encode(Described(ULong(0x77), value)))) == body


def test_other_bodies_are_refused() -> None:
    """By message id and type."""
    with pytest.raises(ValueError, match="message 'id' has a body of AMQP type"):
        body_of(received(encode(Described(ULong(0x77), {"a": True}))))
