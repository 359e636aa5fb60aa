"""Hands messages to the receivers that wait for them, in turn."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.amqp.states import Accepted, Modified, Outcome, Rejected, Released
from local_host.servicebus.delivery import encode_delivery
from local_host.servicebus.entity import Entity, Settlement
from local_host.servicebus.nodes import Outlet

# How many messages one receiver gets before it is the next one's turn.
_TURN = 20
_DEAD_LETTER = "com.microsoft:dead-letter"
_NO_PROPERTIES: Mapping[str, Any] = MappingProxyType({})


class Dispatcher:
    """Knows who receives from which queue. `wake` notes that there may be something to do, `run` does it."""

    def __init__(self) -> None:
        self._outlets: dict[str, deque[Outlet]] = {}
        self._woken: dict[str, Entity] = {}

    def wake(self, entity: Entity) -> None:
        """A message has become receivable, or a receiver able to take one."""
        self._woken[entity.address] = entity

    def add(self, entity: Entity, outlet: Outlet) -> None:
        """A receiver begins."""
        self._outlets.setdefault(entity.address, deque()).append(outlet)

    def remove(self, entity: Entity, outlet: Outlet) -> None:
        """A receiver has ended."""
        outlets = self._outlets.get(entity.address)
        if outlets is not None and outlet in outlets:
            outlets.remove(outlet)

    def run(self) -> None:
        """Sends what can be sent."""
        while self._woken:
            _, entity = self._woken.popitem()
            outlets = self._outlets.get(entity.address)
            if outlets:
                self._distribute(entity, outlets)

    def _distribute(self, entity: Entity, outlets: deque[Outlet]) -> None:
        idle = 0
        while idle < len(outlets):
            outlet = outlets[0]
            outlets.rotate(-1)
            wanted = min(outlet.sendable, _TURN)
            if wanted == 0:
                idle += 1
                continue
            if _send(entity, outlet, wanted) < wanted:
                break
            idle = 0
        for outlet in outlets:
            outlet.finish_drain()


class QueueSource:
    """Messages of a queue or dead-letter queue, for a receiver."""

    def __init__(self, entity: Entity, dispatcher: Dispatcher) -> None:
        self._entity = entity
        self._dispatcher = dispatcher

    def open(self, outlet: Outlet) -> None:
        """A receiver begins."""
        self._dispatcher.add(self._entity, outlet)

    def close(self, outlet: Outlet) -> None:
        """A receiver has ended."""
        self._dispatcher.remove(self._entity, outlet)

    def pull(self, outlet: Outlet) -> None:
        """The receiver has given credit, or asked for a drain."""
        self._dispatcher.wake(self._entity)

    def settle(self, tag: bytes, outcome: Outcome) -> Outcome:
        """Settles a message. A rejection with an error is the answer if it cannot be settled."""
        try:
            settlement, properties = _settlement(outcome)
            self._entity.settle(lock_token(tag), settlement, properties)
        except AmqpError as error:
            return Rejected(error=error)
        # What was asked for is confirmed as it was asked for, a dead letter without its reason.
        return Rejected() if isinstance(outcome, Rejected) else outcome


def delivery_tag(token: bytes) -> bytes:
    """The tag by which clients know a lock: the bytes of its UUID in the order of .NET."""
    return uuid.UUID(bytes=token).bytes_le


def lock_token(tag: bytes) -> bytes:
    """The lock that a delivery tag stands for."""
    return uuid.UUID(bytes_le=tag).bytes


def _send(entity: Entity, outlet: Outlet, limit: int) -> int:
    """Sends up to `limit` messages; how many there were."""
    if outlet.settled_on_sending:
        taken = entity.take_next(limit)
        for message in taken:
            outlet.send(uuid.uuid4().bytes, encode_delivery(message))
        return len(taken)
    locked = entity.lock_next(limit)
    for lock in locked:
        outlet.send(delivery_tag(lock.token), encode_delivery(lock.message, lock.token))
    return len(locked)


def _settlement(outcome: Outcome) -> tuple[Settlement, Mapping[str, Any]]:
    match outcome:
        case Accepted():
            return "complete", _NO_PROPERTIES
        case Released():
            return "release", _NO_PROPERTIES
        case Modified(undeliverable_here=True):
            raise AmqpError("amqp:not-implemented", "the local broker cannot defer a message: abandon it")
        case Modified():
            return "abandon", outcome.annotations
        case Rejected(info=info):
            return "dead_letter", info if outcome.condition == _DEAD_LETTER else _rejection(outcome)


def _rejection(outcome: Rejected) -> Mapping[str, Any]:
    """A plain rejection, as other AMQP clients send it, in the words of a dead letter."""
    words = {"DeadLetterReason": outcome.condition, "DeadLetterErrorDescription": outcome.description}
    return {name: value for name, value in words.items() if value}
