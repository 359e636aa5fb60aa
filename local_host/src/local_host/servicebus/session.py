"""A session: links, delivery numbers and windows."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.amqp.performatives import (
    Attach,
    Begin,
    Detach,
    Disposition,
    Flow,
    Performative,
    Transfer,
)
from local_host.servicebus.amqp.states import decode_outcome, encode_outcome
from local_host.servicebus.amqp.values import Described
from local_host.servicebus.incoming_link import MAX_MESSAGE_SIZE, IncomingLink
from local_host.servicebus.nodes import Sink, Source
from local_host.servicebus.outgoing_link import OutgoingLink

logger = logging.getLogger(__name__)

WINDOW = 65_536
"""How many transfers a client may send before it hears of a new window."""

_HANDLE_MAX = 1023
# What a transfer's own fields take at most, with a tag of 32 bytes and the frame's prefix.
_TRANSFER_OVERHEAD = 128


class SessionNodes(Protocol):
    """Where the links of one session can lead. AmqpError if there is nothing at an address."""

    def sink(self, address: str) -> Sink: ...
    def source(self, address: str, attach: Attach) -> Source: ...


class Session:
    """One session of one connection. `send(performative, payload)` writes a frame on its channel."""

    def __init__(
        self, begin: Begin, nodes: SessionNodes, max_frame_size: int, send: Callable[[Performative, bytes], None]
    ) -> None:
        self._nodes = nodes
        self._send = send
        self._payload_size = max_frame_size - _TRANSFER_OVERHEAD
        self._links: dict[int, IncomingLink | OutgoingLink] = {}
        # Links that this side has ended, until the client says so too.
        self._ended: set[int] = set()
        self._unsettled: dict[int, tuple[OutgoingLink, bytes]] = {}
        self._waiting: deque[tuple[Transfer, bytes]] = deque()
        self._next_incoming_id = begin.next_outgoing_id
        self._received = 0
        self._next_outgoing_id = 0
        self._next_delivery_id = 0
        self._window = begin.incoming_window

    @property
    def blocked(self) -> bool:
        """Whether the client's window is full."""
        return bool(self._waiting) or self._window <= 0

    def handle(self, performative: Performative, payload: bytes) -> None:
        """Takes one command of this session; AmqpError ends the session."""
        match performative:
            case Attach():
                self._attach(performative)
            case Flow():
                self._flow(performative)
            case Transfer():
                self._transfer(performative, payload)
            case Disposition():
                self._disposition(performative)
            case Detach():
                self._detach(performative)
            case _:
                raise AmqpError("amqp:not-allowed", f"{type(performative).__name__} does not belong into a session")

    def close(self) -> None:
        """Ends all links."""
        for link in self._links.values():
            if isinstance(link, OutgoingLink):
                link.close()
        self._links.clear()
        self._unsettled.clear()

    def deliver(self, link: OutgoingLink, tag: bytes, message: bytes) -> None:
        """Sends a message in as many transfers as it takes, as soon as the client's window lets it."""
        delivery_id, self._next_delivery_id = self._next_delivery_id, (self._next_delivery_id + 1) % 2**32
        if not link.settled_on_sending:
            self._unsettled[delivery_id] = (link, tag)
        for start in range(0, len(message), self._payload_size):
            end = start + self._payload_size
            transfer = Transfer(
                handle=link.handle,
                delivery_id=delivery_id,
                delivery_tag=tag,
                message_format=0,
                settled=link.settled_on_sending,
                more=end < len(message),
            )
            self._waiting.append((transfer, message[start:end]))
        self._send_waiting()

    def send_flow(self, link: IncomingLink | OutgoingLink | None, *, drained: bool = False, echo: bool = False) -> None:
        """Tells the client the windows and, for a link, its state."""
        self._received = 0
        self._send(
            Flow(
                next_incoming_id=self._next_incoming_id,
                incoming_window=WINDOW,
                next_outgoing_id=self._next_outgoing_id,
                outgoing_window=WINDOW,
                handle=None if link is None else link.handle,
                delivery_count=None if link is None else link.delivery_count,
                link_credit=None if link is None else link.credit,
                available=None if link is None else 0,
                drain=drained,
                echo=echo,
            ),
            b"",
        )

    def _attach(self, attach: Attach) -> None:
        if attach.handle in self._links or attach.handle > _HANDLE_MAX:
            raise AmqpError("amqp:session:handle-in-use", f"handle {attach.handle} is in use or over {_HANDLE_MAX}")
        self._ended.discard(attach.handle)
        terminus = attach.source if attach.role else attach.target
        try:
            address = _address(terminus)
            link: IncomingLink | OutgoingLink
            if attach.role:
                link = OutgoingLink(attach, self._nodes.source(address, attach), self)
            else:
                link = IncomingLink(
                    attach.handle, attach.name, self._nodes.sink(address), self._send_plain, self.send_flow
                )
        except AmqpError as error:
            logger.warning("link_refused name=%s terminus=%r error=%s", attach.name, terminus, error)
            self._answer_attach(attach, refused=True)
            self._end_link(attach.handle, error)
            return
        self._links[attach.handle] = link
        self._answer_attach(attach, refused=False)
        if isinstance(link, OutgoingLink):
            link.open()
        else:
            self.send_flow(link)

    def _answer_attach(self, attach: Attach, *, refused: bool) -> None:
        """Sends the attach back as it came; a refused one without what it asked for."""
        self._send(
            Attach(
                name=attach.name,
                handle=attach.handle,
                role=not attach.role,
                snd_settle_mode=attach.snd_settle_mode,
                rcv_settle_mode=attach.rcv_settle_mode,
                source=None if refused and attach.role else attach.source,
                target=None if refused and not attach.role else attach.target,
                initial_delivery_count=0 if attach.role else None,
                max_message_size=MAX_MESSAGE_SIZE,
                properties=attach.properties,
            ),
            b"",
        )

    def _flow(self, flow: Flow) -> None:
        seen = 0 if flow.next_incoming_id is None else flow.next_incoming_id
        under_way = (self._next_outgoing_id - seen) % 2**32
        self._window = flow.incoming_window - under_way
        was_blocked = bool(self._waiting)
        self._send_waiting()
        link = None if flow.handle is None else self._links.get(flow.handle)
        if isinstance(link, OutgoingLink):
            link.flow(flow)
        if was_blocked and not self.blocked:
            for other in self._links.values():
                if isinstance(other, OutgoingLink):
                    other.pull()
        if flow.echo:
            self.send_flow(link)

    def _transfer(self, transfer: Transfer, payload: bytes) -> None:
        self._next_incoming_id = (self._next_incoming_id + 1) % 2**32
        self._received += 1
        link = self._links.get(transfer.handle)
        if isinstance(link, IncomingLink):
            try:
                link.transfer(transfer, payload)
            except AmqpError as error:
                logger.warning("link_ended name=%s error=%s", link.name, error)
                del self._links[link.handle]
                self._end_link(link.handle, error)
        elif transfer.handle not in self._ended:
            raise AmqpError("amqp:session:unattached-handle", f"no link takes transfers on handle {transfer.handle}")
        if self._received >= WINDOW // 2:
            self.send_flow(None)

    def _disposition(self, disposition: Disposition) -> None:
        if not disposition.role:
            return
        outcome = decode_outcome(disposition.state)
        last = disposition.first if disposition.last is None else disposition.last
        if last - disposition.first >= WINDOW:
            raise AmqpError("amqp:invalid-field", f"a disposition of {last - disposition.first} deliveries is too long")
        for delivery_id in range(disposition.first, last + 1):
            if (outcome is None and not disposition.settled) or delivery_id not in self._unsettled:
                continue
            link, tag = self._unsettled.pop(delivery_id)
            if outcome is None:
                continue
            answer = link.settle(tag, outcome)
            if not disposition.settled:
                state = encode_outcome(answer)
                self._send_plain(
                    Disposition(role=False, first=delivery_id, last=delivery_id, settled=True, state=state)
                )

    def _detach(self, detach: Detach) -> None:
        link = self._links.pop(detach.handle, None)
        if isinstance(link, OutgoingLink):
            self._unsettled = {key: value for key, value in self._unsettled.items() if value[0] is not link}
            link.close()
        if link is not None:
            self._send_plain(Detach(handle=detach.handle, closed=detach.closed))
        self._ended.discard(detach.handle)

    def _end_link(self, handle: int, error: AmqpError) -> None:
        self._ended.add(handle)
        self._send_plain(Detach(handle=handle, closed=True, error=error.to_wire()))

    def _send_plain(self, performative: Performative) -> None:
        self._send(performative, b"")

    def _send_waiting(self) -> None:
        while self._waiting and self._window > 0:
            self._window -= 1
            self._next_outgoing_id = (self._next_outgoing_id + 1) % 2**32
            self._send(*self._waiting.popleft())


def _address(terminus: Any) -> str:
    """The address of a source or target, which is the first field of both."""
    fields = terminus.value if isinstance(terminus, Described) else None
    address = fields[0] if isinstance(fields, list) and fields else None
    if not isinstance(address, str):
        raise AmqpError("amqp:invalid-field", f"a link needs the address of a queue, not {address!r}")
    return address
