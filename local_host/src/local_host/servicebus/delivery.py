"""A stored message as a receiver gets it."""

from __future__ import annotations

import uuid

from local_host.servicebus.amqp.decoding import decode
from local_host.servicebus.amqp.message import encode_annotations, encode_delivery_annotations, encode_header
from local_host.servicebus.amqp.values import Int, Long, Timestamp
from local_host.servicebus.entity import DEAD_LETTER_SUFFIX
from local_host.servicebus.message_store import StoredMessage

_LONGEST_TTL = 2**32 - 1
# The only state that a message has here, by its number on the wire.
_ACTIVE = 0


def encode_delivery(message: StoredMessage, token: bytes | None = None) -> bytes:
    """Header and annotations of the broker, then what the sender wrote.

    Args:
        token: of the lock, if the delivery is locked.
    """
    annotations = dict(decode(message.annotations)[0])
    annotations["x-opt-enqueued-time"] = Timestamp(message.enqueued_at)
    annotations["x-opt-sequence-number"] = Long(message.sequence)
    annotations["x-opt-message-state"] = Int(_ACTIVE)
    if message.locked_until is not None:
        annotations["x-opt-locked-until"] = Timestamp(message.locked_until)
    if message.entity.endswith(DEAD_LETTER_SUFFIX):
        annotations["x-opt-enqueue-sequence-number"] = Long(message.sequence)
    header = encode_header(
        durable=bool(message.durable),
        priority=message.priority,
        # A header cannot say more than 49 days.
        ttl=message.ttl if message.ttl is not None and message.ttl <= _LONGEST_TTL else None,
        delivery_count=message.delivery_count,
    )
    lock = {} if token is None else {"x-opt-lock-token": uuid.UUID(bytes=token)}
    return header + encode_delivery_annotations(lock) + encode_annotations(annotations) + message.content
