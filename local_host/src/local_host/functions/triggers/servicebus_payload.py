"""A Service Bus message as azure-functions' converter reads it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from azure.functions.meta import Datum
from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.amqp import AmqpMessageBodyType

# A message without a time to live expires at DateTimeOffset.MaxValue.
_NEVER = "9999-12-31T23:59:59.9999999"


def body_of(message: ServiceBusReceivedMessage) -> bytes:
    """The body's bytes; ValueError if it is an AMQP value other than text or bytes."""
    if message.body_type == AmqpMessageBodyType.DATA:
        return b"".join(message.body)
    if message.body_type == AmqpMessageBodyType.VALUE:
        if isinstance(message.body, bytes):
            return message.body
        if isinstance(message.body, str):
            return message.body.encode()
    raise ValueError(f"message {message.message_id!r} has a body of AMQP type {message.body_type}; send it as data")


def trigger_metadata(message: ServiceBusReceivedMessage) -> dict[str, Datum]:
    """What the extension tells of a message beside its body, each value in the type that it has there.

    What is not here a function does not see in Azure either: not the time to live, the lock's end, the state, nor why
    a dead letter is one (that is in the application properties `DeadLetterReason`, `DeadLetterErrorDescription`).
    Source: ServiceBusTriggerBindingStrategy of Microsoft.Azure.WebJobs.Extensions.ServiceBus 5, and the host's
    conversion: what is null is left out, texts are texts, everything else is JSON.
    """
    properties = _plain(message.application_properties or {})
    texts = {
        "MessageId": message.message_id,
        "ContentType": message.content_type,
        "CorrelationId": message.correlation_id,
        "Label": message.subject,
        "Subject": message.subject,
        "To": message.to,
        "ReplyTo": message.reply_to,
        "ReplyToSessionId": message.reply_to_session_id,
        "SessionId": message.session_id,
        "PartitionKey": message.partition_key,
        "LockToken": None if message.lock_token is None else str(message.lock_token),
        "DeadLetterSource": message.dead_letter_source,
    }
    enqueued, expires = _time(message.enqueued_time_utc), _time(message.expires_at_utc) or _NEVER
    documents = {
        # The converter takes the presence of the first as the sign of a single message.
        "UserProperties": properties,
        "ApplicationProperties": properties,
        # .NET's DateTime has no zone here, its DateTimeOffset has.
        "EnqueuedTimeUtc": enqueued,
        "EnqueuedTime": enqueued and f"{enqueued}+00:00",
        "ExpiresAtUtc": expires,
        "ExpiresAt": f"{expires}+00:00",
        # On the wire the first delivery is number 0, in .NET and so in Azure Functions it is 1.
        "DeliveryCount": (message.delivery_count or 0) + 1,
        "SequenceNumber": message.sequence_number,
    }
    return {
        **{name: Datum(_text(value), "string") for name, value in texts.items() if value is not None},
        **{name: Datum(json.dumps(value), "json") for name, value in documents.items() if value is not None},
    }


def _time(moment: datetime | None) -> str | None:
    """As Newtonsoft writes a DateTime: no zeros at the end of a fraction."""
    if moment is None:
        return None
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text.rstrip("0").rstrip(".")


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _plain(value: Any) -> Any:
    """The value as JSON can hold it."""
    if isinstance(value, dict):
        return {_text(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else _text(value)
