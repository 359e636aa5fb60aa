"""All queues together: what is sent to them, and what time does to their messages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.amqp.encoding import encode
from local_host.servicebus.amqp.message import SentMessage
from local_host.servicebus.amqp.values import Symbol
from local_host.servicebus.definitions import QueueDefinition
from local_host.servicebus.entity import Clock, Entity
from local_host.servicebus.message_store import MessageStore, StoredMessage

logger = logging.getLogger(__name__)

# How often message ids that are out of their window are dropped.
_FORGET_EVERY_MS = 60_000
# The broker's own annotations; a sender's are not kept.
_OWN_ANNOTATIONS = frozenset(
    {
        "x-opt-enqueued-time",
        "x-opt-sequence-number",
        "x-opt-locked-until",
        "x-opt-lock-token",
        "x-opt-message-state",
    }
)


class Namespace:
    """The queues of a definition file over one store.

    `on_ready(entity)` is called when a message has become receivable. Nothing is durable before `store.commit()`.
    """

    def __init__(
        self,
        definitions: Iterable[QueueDefinition],
        store: MessageStore,
        clock: Clock,
        on_ready: Callable[[Entity], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._entities: dict[str, Entity] = {}
        self._next_moment: int | None = None
        self._forget_at = 0
        for definition in definitions:
            dead_letters = self._entity(definition, None, on_ready)
            queue = self._entity(definition, dead_letters, on_ready)
            self._entities[queue.address] = queue
            self._entities[dead_letters.address] = dead_letters
        store.serve(self._entities)
        self._next_moment = store.next_moment()

    @property
    def queues(self) -> list[str]:
        """The queues' names."""
        return [entity.definition.name for entity in self._entities.values() if entity.address == entity.queue]

    def entity(self, address: str) -> Entity:
        """The queue or dead-letter queue at an address, whatever its case; AmqpError (not-found) if there is none."""
        entity = self._entities.get(address.casefold())
        if entity is None:
            known = ", ".join(self.queues)
            raise AmqpError("amqp:not-found", f"there is no queue {address!r}; the definition file has {known}")
        return entity

    def send(self, entity: Entity, message: SentMessage) -> int:
        """Takes a message in and returns its number; that of the first one if it is a duplicate."""
        now = self._clock()
        window = entity.definition.duplicate_detection_window
        if window is not None and message.message_id is not None:
            first = self._store.recent_sequence(entity.queue, message.message_id, now)
            if first is not None:
                logger.info(
                    "duplicate_dropped queue=%s message_id=%s first=%d", entity.queue, message.message_id, first
                )
                return first
        sequence = self._store.next_sequence(entity.queue)
        if window is not None and message.message_id is not None:
            self._store.remember_id(entity.queue, message.message_id, sequence, now + _milliseconds(window))
        self._store.insert(self._stored(entity, message, sequence, now))
        entity.announce()
        return sequence

    def run_due(self) -> None:
        """Ends what has run out by now: locks and times to live."""
        now = self._clock()
        if self._forget_at <= now:
            self._store.forget_ids(now)
            self._forget_at = now + _FORGET_EVERY_MS
        if self._next_moment is None or self._next_moment > now:
            return
        for message in self._store.lapsed_locks(now):
            if (entity := self._entities.get(message.entity)) is not None:
                logger.info("lock_lapsed entity=%s sequence=%d", message.entity, message.sequence)
                entity.give_back(message)
        for message in self._store.expired(now):
            if (entity := self._entities.get(message.entity)) is not None:
                self._expire(entity, message)
        self._next_moment = self._store.next_moment()

    @property
    def next_moment(self) -> int | None:
        """When `run_due` has something to do next, in ms since 1970; None: nothing is waiting for a time."""
        return self._next_moment

    def _entity(
        self, definition: QueueDefinition, dead_letters: Entity | None, on_ready: Callable[[Entity], None]
    ) -> Entity:
        return Entity(
            definition, self._store, self._clock, dead_letters=dead_letters, on_ready=on_ready, on_moment=self._await
        )

    def _await(self, moment: int) -> None:
        if self._next_moment is None or moment < self._next_moment:
            self._next_moment = moment

    def _stored(self, entity: Entity, message: SentMessage, sequence: int, now: int) -> StoredMessage:
        longest = _milliseconds(entity.definition.default_message_ttl)
        ttl = longest if message.ttl is None else min(message.ttl, longest)
        expires_at = now + ttl
        self._await(expires_at)
        annotations = {Symbol(key): value for key, value in message.annotations.items() if key not in _OWN_ANNOTATIONS}
        return StoredMessage(
            id=None,
            entity=entity.address,
            sequence=sequence,
            enqueued_at=now,
            expires_at=expires_at,
            delivery_count=0,
            lock_token=None,
            locked_until=None,
            durable=message.durable,
            priority=message.priority,
            ttl=ttl,
            message_id=message.message_id,
            annotations=encode(annotations),
            content=message.content,
        )

    def _expire(self, entity: Entity, message: StoredMessage) -> None:
        logger.info("message_expired entity=%s sequence=%d", message.entity, message.sequence)
        if entity.definition.dead_lettering_on_expiration:
            entity.dead_letter(
                message, "TTLExpiredException", "The message expired and was dead lettered: its time to live ended."
            )
        else:
            self._store.delete(message)


def _milliseconds(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)
