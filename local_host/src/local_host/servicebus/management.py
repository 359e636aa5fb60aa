"""`$management` of a queue: what clients ask for beside sending and receiving."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.amqp.errors import DecodeError
from local_host.servicebus.amqp.message import parse_message
from local_host.servicebus.amqp.values import Array, Int, Long, Symbol, Timestamp
from local_host.servicebus.delivery import encode_delivery
from local_host.servicebus.entity import Entity, Settlement
from local_host.servicebus.incoming_link import MAX_MESSAGE_SIZE
from local_host.servicebus.limits import check_limits
from local_host.servicebus.namespace import Namespace
from local_host.servicebus.requests import Answer, Request
from local_host.servicebus.rights import Claims

_ARGUMENT_ERROR = "com.microsoft:argument-error"
_STATUS = MappingProxyType(
    {
        "com.microsoft:message-lock-lost": 410,
        "com.microsoft:message-not-found": 404,
        "amqp:link:message-size-exceeded": 403,
        "amqp:not-implemented": 501,
        "amqp:unauthorized-access": 401,
    }
)
# What a sender asks for; the rest is a receiver's.
_SENDERS = frozenset({"com.microsoft:schedule-message", "com.microsoft:cancel-scheduled-message"})
_SETTLEMENTS: Mapping[str, Settlement] = MappingProxyType(
    # The third is spelled so on the wire.
    {"completed": "complete", "abandoned": "abandon", "defered": "defer", "suspended": "dead_letter"}
)
_DEAD_LETTER_FIELDS = MappingProxyType(
    {"deadletter-reason": "DeadLetterReason", "deadletter-description": "DeadLetterErrorDescription"}
)

T = TypeVar("T")


class Management:
    """Answers the requests for one queue or dead-letter queue."""

    def __init__(self, entity: Entity, namespace: Namespace, claims: Claims) -> None:
        self._entity = entity
        self._namespace = namespace
        self._claims = claims
        self._operations: Mapping[str, Callable[[Mapping[str, Any]], Answer]] = {
            "com.microsoft:renew-lock": self._renew_lock,
            "com.microsoft:peek-message": self._peek_message,
            "com.microsoft:schedule-message": self._schedule_message,
            "com.microsoft:cancel-scheduled-message": self._cancel_scheduled_message,
            "com.microsoft:receive-by-sequence-number": self._receive_by_sequence_number,
            "com.microsoft:update-disposition": self._update_disposition,
        }

    def answer(self, request: Request) -> Answer:
        """Does what was asked. What cannot be done is answered with its status and error condition."""
        name = request.properties.get("operation")
        try:
            operation = self._operations.get(name) if isinstance(name, str) else None
            if operation is None:
                known = ", ".join(self._operations)
                raise AmqpError("amqp:not-implemented", f"operation {name!r} is not served; these are: {known}")
            self._claims.require(self._entity.queue, "Send" if name in _SENDERS else "Listen")
            if not isinstance(request.body, dict):
                raise AmqpError(_ARGUMENT_ERROR, f"the body of {name} must be a map")
            return operation({str(key): value for key, value in request.body.items()})
        except AmqpError as error:
            return Answer(
                {
                    "statusCode": Int(_STATUS.get(error.condition, 400)),
                    "statusDescription": error.description,
                    "errorCondition": Symbol(error.condition),
                }
            )

    def _renew_lock(self, body: Mapping[str, Any]) -> Answer:
        expirations = self._entity.renew(_tokens(body))
        return _ok({"expirations": Array(Timestamp, tuple(map(Timestamp, expirations)))})

    def _peek_message(self, body: Mapping[str, Any]) -> Answer:
        first, count = _value(body, "from-sequence-number", int), _value(body, "message-count", int)
        messages = self._entity.peek(first, count)
        if not messages:
            return Answer({"statusCode": Int(204), "statusDescription": "No Content"}, {})
        return _ok({"messages": [{"message": encode_delivery(message)} for message in messages]})

    def _schedule_message(self, body: Mapping[str, Any]) -> Answer:
        parsed = []
        for item in _value(body, "messages", list):
            encoded = item.get("message") if isinstance(item, dict) else None
            if not isinstance(encoded, bytes):
                raise AmqpError(_ARGUMENT_ERROR, "messages: each must be a map with the encoded message")
            if len(encoded) > MAX_MESSAGE_SIZE:
                rule = f"must be at most {MAX_MESSAGE_SIZE} bytes"
                raise AmqpError("amqp:link:message-size-exceeded", f"messages: one has {len(encoded)} bytes: it {rule}")
            try:
                message = parse_message(encoded)
            except DecodeError as error:
                raise AmqpError(_ARGUMENT_ERROR, f"messages: {error}") from error
            check_limits(message)
            parsed.append(message)
        sequences = [self._namespace.send(self._entity, message) for message in parsed]
        return _ok({"sequence-numbers": Array(Long, tuple(map(Long, sequences)))})

    def _cancel_scheduled_message(self, body: Mapping[str, Any]) -> Answer:
        self._entity.cancel_scheduled(_numbers(body))
        return _ok({})

    def _receive_by_sequence_number(self, body: Mapping[str, Any]) -> Answer:
        if _value(body, "receiver-settle-mode", int) == 0:
            taken = self._entity.take_deferred(_numbers(body))
            return _ok({"messages": [{"message": encode_delivery(message)} for message in taken]})
        locked = self._entity.lock_deferred(_numbers(body))
        return _ok(
            {
                "messages": [
                    {"message": encode_delivery(lock.message, lock.token), "lock-token": uuid.UUID(bytes=lock.token)}
                    for lock in locked
                ]
            }
        )

    def _update_disposition(self, body: Mapping[str, Any]) -> Answer:
        status = _value(body, "disposition-status", str)
        settlement = _SETTLEMENTS.get(status)
        if settlement is None:
            known = ", ".join(_SETTLEMENTS)
            raise AmqpError(_ARGUMENT_ERROR, f"disposition-status is {status!r}: it must be one of {known}")
        properties = {name: body[field] for field, name in _DEAD_LETTER_FIELDS.items() if body.get(field)}
        for token in _tokens(body):
            self._entity.settle(token, settlement, properties)
        return _ok({})


def _ok(body: Mapping[str, Any]) -> Answer:
    return Answer({"statusCode": Int(200), "statusDescription": "OK"}, body)


def _value(body: Mapping[str, Any], field: str, kind: type[T]) -> T:
    value = body.get(field)
    if not isinstance(value, kind):
        raise AmqpError(_ARGUMENT_ERROR, f"{field} is {value!r}: it must be a {kind.__name__}")
    return value


def _items(body: Mapping[str, Any], field: str, kind: type[T]) -> list[T]:
    items = _value(body, field, Array).items
    if not items or not all(isinstance(item, kind) for item in items):
        raise AmqpError(_ARGUMENT_ERROR, f"{field} must be a non-empty array of {kind.__name__}")
    return list(items)


def _tokens(body: Mapping[str, Any]) -> list[bytes]:
    return [token.bytes for token in _items(body, "lock-tokens", uuid.UUID)]


def _numbers(body: Mapping[str, Any]) -> list[int]:
    return _items(body, "sequence-numbers", int)
