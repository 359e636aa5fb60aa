"""What can be done with messages."""

from __future__ import annotations

import pytest

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.amqp.message import parse_application_properties
from local_host.servicebus.entity import Settlement

from .conftest import MakeWorkbench, Workbench


def test_messages_come_in_order(bench: Workbench) -> None:
    """Oldest first, each once, and numbered."""
    sequences = bench.send(b"1", b"2", b"3")
    first = bench.queue.lock_next(2)
    second = bench.queue.lock_next(5)
    assert [locked.message.sequence for locked in [*first, *second]] == sequences
    assert bench.queue.lock_next(1) == []


def test_complete_removes(bench: Workbench) -> None:
    """A second completion finds no lock."""
    bench.send(b"1")
    token = bench.lock()
    bench.queue.settle(token, "complete")
    assert bench.queue.peek(1, 10) == []
    with pytest.raises(AmqpError, match="message-lock-lost"):
        bench.queue.settle(token, "complete")


@pytest.mark.parametrize(("settlement", "counted"), [("abandon", 1), ("release", 0)])
def test_giving_back(bench: Workbench, settlement: Settlement, counted: int) -> None:
    """Both let the message come again, only one counts."""
    bench.send(b"1")
    bench.queue.settle(bench.lock(), settlement)
    [again] = bench.queue.lock_next(1)
    assert again.message.delivery_count == counted


def test_too_many_deliveries(bench: Workbench) -> None:
    """After the third failure the message is a dead letter, which has no limit itself."""
    bench.send(b"1", properties={"kept": "yes"})
    for _ in range(3):
        bench.queue.settle(bench.lock(), "abandon")
    assert bench.queue.lock_next(1) == []
    for _ in range(5):
        [dead] = bench.dead_letters.lock_next(1)
        bench.dead_letters.settle(dead.token, "abandon")
    assert parse_application_properties(dead.message.content) == {
        "kept": "yes",
        "DeadLetterReason": "MaxDeliveryCountExceeded",
        "DeadLetterErrorDescription": "Message could not be consumed after 3 delivery attempts.",
    }


def test_dead_letter_keeps_number_and_id(bench: Workbench) -> None:
    """A dead letter is the same message in another place."""
    [sequence] = bench.send(b"1", message_id="m")
    bench.queue.settle(bench.lock(), "dead_letter", {"DeadLetterReason": "r"})
    [dead] = bench.dead_letters.peek(0, 10)
    assert (dead.sequence, dead.message_id, dead.expires_at) == (sequence, "m", None)
    assert bench.ready[-1] == "q/$deadletterqueue"


def test_a_dead_letter_stays_one(bench: Workbench) -> None:
    """Dead-lettering it again only changes its reason."""
    bench.send(b"1")
    bench.queue.settle(bench.lock(), "dead_letter", {"DeadLetterReason": "first"})
    [dead] = bench.dead_letters.lock_next(1)
    bench.dead_letters.settle(dead.token, "dead_letter", {"DeadLetterReason": "second"})
    [again] = bench.dead_letters.lock_next(1)
    assert parse_application_properties(again.message.content)["DeadLetterReason"] == "second"


def test_abandon_with_properties(bench: Workbench) -> None:
    """What the receiver noted comes with the next delivery."""
    bench.send(b"1", properties={"a": "1"})
    bench.queue.settle(bench.lock(), "abandon", {"seen": "yes"})
    [again] = bench.queue.lock_next(1)
    assert parse_application_properties(again.message.content) == {"a": "1", "seen": "yes"}


def test_locks_are_all_renewed_or_none(bench: Workbench) -> None:
    """One lost lock fails the request."""
    bench.send(b"1", b"2")
    first, second = bench.lock(), bench.lock()
    bench.now += 4000
    assert bench.queue.renew([first, second]) == [bench.now + 10_000] * 2
    bench.queue.settle(second, "complete")
    bench.now += 4000
    with pytest.raises(AmqpError, match="message-lock-lost"):
        bench.queue.renew([first, second])
    bench.now += 6000
    with pytest.raises(AmqpError, match="message-lock-lost"):
        bench.queue.settle(first, "complete")


def test_a_lock_belongs_to_its_queue(bench: Workbench) -> None:
    """The dead-letter queue does not know it."""
    bench.send(b"1")
    with pytest.raises(AmqpError, match="message-lock-lost"):
        bench.dead_letters.settle(bench.lock(), "abandon")


def test_take_next_leaves_nothing(bench: Workbench) -> None:
    """Receive and delete."""
    bench.send(b"1", b"2", b"3")
    assert [message.sequence for message in bench.queue.take_next(2)] == [1, 2]
    assert [message.sequence for message in bench.queue.peek(0, 10)] == [3]


def test_peek_is_bounded(make_workbench: MakeWorkbench) -> None:
    """At most 256 at once, whatever was asked."""
    bench = make_workbench()
    bench.send(*(b"x" for _ in range(300)))
    assert len(bench.queue.peek(0, 10_000)) == 256
    assert [message.sequence for message in bench.queue.peek(299, 10)] == [299, 300]
