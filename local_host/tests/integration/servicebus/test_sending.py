"""What senders do, by the sync SDK."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import (
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceiver,
)
from azure.servicebus.exceptions import (
    MessageSizeExceededError,
    MessagingEntityNotFoundError,
    ServiceBusError,
)

from .test_settlement import receive


def bodies(receiver: ServiceBusReceiver) -> list[str]:
    """The bodies of all messages."""
    return [str(message) for message in receiver.peek_messages(100, sequence_number=1)]


def test_batches(client: ServiceBusClient, plain: str) -> None:
    """A batch arrives as its messages, in order."""
    with client.get_queue_sender(plain) as sender, client.get_queue_receiver(plain) as receiver:
        batch = sender.create_message_batch()
        for number in range(50):
            batch.add_message(ServiceBusMessage(f"{number}"))
        sender.send_messages(batch)
        sender.send_messages([ServiceBusMessage("x"), ServiceBusMessage("y")])
        expected = [*map(str, range(50)), "x", "y"]
        assert bodies(receiver) == expected
        assert [str(message) for message in receive(receiver, 52)] == expected


def test_large_messages(client: ServiceBusClient, plain: str) -> None:
    """A message of many frames arrives whole; one over the limit is refused by name, and the sender goes on."""
    body = bytes(range(256)) * 1000
    with client.get_queue_sender(plain) as sender, client.get_queue_receiver(plain) as receiver:
        sender.send_messages(ServiceBusMessage(body))
        with pytest.raises(MessageSizeExceededError, match="the limit of the link is 262144 bytes"):
            sender.send_messages(ServiceBusMessage(b"x" * 300_000))
        sender.send_messages(ServiceBusMessage("after"))
        first, second = receive(receiver, 2)
        assert (b"".join(first.body), str(second)) == (body, "after")


def test_properties_come_as_they_were_sent(client: ServiceBusClient, plain: str) -> None:
    """Every property of a message reaches the receiver."""
    sent = ServiceBusMessage(
        "a",
        application_properties={"text": "ä", "number": 1, "ratio": 0.5, "yes": True},
        content_type="application/json",
        correlation_id="c",
        message_id="m",
        partition_key="p",
        reply_to="r",
        subject="s",
        to="t",
        time_to_live=timedelta(hours=1),
    )
    with client.get_queue_sender(plain) as sender, client.get_queue_receiver(plain) as receiver:
        sender.send_messages(sent)
        [found] = receive(receiver)
    for name in ("content_type", "correlation_id", "message_id", "partition_key", "reply_to", "subject", "to"):
        assert getattr(found, name) == getattr(sent, name), name
    assert found.application_properties == {b"text": "ä".encode(), b"number": 1, b"ratio": 0.5, b"yes": True}
    assert found.time_to_live == timedelta(hours=1)


def test_duplicates(client: ServiceBusClient, short: str) -> None:
    """A message id that came within the window is taken and dropped, also in a batch."""
    with client.get_queue_sender(short) as sender, client.get_queue_receiver(short) as receiver:
        sender.send_messages(ServiceBusMessage("first", message_id="1"))
        sender.send_messages(ServiceBusMessage("again", message_id="1"))
        sender.send_messages([ServiceBusMessage("again", message_id="1"), ServiceBusMessage("second", message_id="2")])
        sender.send_messages([ServiceBusMessage("without"), ServiceBusMessage("without")])
        assert bodies(receiver) == ["first", "second", "without", "without"]


def test_a_message_to_be_scheduled_is_refused(client: ServiceBusClient, plain: str) -> None:
    """By the call and by the message, alone and in a batch, by name: it must not come at once."""
    later = datetime.now(UTC) + timedelta(hours=1)
    scheduled = ServiceBusMessage("later", scheduled_enqueue_time_utc=later)
    with client.get_queue_sender(plain) as sender, client.get_queue_receiver(plain) as receiver:
        with pytest.raises(ServiceBusError, match="does not support the operation 'com.microsoft:schedule-message'"):
            sender.schedule_messages(ServiceBusMessage("later"), later)
        with pytest.raises(ServiceBusError, match="does not support the operation 'com.microsoft:cancel-scheduled"):
            sender.cancel_scheduled_messages(1)
        for messages in (scheduled, [ServiceBusMessage("now"), scheduled]):
            with pytest.raises(ServiceBusError, match="the local broker has no scheduled messages"):
                sender.send_messages(messages)
        assert receiver.peek_messages(10) == []


def test_peek_from_a_number(client: ServiceBusClient, plain: str) -> None:
    """Peeking changes nothing, and may begin anywhere."""
    with client.get_queue_sender(plain) as sender, client.get_queue_receiver(plain) as receiver:
        sender.send_messages([ServiceBusMessage(text) for text in "abc"])
        first = receiver.peek_messages(1)[0].sequence_number
        assert first is not None
        assert [str(message) for message in receiver.peek_messages(10, sequence_number=first + 1)] == ["b", "c"]
        assert [message.delivery_count for message in receive(receiver, 3)] == [0, 0, 0]


def test_two_receivers_share(client: ServiceBusClient, plain: str) -> None:
    """Each message goes to one of them."""
    with (
        client.get_queue_sender(plain) as sender,
        client.get_queue_receiver(plain) as one,
        client.get_queue_receiver(plain) as two,
    ):
        sender.send_messages([ServiceBusMessage(str(number)) for number in range(10)])
        found = receive(one, 5) + receive(two, 5)
        assert sorted(str(message) for message in found) == sorted(map(str, range(10)))


def test_names_ignore_case(client: ServiceBusClient, plain: str) -> None:
    """As the real service does."""
    with client.get_queue_sender(plain.upper()) as sender, client.get_queue_receiver(plain) as receiver:
        sender.send_messages(ServiceBusMessage("a"))
        assert bodies(receiver) == ["a"]


def test_an_unknown_queue(client: ServiceBusClient) -> None:
    """Sender and receiver hear which queues there are."""
    with pytest.raises(MessagingEntityNotFoundError, match="no queue 'nope'"):
        client.get_queue_sender("nope").send_messages(ServiceBusMessage("a"))
    with pytest.raises(MessagingEntityNotFoundError, match="plain-0"):
        client.get_queue_receiver("nope").receive_messages(max_wait_time=1)


def test_what_the_broker_does_not_have(client: ServiceBusClient, plain: str) -> None:
    """Sessions, and sending to dead letters, are refused with the reason."""
    with pytest.raises(ServiceBusError, match="no message sessions"):
        client.get_queue_receiver(plain, session_id="s").receive_messages(max_wait_time=1)
    with pytest.raises(ServiceBusError, match="nothing can be sent"):
        client.get_queue_sender(f"{plain}/$DeadLetterQueue").send_messages(ServiceBusMessage("a"))


def test_a_property_that_is_too_large_is_refused(client: ServiceBusClient, plain: str) -> None:
    """Alone and in a batch, of which nothing is taken then."""
    long = ServiceBusMessage(b"x", application_properties={"much": "x" * 33 * 1024})
    with client.get_queue_sender(plain) as sender:
        for messages in (long, [ServiceBusMessage(b"x", message_id="short"), long]):
            with pytest.raises(ServiceBusError, match="application property 'much' has"):
                sender.send_messages(messages)
    with client.get_queue_receiver(plain) as receiver:
        assert receiver.peek_messages() == []


def test_a_locked_delivery_carries_its_lock_token(client: ServiceBusClient, plain: str) -> None:
    """As an annotation of the delivery, beside the delivery's tag."""
    with client.get_queue_sender(plain) as sender:
        sender.send_messages(ServiceBusMessage(b"x"))
    with client.get_queue_receiver(plain) as receiver:
        [message] = receiver.receive_messages(max_wait_time=10)
        annotations = message.raw_amqp_message.delivery_annotations
        assert annotations is not None
        assert annotations[b"x-opt-lock-token"] == message.lock_token
        receiver.complete_message(message)
