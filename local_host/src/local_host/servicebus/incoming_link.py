"""A link on which a client sends."""

from __future__ import annotations

from collections.abc import Callable

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.amqp.errors import DecodeError
from local_host.servicebus.amqp.performatives import Disposition, Transfer
from local_host.servicebus.amqp.states import Outcome, Rejected, encode_outcome
from local_host.servicebus.nodes import Sink

MAX_MESSAGE_SIZE = 262_144
"""The largest message or batch, in bytes: that of the standard tier."""

CREDIT = 1000
"""How many messages a client may send before it hears of more credit."""


class IncomingLink:
    """Puts transfers together to messages and answers each with its outcome.

    `send(performative)` sends to the client; `grant(link)` tells it the link's credit.
    """

    def __init__(
        self,
        handle: int,
        name: str,
        sink: Sink,
        send: Callable[[Disposition], None],
        grant: Callable[[IncomingLink], None],
    ) -> None:
        self.handle = handle
        self.name = name
        self.delivery_count = 0
        self.credit = CREDIT
        self._sink = sink
        self._send = send
        self._grant = grant
        self._first: Transfer | None = None
        self._parts: list[bytes] = []
        self._size = 0

    def transfer(self, transfer: Transfer, payload: bytes) -> None:
        """Takes a message or a part. AmqpError ends the link."""
        if self._first is None:
            if transfer.delivery_id is None:
                raise AmqpError("amqp:not-allowed", "the first transfer of a delivery must have a delivery-id")
            self._first = transfer
        first = self._first
        self._size += len(payload)
        if self._size <= MAX_MESSAGE_SIZE:
            self._parts.append(payload)
        else:
            self._parts.clear()
        if transfer.more and not transfer.aborted:
            return
        size, message = self._size, b"".join(self._parts)
        self._first, self._parts, self._size = None, [], 0
        self.delivery_count = (self.delivery_count + 1) % 2**32
        self.credit -= 1
        if not transfer.aborted:
            outcome = _too_large(size) if size > MAX_MESSAGE_SIZE else self._outcome(message, first.message_format or 0)
            if not (first.settled or transfer.settled):
                self._answer(first.delivery_id or 0, outcome)
        if self.credit <= CREDIT // 2:
            self.credit = CREDIT
            self._grant(self)

    def _outcome(self, message: bytes, message_format: int) -> Outcome:
        try:
            return self._sink.take(message, message_format)
        except AmqpError as error:
            return Rejected(error=error)
        except DecodeError as error:
            return Rejected(error=AmqpError("amqp:decode-error", str(error)))

    def _answer(self, delivery_id: int, outcome: Outcome) -> None:
        state = encode_outcome(outcome)
        self._send(Disposition(role=True, first=delivery_id, last=delivery_id, settled=True, state=state))


def _too_large(size: int) -> Rejected:
    """The real service ends the link instead, which clients report as a lost connection; this names the reason."""
    text = f"the message has {size} bytes; the limit of the link is {MAX_MESSAGE_SIZE} bytes"
    return Rejected(error=AmqpError("amqp:link:message-size-exceeded", text))
