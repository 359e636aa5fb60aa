"""Nodes that answer requests: a client sends to them on one link and receives the answers on another."""

from __future__ import annotations

import logging
import struct
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_host.servicebus.amqp.message import encode_response, parse_request
from local_host.servicebus.amqp.states import Accepted, Outcome
from local_host.servicebus.nodes import Outlet

logger = logging.getLogger(__name__)

# A client that asks but never listens must not fill the memory.
_MAX_WAITING = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: application properties and the body's value."""

    properties: Mapping[str, Any]
    body: Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: application properties, the status among them, and the body's value."""

    properties: Mapping[str, Any]
    body: Any = None


class RequestNode:
    """One address within one session, with both its links.

    A client that asks is answered even if its credit is used up: azure-servicebus gives 10,000 when it attaches, never
    again, and would wait for ever for the answer after those.
    """

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self._answer = answer
        self._outlets: list[Outlet] = []
        self._waiting: deque[bytes] = deque(maxlen=_MAX_WAITING)
        self._sent = 0

    def take(self, message: bytes, message_format: int) -> Outcome:
        """Answers a request. DecodeError if it is none."""
        request_id, properties, body = parse_request(message)
        answer = self._answer(Request(properties, body))
        self._waiting.append(encode_response(request_id, answer.properties, answer.body))
        self._send_waiting()
        return Accepted()

    def open(self, outlet: Outlet) -> None:
        """The link for answers begins."""
        self._outlets.append(outlet)

    def close(self, outlet: Outlet) -> None:
        """The link for answers has ended."""
        self._outlets.remove(outlet)

    def pull(self, outlet: Outlet) -> None:
        """The client takes answers."""
        self._send_waiting()
        outlet.finish_drain()

    def settle(self, tag: bytes, outcome: Outcome) -> Outcome:
        """Nothing depends on what the client does with an answer."""
        return outcome

    def _send_waiting(self) -> None:
        for outlet in reversed(self._outlets):
            while self._waiting and outlet.listening:
                self._sent += 1
                outlet.send(struct.pack(">I", self._sent % 2**32), self._waiting.popleft())
