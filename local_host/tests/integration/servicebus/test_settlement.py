"""What receivers do with messages, by the sync SDK."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import (
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusMessageState,
    ServiceBusReceivedMessage,
    ServiceBusReceiveMode,
    ServiceBusReceiver,
    ServiceBusSubQueue,
)
from azure.servicebus.exceptions import MessageLockLostError, ServiceBusError

DEAD_LETTER = ServiceBusSubQueue.DEAD_LETTER


def send(client: ServiceBusClient, queue: str, *texts: str) -> None:
    """Sends messages with their text as message id."""
    with client.get_queue_sender(queue) as sender:
        for text in texts:
            sender.send_messages(ServiceBusMessage(text, message_id=text, application_properties={"n": 1}))


def receive(receiver: ServiceBusReceiver, count: int = 1) -> list[ServiceBusReceivedMessage]:
    """Exactly this many messages."""
    found: list[ServiceBusReceivedMessage] = []
    deadline = time.monotonic() + 150
    while len(found) < count:
        assert time.monotonic() < deadline, f"only {len(found)} of {count} messages"
        found += receiver.receive_messages(max_message_count=count - len(found), max_wait_time=60)
    return found


def nothing(receiver: ServiceBusReceiver) -> bool:
    """Whether there is no message of any state."""
    return receiver.peek_messages(10, sequence_number=1) == []


def test_complete(client: ServiceBusClient, plain: str) -> None:
    """A completed message is gone; it had its number, times and count."""
    send(client, plain, "a")
    with client.get_queue_receiver(plain) as receiver:
        [message] = receive(receiver)
        assert (str(message), message.message_id, message.delivery_count) == ("a", "a", 0)
        assert message.application_properties == {b"n": 1}
        assert message.enqueued_time_utc is not None
        assert message.locked_until_utc is not None
        assert timedelta(seconds=58) < message.locked_until_utc - message.enqueued_time_utc
        receiver.complete_message(message)
        assert nothing(receiver)


def test_abandon(client: ServiceBusClient, plain: str) -> None:
    """An abandoned message comes again at once, counted; after the last time it is a dead letter."""
    send(client, plain, "a")
    with client.get_queue_receiver(plain) as receiver:
        for count in range(3):
            [message] = receive(receiver)
            assert message.delivery_count == count
            receiver.abandon_message(message)
        assert nothing(receiver)
    with client.get_queue_receiver(plain, sub_queue=DEAD_LETTER) as receiver:
        [dead] = receive(receiver)
        assert (str(dead), dead.dead_letter_reason) == ("a", "MaxDeliveryCountExceeded")
        assert dead.application_properties is not None
        assert dead.application_properties[b"n"] == 1


def test_dead_letter(client: ServiceBusClient, plain: str) -> None:
    """A dead letter has its reason; it can be peeked, abandoned without limit, and completed."""
    send(client, plain, "a")
    with client.get_queue_receiver(plain) as receiver:
        [message] = receive(receiver)
        receiver.dead_letter_message(message, reason="unreadable", error_description="no JSON")
        assert nothing(receiver)
    with client.get_queue_receiver(plain, sub_queue=DEAD_LETTER) as receiver:
        [peeked] = receiver.peek_messages()
        assert (peeked.dead_letter_reason, peeked.dead_letter_error_description) == ("unreadable", "no JSON")
        assert peeked.sequence_number == message.sequence_number
        for _ in range(4):
            [dead] = receive(receiver)
            receiver.abandon_message(dead)
        [dead] = receive(receiver)
        receiver.complete_message(dead)
        assert nothing(receiver)


def test_a_deferral_is_refused(client: ServiceBusClient, plain: str) -> None:
    """By name, and nothing has happened to the message; none can be had by its number."""
    send(client, plain, "a")
    with client.get_queue_receiver(plain) as receiver:
        [message] = receive(receiver)
        # The SDK closes the receiver at such an error.
        with pytest.raises(ServiceBusError, match="the local broker cannot defer a message: abandon it"):
            receiver.defer_message(message)
    with client.get_queue_receiver(plain) as receiver:
        [peeked] = receiver.peek_messages(10, sequence_number=1)
        assert (str(peeked), peeked.state, peeked.delivery_count) == ("a", ServiceBusMessageState.ACTIVE, 0)
        with pytest.raises(ServiceBusError, match="does not support the operation 'com.microsoft:receive-by-sequence"):
            receiver.receive_deferred_messages([message.sequence_number or 0])


def test_release_on_close(client: ServiceBusClient, plain: str) -> None:
    """What a closing receiver had fetched ahead comes again at once, uncounted."""
    send(client, plain, "a", "b", "c")
    with client.get_queue_receiver(plain, prefetch_count=10) as receiver:
        [message] = receive(receiver)
        receiver.complete_message(message)
    with client.get_queue_receiver(plain) as receiver:
        found = receive(receiver, 2)
        assert [(str(message), message.delivery_count) for message in found] == [("b", 0), ("c", 0)]


def test_receive_and_delete(client: ServiceBusClient, plain: str) -> None:
    """In this mode a message is gone when it is sent."""
    send(client, plain, "a", "b")
    with client.get_queue_receiver(plain, receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE) as receiver:
        assert [str(message) for message in receive(receiver, 2)] == ["a", "b"]
        assert nothing(receiver)


def test_prefetched_messages_are_locked(client: ServiceBusClient, plain: str) -> None:
    """What a receiver has fetched ahead is not given to another, and waits for it."""
    send(client, plain, "a", "b", "c")
    with client.get_queue_receiver(plain, prefetch_count=10) as first, client.get_queue_receiver(plain) as second:
        assert [str(message) for message in receive(first)] == ["a"]
        assert second.receive_messages(max_wait_time=1) == []
        assert [(str(message), message.delivery_count) for message in receive(first, 2)] == [("b", 0), ("c", 0)]


def test_a_lock_runs_out(client: ServiceBusClient, short: str) -> None:
    """Then the message comes again, counted, the first receiver cannot settle it, and at last it is a dead letter."""
    send(client, short, "a")
    with client.get_queue_receiver(short) as first, client.get_queue_receiver(short) as second:
        [message] = receive(first)
        [again] = receive(second)
        assert (again.message_id, again.delivery_count) == ("a", 1)
        with pytest.raises(MessageLockLostError):
            first.complete_message(message)
    with client.get_queue_receiver(short, sub_queue=DEAD_LETTER) as receiver:
        [dead] = receive(receiver)
        assert dead.dead_letter_reason == "MaxDeliveryCountExceeded"


def test_a_renewed_lock_lasts(client: ServiceBusClient, renewable: str) -> None:
    """Renewing in time keeps the message from others, for longer than one lock."""
    send(client, renewable, "a")
    with client.get_queue_receiver(renewable) as first, client.get_queue_receiver(renewable) as second:
        [message] = receive(first)
        before = message.locked_until_utc
        assert before is not None
        while datetime.now(UTC) < before + timedelta(milliseconds=100):
            assert second.receive_messages(max_wait_time=0.5) == []
            assert first.renew_message_lock(message) > before
        first.complete_message(message)
        assert nothing(first)


def test_a_lost_lock_cannot_be_renewed(client: ServiceBusClient, renewable: str) -> None:
    """A settled message's lock is lost for everybody."""
    send(client, renewable, "a")
    with client.get_queue_receiver(renewable) as first, client.get_queue_receiver(renewable) as second:
        [message] = receive(first)
        [again] = receive(second)
        second.complete_message(again)
        with pytest.raises(MessageLockLostError):
            first.renew_message_lock(message)


def test_expiry(client: ServiceBusClient, short: str) -> None:
    """A message that outlives its time to live is a dead letter with that reason."""
    with client.get_queue_sender(short) as sender:
        sender.send_messages(ServiceBusMessage("a", time_to_live=timedelta(milliseconds=50)))
    with client.get_queue_receiver(short, sub_queue=DEAD_LETTER) as receiver:
        [dead] = receive(receiver)
        assert (str(dead), dead.dead_letter_reason) == ("a", "TTLExpiredException")
