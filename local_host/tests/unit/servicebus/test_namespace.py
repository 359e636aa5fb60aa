"""Sending, and what time does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.amqp.message import parse_application_properties

from .conftest import MakeWorkbench, Workbench


def test_addresses(bench: Workbench) -> None:
    """Case does not count; an unknown queue is named with those that exist."""
    assert bench.namespace.entity("Q/$DEADLETTERQUEUE") is bench.dead_letters
    with pytest.raises(AmqpError, match="there is no queue 'r'; the definition file has q"):
        bench.namespace.entity("r")


def test_a_lock_runs_out(bench: Workbench) -> None:
    """The message comes again, counted, and the old lock is worth nothing."""
    bench.send(b"1")
    token = bench.lock()
    bench.wait(9_999)
    assert bench.queue.lock_next(1) == []
    bench.wait(1)
    [again] = bench.queue.lock_next(1)
    assert again.message.delivery_count == 1
    with pytest.raises(AmqpError, match="message-lock-lost"):
        bench.queue.settle(token, "complete")


def test_locks_that_run_out_count_as_deliveries(bench: Workbench) -> None:
    """A message that nobody settles ends as a dead letter."""
    bench.send(b"1")
    for _ in range(3):
        bench.lock()
        bench.wait(10_000)
    [dead] = bench.dead_letters.peek(0, 10)
    assert parse_application_properties(dead.content)["DeadLetterReason"] == "MaxDeliveryCountExceeded"


def test_expiry(bench: Workbench) -> None:
    """A message that outlives its time is a dead letter; the queue's own limit is the longest."""
    bench.send(b"1", ttl=1000)
    bench.wait(999)
    assert bench.dead_letters.peek(0, 10) == []
    bench.wait(1)
    [dead] = bench.dead_letters.peek(0, 10)
    assert parse_application_properties(dead.content)["DeadLetterReason"] == "TTLExpiredException"
    bench.wait(10**9)
    assert len(bench.dead_letters.peek(0, 10)) == 1


def test_the_queues_time_to_live_is_the_longest(make_workbench: MakeWorkbench) -> None:
    """A message cannot ask for more; without dead-lettering it is dropped."""
    bench = make_workbench(default_message_ttl=5, dead_lettering_on_expiration=False)
    bench.send(b"1")
    bench.send(b"2", ttl=60_000)
    bench.wait(5000)
    assert bench.queue.peek(0, 10) == bench.dead_letters.peek(0, 10) == []


def test_a_locked_message_does_not_expire(bench: Workbench) -> None:
    """Not before its lock has ended."""
    bench.send(b"1", ttl=1000)
    token = bench.lock()
    bench.wait(5000)
    bench.queue.settle(token, "abandon")
    assert bench.queue.lock_next(1) == []
    bench.wait(0)
    assert len(bench.dead_letters.peek(0, 10)) == 1


def test_duplicates(make_workbench: MakeWorkbench) -> None:
    """An id is remembered for the window, whatever became of its message, and per queue."""
    bench = make_workbench(duplicate_detection_window=60)
    [first] = bench.send(b"1", message_id="a")
    bench.queue.settle(bench.lock(), "complete")
    assert bench.send(b"2", message_id="a") == [first]
    assert bench.queue.lock_next(1) == []
    bench.wait(60_000)
    [again] = bench.send(b"3", message_id="a")
    assert again > first


def test_without_a_window_ids_may_repeat(bench: Workbench) -> None:
    """Duplicate detection is off by default."""
    bench.send(b"1", b"2", message_id="a")
    assert len(bench.queue.lock_next(5)) == 2


def test_a_new_process_goes_on(make_workbench: MakeWorkbench, tmp_path: Path) -> None:
    """Locks, counts and numbers are those of the state folder; what was not committed is gone."""
    bench = make_workbench()
    bench.send(b"1", b"2")
    token = bench.lock()
    bench.store.commit()
    bench.send(b"lost")
    # What a killed process leaves is what is on disk now.
    shutil.copytree(bench.folder, tmp_path / "left")
    again = make_workbench(tmp_path / "left")
    again.now = bench.now + 5000
    assert [locked.message.sequence for locked in again.queue.lock_next(5)] == [2]
    again.queue.settle(token, "complete")
    [number] = again.send(b"3")
    assert number > 3


def test_messages_of_a_queue_that_is_gone_stay(make_workbench: MakeWorkbench) -> None:
    """They neither expire nor keep the broker busy, and are there when the queue is back."""
    bench = make_workbench()
    bench.send(b"1", ttl=1000)
    bench.lock()
    bench.store.commit()
    other = make_workbench(bench.folder, name="other")
    other.now = bench.now + 10**6
    other.wait(0)
    assert other.namespace.next_moment is None
    other.store.commit()
    assert len(make_workbench(bench.folder).queue.peek(0, 10)) == 1


STEPS = st.lists(
    st.sampled_from(["send", "lock", "complete", "abandon", "dead_letter", "release", "wait"]),
    max_size=60,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(STEPS)
def test_no_message_is_lost_or_doubled(make_workbench: MakeWorkbench, steps: list[str]) -> None:
    """Whatever receivers do: each accepted message is completed, or is in exactly one of both queues."""
    bench = make_workbench(default_message_ttl=3600)
    sent: set[int] = set()
    completed: set[int] = set()
    locks: list[tuple[int, bytes]] = []
    for step in steps:
        if step == "send":
            sent |= set(bench.send(b"x"))
        elif step == "wait":
            bench.wait(4000)
        elif step == "lock":
            locks += [(locked.message.sequence, locked.token) for locked in bench.queue.lock_next(2)]
        elif locks:
            sequence, token = locks.pop(0)
            try:
                bench.queue.settle(token, step)  # type: ignore[arg-type]
            except AmqpError:
                continue
            completed |= {sequence} if step == "complete" else set()
    there = [message.sequence for entity in (bench.queue, bench.dead_letters) for message in entity.peek(0, 256)]
    assert len(there) == len(set(there))
    assert set(there) | completed == sent
    assert set(there) & completed == set()
