"""A link on which a client receives."""

from __future__ import annotations

from typing import Protocol

from local_host.servicebus.amqp.performatives import Attach, Flow
from local_host.servicebus.amqp.states import Outcome
from local_host.servicebus.nodes import Source


class Channel(Protocol):
    """What a link needs of its session."""

    @property
    def blocked(self) -> bool:
        """Whether the client's window is full."""
        ...

    def deliver(self, link: OutgoingLink, tag: bytes, message: bytes) -> None:
        """Sends a message in as many transfers as it takes."""
        ...

    def send_flow(self, link: OutgoingLink, *, drained: bool) -> None:
        """Tells the client the link's state."""
        ...


class OutgoingLink:
    """Counts credit, and joins a source of messages with a session."""

    def __init__(self, attach: Attach, source: Source, channel: Channel) -> None:
        self.handle = attach.handle
        self.name = attach.name
        self.delivery_count = 0
        self.credit = 0
        self._ever_credited = False
        self._settled = attach.snd_settle_mode == 1
        self._draining = False
        self._source = source
        self._channel = channel

    @property
    def settled_on_sending(self) -> bool:
        """Whether the receiver settles nothing."""
        return self._settled

    @property
    def sendable(self) -> int:
        """How many messages may be sent now."""
        return 0 if self._channel.blocked else self.credit

    @property
    def listening(self) -> bool:
        """Whether the receiver has ever given credit, used up by now or not, and something can be sent."""
        return self._ever_credited and not self._channel.blocked

    def open(self) -> None:
        """Begins."""
        self._source.open(self)

    def close(self) -> None:
        """Ends. What is locked stays locked."""
        self._source.close(self)

    def flow(self, flow: Flow) -> None:
        """Takes the receiver's credit."""
        if flow.link_credit is not None:
            # It counts from what the receiver had seen when it wrote that.
            seen = self.delivery_count if flow.delivery_count is None else flow.delivery_count
            under_way = (self.delivery_count - seen) % 2**32
            self.credit = max(0, flow.link_credit - under_way)
            self._ever_credited = self._ever_credited or self.credit > 0
        self._draining = flow.drain
        self._source.pull(self)

    def pull(self) -> None:
        """The session can send again."""
        self._source.pull(self)

    def send(self, tag: bytes, message: bytes) -> None:
        """Sends a message."""
        self.credit = max(0, self.credit - 1)
        self.delivery_count = (self.delivery_count + 1) % 2**32
        self._channel.deliver(self, tag, message)

    def settle(self, tag: bytes, outcome: Outcome) -> Outcome:
        """Applies what the receiver decided; what it is told about that."""
        return self._source.settle(tag, outcome)

    def finish_drain(self) -> None:
        """If the receiver asked for a drain: uses its credit up and says so."""
        if not self._draining or self._channel.blocked:
            return
        self.delivery_count = (self.delivery_count + self.credit) % 2**32
        self.credit = 0
        self._draining = False
        self._channel.send_flow(self, drained=True)
