"""Connections, sessions and links without a socket."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_host.servicebus.amqp.encoding import encode
from local_host.servicebus.amqp.frames import (
    AMQP_HEADER,
    SASL_FRAME,
    SASL_HEADER,
    Frame,
    FrameReader,
    ProtocolHeader,
    encode_frame,
)
from local_host.servicebus.amqp.message import encode_response, parse_request
from local_host.servicebus.amqp.performatives import (
    Attach,
    Begin,
    Close,
    Detach,
    Disposition,
    End,
    Flow,
    Open,
    Performative,
    SaslInit,
    SaslMechanisms,
    SaslOutcome,
    Transfer,
)
from local_host.servicebus.amqp.states import Accepted, Modified, Outcome, Rejected, decode_outcome, encode_outcome
from local_host.servicebus.amqp.values import Described, ULong
from local_host.servicebus.broker import Broker
from local_host.servicebus.connection import Connection
from local_host.servicebus.definitions import QueueDefinition
from local_host.servicebus.message_store import MessageStore

from .conftest import encoded_message

pytestmark = pytest.mark.usefixtures("tmp_path")


class Client:
    """One end of a connection whose other end is the broker's."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.connection = Connection("test", broker.client())
        self.reader = FrameReader()
        self.items: list[Any] = []

    def put(self, data: bytes) -> None:
        """Sends bytes, lets the broker work, and keeps what it says."""
        self.connection.receive(data)
        self.broker.work()
        for item in self.reader.feed(bytes(self.connection.output)):
            self.items.append(item)
        self.connection.output.clear()

    def say(self, *performatives: Performative, payload: bytes = b"") -> list[Any]:
        """Sends commands on channel 0; the commands that came back."""
        for performative in performatives:
            self.put(encode_frame(performative, payload=payload))
        return self.heard()

    def heard(self) -> list[Any]:
        """What has come since the last question."""
        items, self.items = self.items, []
        return [item.performative if isinstance(item, Frame) else item for item in items]

    def begin(self) -> Client:
        """Handshake and session."""
        self.put(SASL_HEADER + encode_frame(SaslInit(mechanism="ANONYMOUS"), kind=SASL_FRAME) + AMQP_HEADER)
        self.say(Open(container_id="c"), Begin(next_outgoing_id=0, incoming_window=100, outgoing_window=100))
        return self

    def attach(self, handle: int, address: str | None, *, receives: bool, **options: Any) -> list[Any]:
        """Opens a link."""
        terminus = Described(ULong(0x28), [address])
        return self.say(
            Attach(name=f"l{handle}", handle=handle, role=receives, source=terminus, target=terminus, **options)
        )

    def send(self, handle: int, message: bytes, **options: Any) -> list[Any]:
        """Sends a message in one transfer."""
        return self.say(Transfer(handle=handle, delivery_id=0, delivery_tag=b"t", **options), payload=message)


def flow(**options: Any) -> Flow:
    """A flow with windows of 100."""
    settings: dict[str, Any] = {"incoming_window": 100, "next_outgoing_id": 0, "outgoing_window": 100, **options}
    return Flow(**settings)


NewClient = Callable[[], Client]


