"""`$management` of a queue: what clients ask for beside sending and receiving."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.amqp.values import Array, Int, Symbol, Timestamp
from local_host.servicebus.delivery import encode_delivery
from local_host.servicebus.entity import Entity, Settlement
from local_host.servicebus.requests import Answer, Request
from local_host.servicebus.rights import Claims

_ARGUMENT_ERROR = "com.microsoft:argument-error"
_STATUS = MappingProxyType(
    {
        "com.microsoft:message-lock-lost": 410,
        "amqp:not-implemented": 501,
        "amqp:unauthorized-access": 401,
    }
)
_SETTLEMENTS: Mapping[str, Settlement] = MappingProxyType(
    {"completed": "complete", "abandoned": "abandon", "suspended": "dead_letter"}
)
_DEAD_LETTER_FIELDS = MappingProxyType(
    {"deadletter-reason": "DeadLetterReason", "deadletter-description": "DeadLetterErrorDescription"}
)

T = TypeVar("T")


class Management:
    """Answers the requests for one queue or dead-letter queue."""

    def __init__(self, entity: Entity, claims: Claims) -> None:
        self._entity = entity
        self._claims = claims
        self._operations: Mapping[str, Callable[[Mapping[str, Any]], Answer]] = {
            "com.microsoft:renew-lock": self._renew_lock,
            "com.microsoft:peek-message": self._peek_message,
            "com.microsoft:update-disposition": self._update_disposition,
        }

    def answer(self, request: Request) -> Answer:
        """Does what was asked. What cannot be done is answered with its status and error condition."""
        name = request.properties.get("operation")
        try:
            operation = self._operations.get(name) if isinstance(name, str) else None
            if operation is None:
                known = ", ".join(self._operations)
                raise AmqpError(
                    "amqp:not-implemented",
                    f"the local broker does not support the operation {name!r}; these are: {known}",
                )
            self._claims.require(self._entity.queue, "Listen")
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

    def _update_disposition(self, body: Mapping[str, Any]) -> Answer:
        status = _value(body, "disposition-status", str)
        if status == "defered":
            # It is spelled so on the wire.
            raise AmqpError("amqp:not-implemented", "the local broker cannot defer a message: abandon it")
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
