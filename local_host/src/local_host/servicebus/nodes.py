"""The two ends that a link can have in the broker."""

from __future__ import annotations

from typing import Protocol

from local_host.servicebus.amqp.states import Outcome


class Sink(Protocol):
    """Takes what a client sends."""

    def take(self, message: bytes, message_format: int) -> Outcome:
        """What became of the message. DecodeError or AmqpError: it is refused, and the sender is told why."""
        ...


class Outlet(Protocol):
    """The sending side of a link, as a source sees it."""

    @property
    def sendable(self) -> int:
        """How many messages may be sent now."""
        ...

    @property
    def listening(self) -> bool:
        """Whether the receiver has ever given credit, used up by now or not, and something can be sent."""
        ...

    @property
    def settled_on_sending(self) -> bool:
        """Whether the receiver settles nothing."""
        ...

    def send(self, tag: bytes, message: bytes) -> None:
        """Sends a message; `tag` names the delivery when it is settled."""
        ...

    def finish_drain(self) -> None:
        """If the receiver asked for a drain: tells it that there is nothing more."""
        ...


class Source(Protocol):
    """Gives messages to a client that receives."""

    def open(self, outlet: Outlet) -> None:
        """A link begins."""
        ...

    def close(self, outlet: Outlet) -> None:
        """A link has ended."""
        ...

    def pull(self, outlet: Outlet) -> None:
        """The receiver has given credit, or asked for a drain."""
        ...

    def settle(self, tag: bytes, outcome: Outcome) -> Outcome:
        """Applies what the receiver decided; what it is told about that."""
        ...
