"""What can be done with the messages of a queue or of its dead-letter queue."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.amqp.message import with_application_properties
from local_host.servicebus.definitions import QueueDefinition
from local_host.servicebus.message_store import MessageStore, StoredMessage

Clock = Callable[[], int]
"""Milliseconds since 1970-01-01 UTC."""

DEAD_LETTER_SUFFIX = "/$deadletterqueue"

Settlement = Literal["complete", "abandon", "dead_letter", "release"]

_REASON, _DESCRIPTION = "DeadLetterReason", "DeadLetterErrorDescription"
# What a list of peeked messages may hold; the caller asks again for more.
_MAX_PEEKED = 256


@dataclass(frozen=True, slots=True)
class LockedMessage:
    """A message and the token by which its receiver settles it."""

    message: StoredMessage
    token: bytes


class Entity:
    """One queue, or its dead-letter queue. A lock lasts until `locked_until`, whatever happens to its connection.

    `on_ready(entity)` is called when a message has become receivable, `on_moment(ms)` when a lock has been given that
    must be looked at by then.
    """

    def __init__(
        self,
        definition: QueueDefinition,
        store: MessageStore,
        clock: Clock,
        *,
        dead_letters: Entity | None,
        on_ready: Callable[[Entity], None],
        on_moment: Callable[[int], None],
    ) -> None:
        self.definition = definition
        self.queue = definition.name.casefold()
        self.address = self.queue if dead_letters is not None else self.queue + DEAD_LETTER_SUFFIX
        self._dead_letters = dead_letters
        self._store = store
        self._clock = clock
        self._on_ready = on_ready
        self._on_moment = on_moment
        self._lock_ms = round(definition.lock_duration.total_seconds() * 1000)

    def announce(self) -> None:
        """Says that a message has become receivable."""
        self._on_ready(self)

    def lock_next(self, limit: int) -> list[LockedMessage]:
        """Locks the next messages for a receiver that will settle them."""
        return [self._lock(message) for message in self._store.ready(self.address, self._clock(), limit)]

    def take_next(self, limit: int) -> list[StoredMessage]:
        """Hands over the next messages and forgets them."""
        messages = self._store.ready(self.address, self._clock(), limit)
        for message in messages:
            self._store.delete(message)
        return messages

    def settle(self, token: bytes, settlement: Settlement, properties: Mapping[str, Any] | None = None) -> None:
        """Ends a lock. AmqpError (message-lock-lost) if it has run out or was ended.

        `properties` become application properties of the message, such as the reason of a dead letter.
        """
        if settlement == "complete":
            if not self._store.delete_locked(self.address, token, self._clock()):
                raise self._lock_lost(token)
            return
        message = self._locked(token)
        message.content = with_application_properties(message.content, properties or {})
        if properties:
            self._store.update(message)
        if settlement == "dead_letter":
            self._bury(message)
        elif settlement == "release":
            self._unlock(message, failed=False)
        else:
            self.give_back(message)

    def give_back(self, message: StoredMessage) -> None:
        """Ends a lock after a failed delivery; after the last one that is allowed, the message is a dead letter."""
        if self._dead_letters is not None and message.delivery_count + 1 >= self.definition.max_delivery_count:
            message.delivery_count += 1
            limit = self.definition.max_delivery_count
            self.dead_letter(
                message,
                "MaxDeliveryCountExceeded",
                f"Message could not be consumed after {limit} delivery attempts.",
            )
        else:
            self._unlock(message, failed=True)

    def dead_letter(self, message: StoredMessage, reason: str, description: str) -> None:
        """Moves a message to the dead-letter queue with its reason."""
        message.content = with_application_properties(message.content, {_REASON: reason, _DESCRIPTION: description})
        self._bury(message)

    def renew(self, tokens: Iterable[bytes]) -> list[int]:
        """Prolongs locks by the queue's lock duration from now; when each ends. All or none."""
        messages = [self._locked(token) for token in tokens]
        for message in messages:
            message.locked_until = self._clock() + self._lock_ms
            self._store.update_delivery(message)
        return [message.locked_until or 0 for message in messages]

    def peek(self, sequence: int, count: int) -> list[StoredMessage]:
        """Messages from this number on, locked or not, at most 256, unchanged."""
        return self._store.from_sequence(self.address, sequence, min(count, _MAX_PEEKED))

    def _lock(self, message: StoredMessage) -> LockedMessage:
        token = uuid.uuid4().bytes
        message.lock_token = token
        message.locked_until = self._clock() + self._lock_ms
        self._store.update_delivery(message)
        self._on_moment(message.locked_until)
        return LockedMessage(message, token)

    def _locked(self, token: bytes) -> StoredMessage:
        message = self._store.locked(self.address, token, self._clock())
        if message is None:
            raise self._lock_lost(token)
        return message

    def _lock_lost(self, token: bytes) -> AmqpError:
        return AmqpError(
            "com.microsoft:message-lock-lost",
            f"the lock {uuid.UUID(bytes=token)} is not valid: it has run out, or its message has been settled",
        )

    def _unlock(self, message: StoredMessage, *, failed: bool) -> None:
        message.lock_token = message.locked_until = None
        message.delivery_count += failed
        self._store.update_delivery(message)
        if message.expires_at is not None:
            self._on_moment(message.expires_at)
        self.announce()

    def _bury(self, message: StoredMessage) -> None:
        # A dead letter that is dead-lettered again stays where it is.
        grave = self._dead_letters or self
        message.entity = grave.address
        message.lock_token = message.locked_until = message.expires_at = None
        self._store.update(message)
        grave.announce()
