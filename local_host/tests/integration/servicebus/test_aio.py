"""The same broker, by the async SDK."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.aio import AutoLockRenewer, ServiceBusClient
from azure.servicebus.exceptions import MessagingEntityNotFoundError

from local_host.testing.broker_process import BrokerProcess


def connect(broker: BrokerProcess) -> ServiceBusClient:
    """A client that does not repeat what fails."""
    return ServiceBusClient.from_connection_string(broker.connection_string, retry_total=0)


async def test_every_settlement(broker: BrokerProcess, plain: str) -> None:
    """Complete, abandon and dead-letter, and the dead-letter queue."""
    async with connect(broker) as client, client.get_queue_sender(plain) as sender:
        await sender.send_messages([ServiceBusMessage(text) for text in "acd"])
        async with client.get_queue_receiver(plain, prefetch_count=10) as receiver:
            messages = await receiver.receive_messages(max_message_count=3, max_wait_time=60)
            assert [str(message) for message in messages] == ["a", "c", "d"]
            await receiver.complete_message(messages[0])
            await receiver.dead_letter_message(messages[1], reason="r", error_description="d")
            await receiver.abandon_message(messages[2])
            [again] = await receiver.receive_messages(max_wait_time=60)
            assert (str(again), again.delivery_count) == ("d", 1)
            await receiver.complete_message(again)
            assert await receiver.peek_messages(10, sequence_number=1) == []
        async with client.get_queue_receiver(plain, sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
            [dead] = await receiver.receive_messages(max_wait_time=60)
            assert (dead.dead_letter_reason, dead.dead_letter_error_description) == ("r", "d")


async def test_the_sdk_renews_locks(broker: BrokerProcess, renewable: str) -> None:
    """AutoLockRenewer keeps a message for longer than its lock of six seconds."""
    async with (
        connect(broker) as client,
        client.get_queue_sender(renewable) as sender,
        client.get_queue_receiver(renewable) as receiver,
        AutoLockRenewer(max_lock_renewal_duration=150) as renewer,
    ):
        await sender.send_messages(ServiceBusMessage("a"))
        [message] = await receiver.receive_messages(max_wait_time=60)
        first = message.locked_until_utc
        assert first is not None
        renewer.register(receiver, message)
        async with asyncio.timeout(150):
            while datetime.now(UTC) < first + timedelta(milliseconds=100):
                await asyncio.sleep(0.05)
        await receiver.complete_message(message)
        assert await receiver.peek_messages(10, sequence_number=1) == []


async def test_a_receiver_waits_for_messages_to_come(broker: BrokerProcess, plain: str) -> None:
    """An idle receiver gets a message as soon as it is sent."""
    async with (
        connect(broker) as client,
        client.get_queue_sender(plain) as sender,
        client.get_queue_receiver(plain) as receiver,
    ):
        waiting = asyncio.create_task(receiver.receive_messages(max_wait_time=60))
        await sender.send_messages(ServiceBusMessage("a"))
        [message] = await waiting
        assert str(message) == "a"


async def test_an_unknown_queue(broker: BrokerProcess) -> None:
    """The error names it."""
    async with connect(broker) as client:
        with pytest.raises(MessagingEntityNotFoundError, match="no queue 'nope'"):
            await client.get_queue_receiver("nope").receive_messages(max_wait_time=1)
