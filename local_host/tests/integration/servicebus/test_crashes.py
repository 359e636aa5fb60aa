"""The broker is killed in the middle of its work."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusMessageState, ServiceBusSubQueue
from azure.servicebus.exceptions import ServiceBusError

from local_host.testing.broker_process import BrokerProcess

# The SDK leaves sockets that fail while it connects to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

_ROUNDS = 3
_PER_ROUND = 150


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Lets the garbage collector find those sockets before another test begins."""
    yield
    gc.collect()


class Load:
    """Sends and completes through everything, and keeps the books: what was accepted, what was completed when."""

    def __init__(self, broker: BrokerProcess) -> None:
        self.broker = broker
        self.accepted: set[str] = set()
        # A completion whose answer was cut off may have been done or not.
        self.tried: set[str] = set()
        self.completed: set[str] = set()
        self.came_back: list[str] = []
        self.stopping = threading.Event()

    def send(self) -> None:
        """Sends numbered messages; those that are acknowledged are accepted."""
        number = 0
        while not self.stopping.is_set():
            with ServiceBusClient.from_connection_string(self.broker.connection_string, retry_total=0) as client:
                try:
                    with client.get_queue_sender("work") as sender:
                        while not self.stopping.is_set():
                            number += 1
                            sender.send_messages(ServiceBusMessage(str(number)))
                            self.accepted.add(str(number))
                except ServiceBusError:
                    time.sleep(0.02)

    def receive(self) -> None:
        """Receives and completes; a completed message must never be seen again."""
        while not self.stopping.is_set():
            with ServiceBusClient.from_connection_string(self.broker.connection_string, retry_total=0) as client:
                try:
                    with client.get_queue_receiver("work", prefetch_count=20) as receiver:
                        while not self.stopping.is_set():
                            for message in receiver.receive_messages(max_message_count=20, max_wait_time=1):
                                if str(message) in self.completed:
                                    self.came_back.append(str(message))
                                self.tried.add(str(message))
                                receiver.complete_message(message)
                                self.completed.add(str(message))
                except (ServiceBusError, ValueError):
                    time.sleep(0.02)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Polls; fails after a generous time."""
    deadline = time.monotonic() + 150
    while not condition():
        assert time.monotonic() < deadline, f"no {what} within 150 s"
        time.sleep(0.01)


def test_kill_under_load(lonely: BrokerProcess) -> None:
    """Killed again and again: what was accepted is not lost, and what was completed does not come back."""
    load = Load(lonely.start())
    threads = [threading.Thread(target=load.send), threading.Thread(target=load.receive)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(_ROUNDS):
            seen = len(load.completed)
            wait_until(lambda seen=seen: len(load.completed) >= seen + _PER_ROUND, "progress")  # type: ignore[misc]
            lonely.kill()
            lonely.start()
        wait_until(lambda: len(load.completed) >= (_ROUNDS + 1) * _PER_ROUND, "progress")
    finally:
        load.stopping.set()
        for thread in threads:
            thread.join()
    # Locks of receivers that were cut off last five minutes: what they hold is seen by peeking, not by receiving.
    with (
        ServiceBusClient.from_connection_string(lonely.connection_string) as client,
        client.get_queue_receiver("work") as receiver,
    ):
        left: set[str] = set()
        sequence = 1
        while found := receiver.peek_messages(200, sequence_number=sequence):
            left |= {str(message) for message in found}
            assert found[-1].sequence_number is not None
            sequence = found[-1].sequence_number + 1
    assert load.came_back == []
    assert load.accepted - load.tried - left == set()
    assert load.completed & left == set()


def test_a_lock_survives_the_kill(lonely: BrokerProcess) -> None:
    """A message under a lock is not given to another receiver of the new process, and is completed by its holder."""
    lonely.start()
    with ServiceBusClient.from_connection_string(lonely.connection_string) as client:
        with client.get_queue_sender("work") as sender:
            sender.send_messages([ServiceBusMessage("held"), ServiceBusMessage("free")])
        with client.get_queue_receiver("work") as receiver:
            [held] = receiver.receive_messages(max_wait_time=60)
            lonely.kill()
            lonely.start()
            # The SDK connects again and settles by the management link.
            [free] = receiver.receive_messages(max_wait_time=60)
            assert (str(held), str(free)) == ("held", "free")
            receiver.complete_message(held)
            receiver.complete_message(free)
            assert receiver.peek_messages(10, sequence_number=1) == []


def test_everything_about_a_message_survives_the_kill(lonely: BrokerProcess) -> None:
    """Delivery counts, dead letters with their reasons, and the ids of the duplicate window."""
    lonely.queues = lonely.queues.replace("}", ", duplicate_detection_window: PT10M}")
    lonely.start()
    with ServiceBusClient.from_connection_string(lonely.connection_string) as client:
        with client.get_queue_sender("work") as sender, client.get_queue_receiver("work") as receiver:
            sender.send_messages([ServiceBusMessage(text, message_id=text) for text in ("dead", "again")])
            dead, again = (receiver.receive_messages(max_wait_time=60)[0] for _ in range(2))
            receiver.dead_letter_message(dead, reason="r", error_description="d")
            receiver.abandon_message(again)
        lonely.kill()
        lonely.start()
        with client.get_queue_sender("work") as sender:
            sender.send_messages(ServiceBusMessage("dropped", message_id="again"))
        with client.get_queue_receiver("work") as receiver:
            [found] = receiver.peek_messages(10, sequence_number=1)
            assert (str(found), found.state, found.delivery_count) == ("again", ServiceBusMessageState.ACTIVE, 1)
        with client.get_queue_receiver("work", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
            [buried] = receiver.receive_messages(max_wait_time=60)
            assert (str(buried), buried.dead_letter_reason, buried.dead_letter_error_description) == ("dead", "r", "d")


def test_numbers_are_never_given_twice(lonely: BrokerProcess) -> None:
    """Sequence numbers grow from process to process."""
    lonely.start()
    sequences = []
    for _ in range(2):
        with (
            ServiceBusClient.from_connection_string(lonely.connection_string) as client,
            client.get_queue_sender("work") as sender,
            client.get_queue_receiver("work") as receiver,
        ):
            sender.send_messages(ServiceBusMessage("a"))
            [message] = receiver.receive_messages(max_wait_time=60)
            receiver.complete_message(message)
            sequences.append(message.sequence_number or 0)
        lonely.kill()
        lonely.start()
    assert sequences[0] < sequences[1]
