"""The service's quotas for one message, beside its size (learn.microsoft.com, Service Bus quotas)."""

from __future__ import annotations

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.amqp.encoding import encode
from local_host.servicebus.amqp.message import SentMessage, header_size, parse_application_properties

MAX_MESSAGE_ID = 128
MAX_PROPERTY_SIZE = 32 * 1024
MAX_HEADER_SIZE = 64 * 1024
_CONDITION = "com.microsoft:argument-error"
_SCHEDULED_TIME = "x-opt-scheduled-enqueue-time"


def check_limits(message: SentMessage) -> None:
    """AmqpError if a message breaks a quota that does not depend on the queue or the tier, or is to be scheduled."""
    if message.annotations.get(_SCHEDULED_TIME) is not None:
        rule = f"message annotation {_SCHEDULED_TIME} must be absent"
        raise AmqpError("amqp:not-implemented", f"the local broker has no scheduled messages: {rule}")
    if message.message_id is not None and len(message.message_id) > MAX_MESSAGE_ID:
        rule = f"must be at most {MAX_MESSAGE_ID} characters"
        raise AmqpError(_CONDITION, f"message-id has {len(message.message_id)} characters: it {rule}")
    if len(message.content) <= MAX_PROPERTY_SIZE:
        return
    for name, value in parse_application_properties(message.content).items():
        size = len(encode(value))
        if size > MAX_PROPERTY_SIZE:
            rule = f"must be at most {MAX_PROPERTY_SIZE} bytes"
            raise AmqpError(_CONDITION, f"application property {name!r} has {size} bytes: it {rule}")
    size = header_size(message.content)
    if size > MAX_HEADER_SIZE:
        raise AmqpError(_CONDITION, f"all properties have {size} bytes: together they may have {MAX_HEADER_SIZE}")