@pytest.fixture
def new_client(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Makes clients of one broker with the queue q."""
    store = MessageStore(tmp_path_factory.mktemp("state"))
    broker = Broker([QueueDefinition(name="q")], store, lambda: 1_000_000)
    with contextlib.closing(store):
        yield lambda: Client(broker)


def test_handshake(new_client: NewClient) -> None:
    """SASL, then AMQP, then open."""
    client = new_client()
    client.put(SASL_HEADER)
    header, mechanisms = client.heard()
    assert header == ProtocolHeader(SASL_HEADER)
    assert isinstance(mechanisms, SaslMechanisms)
    assert "ANONYMOUS" in mechanisms.mechanisms.items
    client.put(encode_frame(SaslInit(mechanism="ANONYMOUS"), kind=SASL_FRAME) + AMQP_HEADER)
    assert client.heard() == [SaslOutcome(code=0), ProtocolHeader(AMQP_HEADER)]
    [opened] = client.say(Open(container_id="c", idle_time_out=5000))
    assert (opened.container_id, opened.max_frame_size) == ("local-servicebus", 65_536)
    assert client.connection.idle_time_out == 5000
    assert client.say(Close()) == [Close()]
    assert client.connection.closed


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"AMQP\x02\x01\x00\x00", [ProtocolHeader(AMQP_HEADER)]),
        (encode_frame(Open(container_id="c")), []),
        (AMQP_HEADER + encode_frame(Close()), [ProtocolHeader(AMQP_HEADER)]),
        (AMQP_HEADER + encode_frame(Open(container_id="c", max_frame_size=100)), [ProtocolHeader(AMQP_HEADER)]),
    ],
)
def test_a_bad_beginning_ends_the_connection(new_client: NewClient, data: bytes, answer: list[Any]) -> None:
    """TLS, frames before the handshake, a first command other than open, tiny frames."""
    client = new_client()
    client.put(data)
    assert (client.heard(), client.connection.closed) == (answer, True)


def test_an_unknown_mechanism(new_client: NewClient) -> None:
    """Is refused by SASL's own means."""
    client = new_client()
    client.put(SASL_HEADER + encode_frame(SaslInit(mechanism="GSSAPI"), kind=SASL_FRAME))
    assert client.heard()[-1] == SaslOutcome(code=1)
    assert client.connection.closed


def test_garbage_after_the_handshake_is_answered(new_client: NewClient) -> None:
    """The client is told why the connection ends."""
    client = new_client().begin()
    client.put(b"\x00\x00\x00\x0c\x02\x00\x00\x00\x00\x53\x99\x45")
    [closed] = client.heard()
    assert isinstance(closed, Close)
    assert closed.error.value[0] == "amqp:decode-error"


def test_a_message_through_the_broker(new_client: NewClient) -> None:
    """Sent, acknowledged, delivered with credit only, settled, and gone."""
    client = new_client().begin()
    attached, granted = client.attach(1, "amqps://host:1/q", receives=False)
    assert (attached.role, attached.target, attached.max_message_size) == (
        True,
        Described(ULong(0x28), ["amqps://host:1/q"]),
        262_144,
    )
    assert (granted.handle, granted.link_credit) == (1, 1000)
    [accepted] = client.send(1, encoded_message(b"hi", message_id="m"))
    assert accepted == Disposition(role=True, first=0, last=0, settled=True, state=encode_outcome(Accepted()))
    [attached] = client.attach(2, "Q", receives=True, rcv_settle_mode=1)
    assert (attached.role, attached.initial_delivery_count) == (False, 0)
    [transfer] = client.say(flow(handle=2, link_credit=5, delivery_count=0))
    assert (transfer.handle, transfer.delivery_id, transfer.settled) == (2, 0, False)
    assert uuid.UUID(bytes_le=transfer.delivery_tag).version == 4
    accept = Disposition(role=True, first=0, last=0, settled=False, state=encode_outcome(Accepted()))
    [settled] = client.say(accept)
    assert settled == Disposition(role=False, first=0, last=0, settled=True, state=encode_outcome(Accepted()))
    assert client.say(accept) == []
    assert client.say(Detach(handle=2, closed=True), End()) == [Detach(handle=2, closed=True), End()]


@pytest.mark.parametrize("outcome", [Modified(delivery_failed=True), Rejected("com.microsoft:dead-letter")])
def test_outcomes_are_confirmed_as_they_were_asked_for(new_client: NewClient, outcome: Outcome) -> None:
    """A rejection without an error, or clients take it for a failure."""
    client = new_client().begin()
    client.attach(1, "q", receives=False)
    client.send(1, encoded_message())
    client.attach(2, "q", receives=True)
    client.say(flow(handle=2, link_credit=1))
    [answer] = client.say(Disposition(role=True, first=0, state=encode_outcome(outcome)))
    expected = Rejected() if isinstance(outcome, Rejected) else outcome
    assert decode_outcome(answer.state) == expected


def test_a_lost_lock_is_told(new_client: NewClient) -> None:
    """Two receivers cannot settle one delivery."""
    client = new_client().begin()
    client.attach(1, "q", receives=False)
    client.send(1, encoded_message())
    client.attach(2, "q", receives=True)
    [transfer] = client.say(flow(handle=2, link_credit=1))
    token = uuid.UUID(bytes_le=transfer.delivery_tag).bytes
    client.broker.client()()._namespace.entity("q").settle(token, "complete")
    [answer] = client.say(Disposition(role=True, first=0, state=encode_outcome(Accepted())))
    found = decode_outcome(answer.state)
    assert isinstance(found, Rejected)
    assert found.condition == "com.microsoft:message-lock-lost"


def test_credit_window_and_drain(new_client: NewClient) -> None:
    """No more transfers than credit and window allow; a drain uses the credit up."""
    client = new_client().begin()
    client.attach(1, "q", receives=False)
    for _ in range(5):
        client.send(1, encoded_message())
    client.attach(2, "q", receives=True)
    assert len(client.say(flow(handle=2, link_credit=2, delivery_count=0))) == 2
    assert client.say(flow(handle=2, link_credit=2, delivery_count=0)) == []
    [third] = client.say(flow(incoming_window=1, next_incoming_id=2, handle=2, link_credit=9, delivery_count=2))
    assert third.delivery_id == 2
    assert len(client.say(flow(incoming_window=50, next_incoming_id=3))) == 2
    [drained] = client.say(flow(next_incoming_id=5, handle=2, link_credit=6, delivery_count=5, drain=True))
    assert (drained.drain, drained.link_credit, drained.delivery_count) == (True, 0, 11)


def test_large_messages_are_cut_to_the_clients_frames(new_client: NewClient) -> None:
    """And come together again on the way in."""
    client = new_client()
    client.put(AMQP_HEADER)
    client.say(Open(container_id="c", max_frame_size=512))
    client.say(Begin(next_outgoing_id=0, incoming_window=100, outgoing_window=100))
    client.attach(1, "q", receives=False)
    message = encoded_message(b"x" * 2000)
    assert client.send(1, message[:900], more=True) == []
    [accepted] = client.say(Transfer(handle=1), payload=message[900:])
    assert decode_outcome(accepted.state) == Accepted()
    client.attach(2, "q", receives=True)
    client.put(encode_frame(flow(handle=2, link_credit=1)))
    frames = [item for item in client.items if isinstance(item.performative, Transfer)]
    assert [frame.performative.more for frame in frames] == [True] * (len(frames) - 1) + [False]
    assert b"".join(frame.payload for frame in frames).endswith(message)


def test_what_is_too_large_is_refused(new_client: NewClient) -> None:
    """By name, and without being kept; the link goes on."""
    client = new_client().begin()
    client.attach(1, "q", receives=False)
    part = b"x" * 60_000
    for _ in range(5):
        assert client.send(1, part, more=True) == []
    [refused] = client.send(1, b"")
    outcome = decode_outcome(refused.state)
    assert isinstance(outcome, Rejected)
    assert outcome.condition == "amqp:link:message-size-exceeded"
    [accepted] = client.send(1, encoded_message())
    assert decode_outcome(accepted.state) == Accepted()


def test_a_bad_message_is_rejected(new_client: NewClient) -> None:
    """The link goes on; a batch with one bad message is refused as a whole."""
    client = new_client().begin()
    client.attach(1, "q", receives=False)
    batch = encode(Described(ULong(0x75), encoded_message())) + encode(Described(ULong(0x75), b"bad"))
    for message, message_format in ((b"bad", 0), (batch, 0x80013700)):
        [refused] = client.send(1, message, message_format=message_format)
        outcome = decode_outcome(refused.state)
        assert isinstance(outcome, Rejected)
        assert outcome.condition == "amqp:decode-error"
    client.attach(2, "q", receives=True)
    assert client.say(flow(handle=2, link_credit=1)) == []


@pytest.mark.parametrize(
    ("address", "receives", "condition"),
    [
        ("nope", True, "amqp:not-found"),
        ("nope", False, "amqp:not-found"),
        ("nope/$management", False, "amqp:not-found"),
        (None, True, "amqp:invalid-field"),
        ("q/$DeadLetterQueue", False, "amqp:not-allowed"),
    ],
)
def test_links_to_nowhere(new_client: NewClient, address: str | None, receives: bool, condition: str) -> None:
    """An attach without what was asked for, then a detach with the error; the session goes on."""
    client = new_client().begin()
    attached, detached = client.attach(1, address, receives=receives)
    assert (attached.source if receives else attached.target) is None
    assert (detached.closed, detached.error.value[0]) == (True, condition)
    assert client.say(Detach(handle=1, closed=True)) == []
    assert len(client.attach(1, "q", receives=True)) == 1


def test_mistakes_end_the_session_only(new_client: NewClient) -> None:
    """With the standard's condition; later commands of the session are ignored."""
    client = new_client().begin()
    [ended] = client.send(9, b"x")
    assert (type(ended), ended.error.value[0]) == (End, "amqp:session:unattached-handle")
    assert client.say(Detach(handle=9)) == []
    client.say(Begin(next_outgoing_id=0, incoming_window=1, outgoing_window=1))
    client.attach(1, "q", receives=True)
    [ended] = client.attach(1, "q", receives=True)
    assert ended.error.value[0] == "amqp:session:handle-in-use"
    assert not client.connection.closed


@pytest.mark.parametrize(
    ("address", "properties", "body", "status"),
    [
        ("$cbs", {"operation": "put-token", "name": "a"}, "token", 202),
        ("$cbs", {"operation": "put-token", "name": "a"}, "", 401),
        ("$cbs", {"operation": "put-token"}, "token", 400),
        ("$cbs", {"operation": "other"}, "token", 400),
        ("q/$management", {"operation": "com.microsoft:peek-message"}, {}, 400),
        ("q/$management", {"operation": "com.microsoft:renew-lock"}, "x", 400),
        ("q/$management", {"operation": "com.microsoft:update-disposition"}, {"disposition-status": "eaten"}, 400),
        ("q/$management", {"operation": "com.microsoft:update-disposition"}, {"disposition-status": "defered"}, 501),
        ("q/$management", {"operation": "com.microsoft:schedule-message"}, {}, 501),
        ("q/$management", {"operation": "com.microsoft:list-sessions"}, {}, 501),
        ("q/$management", {}, {}, 501),
    ],
)
def test_requests(new_client: NewClient, address: str, properties: dict[str, str], body: Any, status: int) -> None:
    """Answered on the paired link, once there is credit, with a status and its reason."""
    client = new_client().begin()
    client.attach(1, address, receives=False)
    client.attach(2, address, receives=True)
    [accepted] = client.send(1, encode_response(None, properties, body))
    assert decode_outcome(accepted.state) == Accepted()
    client.put(encode_frame(flow(handle=2, link_credit=1)))
    [frame] = [item for item in client.items if isinstance(item.performative, Transfer)]
    _, answered, _ = parse_request(frame.payload)
    assert status in (answered.get("status-code"), answered.get("statusCode"))
    assert answered.get("status-description") or answered.get("statusDescription")


def test_requests_are_answered_beyond_the_credit(new_client: NewClient) -> None:
    """The SDK gives its answers' link credit only once; before any credit there is no answer."""
    client = new_client().begin()
    client.attach(1, "$cbs", receives=False)
    client.attach(2, "$cbs", receives=True)
    request = encode_response(None, {"operation": "put-token", "name": "a"}, "token")
    counts = []
    for credit in (None, 2, None, None):
        heard = client.send(1, request)
        if credit is not None:
            client.put(encode_frame(flow(handle=2, link_credit=credit)))
            heard += client.heard()
        counts.append(sum(isinstance(item, Transfer) for item in heard))
    assert counts == [0, 2, 1, 1]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=120), st.integers(0, 60), st.binary(max_size=4))
def test_damaged_frames_never_break_the_broker(
    new_client: NewClient, data: bytes, position: int, damage: bytes
) -> None:
    """Random bytes, and good frames with a few bytes changed: the connection ends in order or goes on."""
    client = new_client().begin()
    client.attach(1, "q", receives=False)
    frame = bytearray(encode_frame(Transfer(handle=1, delivery_id=0, delivery_tag=b"t"), payload=encoded_message()))
    frame[8 + position : 8 + position + len(damage)] = damage
    for stream in (bytes(frame), data):
        if not client.connection.closed:
            client.connection.receive(stream)
            client.broker.work()
            client.connection.output.clear()
    assert not new_client().begin().connection.closed
