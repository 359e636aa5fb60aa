"""A Service Bus message as azure-functions' converter reads it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from azure.functions.meta import Datum
from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.amqp import AmqpMessageBodyType

_NEVER = datetime.max.replace(tzinfo=UTC)


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
    """What the host tells of a message beside its body. What the message lacks is left out."""
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
        "DeadLetterReason": message.dead_letter_reason,
        "DeadLetterErrorDescription": message.dead_letter_error_description,
        "DeadLetterSource": message.dead_letter_source,
        "EnqueuedTimeUtc": _time(message.enqueued_time_utc),
        # .NET has always one: a message that does not expire does so at the end of its calendar.
        "ExpiresAtUtc": _time(message.expires_at_utc or _NEVER),
        "LockedUntil": _time(message.locked_until_utc),
        "ScheduledEnqueueTimeUtc": _time(message.scheduled_enqueue_time_utc),
        # The converter knows no days: it reads h:mm:ss or whole seconds.
        "TimeToLive": None if message.time_to_live is None else str(int(message.time_to_live.total_seconds())),
    }
    numbers = {
        # On the wire the first delivery is number 0, in .NET and so in Azure Functions it is 1.
        "DeliveryCount": (message.delivery_count or 0) + 1,
        "SequenceNumber": message.sequence_number,
        # 0 in .NET where there is none.
        "EnqueuedSequenceNumber": message.enqueued_sequence_number or 0,
        "State": int(message.state),
    }
    return {
        # The converter takes the presence of this one as the sign of a single message.
        "UserProperties": Datum(json.dumps(properties), "json"),
        "ApplicationProperties": Datum(json.dumps(properties), "json"),
        **{name: Datum(_text(value), "string") for name, value in texts.items() if value is not None},
        **{name: Datum(value, "int") for name, value in numbers.items() if value is not None},
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _plain(value: Any) -> Any:
    """The value as JSON can hold it."""
    if isinstance(value, dict):
        return {_text(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else _text(value)
