"""Service Bus triggers on a running host, over a running broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusReceiver, ServiceBusSubQueue

from local_host.testing.broker_process import BrokerProcess
from local_host.testing.functions_host import DEADLINE, RunningHost, StartHost, wait_for

QUEUES = """
queues:
  - {name: work, lock_duration: PT5M, max_delivery_count: 3}
  - {name: slow, lock_duration: PT6S, max_delivery_count: 3}
  - {name: unsettled, lock_duration: PT1S, max_delivery_count: 2}
"""
APP = """
import asyncio

@app.service_bus_queue_trigger(arg_name="message", queue_name="%WORK%", connection="BUS")
def on_work(message: func.ServiceBusMessage) -> None:
    text = message.get_body().decode()
    kind = message.user_properties.get("kind")
    note(f"begin {text[:20]} delivery={message.delivery_count} id={message.message_id} kind={kind}")
    if text.startswith("bad"):
        raise RuntimeError("no")
    while text.startswith("hold") and not (here / "go").exists():
        time.sleep(0.01)
    note(f"end {text[:20]}")

@app.service_bus_queue_trigger(arg_name="message", queue_name="work/$DeadLetterQueue", connection="BUS")
def on_dead_letter(message: func.ServiceBusMessage) -> None:
    reason = message.application_properties["DeadLetterReason"]
    note(f"dead {message.get_body().decode()} reason={reason}")

@app.service_bus_queue_trigger(arg_name="text", queue_name="slow", connection="BUS")
async def on_slow(text: str) -> None:
    note(f"slow {text}")
    await asyncio.sleep(7 if text == "long" else 0)
    note(f"slow done {text}")

@app.service_bus_queue_trigger(arg_name="text", queue_name="unsettled", connection="BUS", auto_complete_messages=False)
def on_unsettled(text: str) -> None:
    note(f"unsettled {text}")
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    """A running broker."""
    process = BrokerProcess(tmp_path / "bus", QUEUES).start()
    yield process
    process.kill()


def start(start_host: StartHost, broker: BrokerProcess, **options: Any) -> RunningHost:
    """The app over the broker, with these options of extensions.serviceBus."""
    host_json = {"extensions": {"serviceBus": options}}
    environment = {"BUS": broker.connection_string, "WORK": "work"}
    return start_host(APP, host_json=host_json, environment=environment).until_started()


def send(broker: BrokerProcess, queue: str, *texts: str) -> None:
    """Sends messages."""
    with (
        ServiceBusClient.from_connection_string(broker.connection_string) as client,
        client.get_queue_sender(queue) as sender,
    ):
        for text in texts:
            sender.send_messages(
                ServiceBusMessage(text, message_id=f"id-{text[:20]}", application_properties={"kind": "alert"})
            )


def left(broker: BrokerProcess, queue: str, sub_queue: ServiceBusSubQueue | None = None) -> list[str]:
    """The bodies that are still there, locked or not."""
    with ServiceBusClient.from_connection_string(broker.connection_string) as client:
        receiver: ServiceBusReceiver
        with client.get_queue_receiver(queue, sub_queue=sub_queue) as receiver:
            return [str(message) for message in receiver.peek_messages(100)]


def test_success_failure_and_dead_letter(start_host: StartHost, broker: BrokerProcess) -> None:
    """A message that succeeds is completed; one that fails comes again, and after the last time is a dead letter."""
    host = start(start_host, broker)
    send(broker, "work", "good", "bad")
    host.until_noted("end good")
    host.until_noted("dead bad reason=MaxDeliveryCountExceeded")
    wait_for(
        lambda: not left(broker, "work") and not left(broker, "work", ServiceBusSubQueue.DEAD_LETTER), "empty queues"
    )
    assert host.notes.count("begin good delivery=1 id=id-good kind=alert") == 1
    assert [note for note in host.notes if note.startswith("begin bad")] == [
        f"begin bad delivery={number} id=id-bad kind=alert" for number in (1, 2, 3)
    ]


def test_a_slow_function_keeps_its_lock(start_host: StartHost, broker: BrokerProcess) -> None:
    """A function that runs longer than the lock is not run again meanwhile."""
    host = start(start_host, broker)
    send(broker, "slow", "long")
    host.until_noted("slow done long")
    wait_for(lambda: not left(broker, "slow"), "empty queue")
    assert host.notes == ["slow long", "slow done long"]


def test_without_renewal_a_slow_function_loses_its_lock(start_host: StartHost, broker: BrokerProcess) -> None:
    """maxAutoLockRenewalDuration is obeyed: the message comes again while the function still runs."""
    host = start(start_host, broker, maxAutoLockRenewalDuration="00:00:00")
    send(broker, "slow", "long")
    wait_for(lambda: host.notes.count("slow long") >= 2, "second delivery")


def test_a_trigger_without_auto_complete_leaves_its_message(start_host: StartHost, broker: BrokerProcess) -> None:
    """Each success leaves the lock to run out, until the queue's maximum is reached."""
    host = start(start_host, broker)
    send(broker, "unsettled", "a")
    wait_for(lambda: left(broker, "unsettled", ServiceBusSubQueue.DEAD_LETTER) == ["a"], "dead letter")
    assert host.notes == ["unsettled a", "unsettled a"]


def test_auto_complete_is_that_of_host_json(start_host: StartHost, broker: BrokerProcess) -> None:
    """autoCompleteMessages false concerns the triggers that say nothing of their own."""
    host = start(start_host, broker, autoCompleteMessages=False)
    send(broker, "slow", "a")
    wait_for(lambda: host.notes.count("slow done a") >= 2, "second delivery")


@pytest.mark.parametrize(("prefetch", "free"), [(0, ["two"]), (10, [])])
def test_prefetch_is_that_of_host_json(
    start_host: StartHost, broker: BrokerProcess, prefetch: int, free: list[str]
) -> None:
    """A busy pump leaves the next message to others, unless prefetchCount lets it fetch ahead."""
    host = start(start_host, broker, maxConcurrentCalls=1, prefetchCount=prefetch)
    send(broker, "work", "hold1", "two")
    wait_for(lambda: bool(host.notes), "first call")
    with (
        ServiceBusClient.from_connection_string(broker.connection_string) as client,
        client.get_queue_receiver("work") as receiver,
    ):
        found = receiver.receive_messages(max_wait_time=1)
        assert [str(message) for message in found] == free
        for message in found:
            receiver.complete_message(message)
    (host.root / "go").touch()
    wait_for(lambda: not left(broker, "work"), "empty queue")


def test_what_a_killed_host_ran_comes_again(start_host: StartHost, broker: BrokerProcess) -> None:
    """kill -9 in the middle of a function: the next host runs the message when the lock has run out, counted."""
    first = start(start_host, broker)
    send(broker, "slow", "long")
    first.until_noted("slow long")
    first.kill()
    second = start_host(environment={"BUS": broker.connection_string, "WORK": "work"}).until_started()
    wait_for(lambda: second.notes == ["slow long", "slow long", "slow done long"], "second run")
    wait_for(lambda: not left(broker, "slow"), "empty queue")


def test_no_more_calls_at_once_than_host_json_says(start_host: StartHost, broker: BrokerProcess) -> None:
    """maxConcurrentCalls bounds one function; the rest waits in the queue."""
    host = start(start_host, broker, maxConcurrentCalls=2, prefetchCount=0)
    send(broker, "work", *(f"hold{number}" for number in range(5)))
    wait_for(lambda: len(host.notes) >= 2, "two calls")
    # All five could have begun while this one, which came last, went through another function.
    send(broker, "slow", "probe")
    host.until_noted("slow done probe")
    assert len([note for note in host.notes if note.startswith("begin")]) == 2
    (host.root / "go").touch()
    wait_for(lambda: not left(broker, "work"), "empty queue")
    assert sorted(note for note in host.notes if note.startswith("end")) == [f"end hold{number}" for number in range(5)]


def test_a_stop_finishes_what_runs_and_gives_back_the_rest(start_host: StartHost, broker: BrokerProcess) -> None:
    """SIGTERM: the running function ends and its message is completed; fetched ones are free at once, uncounted."""
    host = start(start_host, broker, maxConcurrentCalls=1, prefetchCount=10)
    send(broker, "work", "hold1", "two", "three")
    wait_for(lambda: bool(host.notes), "first call")
    host.process.terminate()
    wait_for(lambda: "stopp" in host.lines.lower(), "stopping host")
    (host.root / "go").touch()
    assert host.process.wait(DEADLINE) == 0
    assert [note for note in host.notes if note.startswith("end")] == ["end hold1"]
    with (
        ServiceBusClient.from_connection_string(broker.connection_string) as client,
        client.get_queue_receiver("work") as receiver,
    ):
        found = [receiver.receive_messages(max_wait_time=60)[0] for _ in range(2)]
        assert [(str(message), message.delivery_count) for message in found] == [("two", 0), ("three", 0)]


@pytest.mark.parametrize("calls", [1, 16])
def test_a_killed_broker_is_found_again(start_host: StartHost, broker: BrokerProcess, calls: int) -> None:
    """What ran while the broker was away is completed on the new connection, and new messages come."""
    host = start(start_host, broker, maxConcurrentCalls=calls)
    send(broker, "work", "hold1")
    wait_for(lambda: bool(host.notes), "first call")
    broker.kill()
    wait_for(lambda: "servicebus_receive_failed function=on_slow" in host.lines, "lost connection")
    (host.root / "go").touch()
    host.until_noted("end hold1")
    broker.start()
    send(broker, "work", "again")
    host.until_noted("end again")
    wait_for(lambda: not left(broker, "work"), "empty queue")
    assert len([note for note in host.notes if note.startswith("begin hold1")]) == 1


def test_many_messages_are_each_run_once(start_host: StartHost, broker: BrokerProcess) -> None:
    """Receiving, running, settling and renewing share one connection without losing or doubling a message."""
    host = start(start_host, broker, prefetchCount=20)
    texts = [f"m{number}" for number in range(200)]
    send(broker, "work", *texts, "x" * 200_000)
    wait_for(lambda: len([note for note in host.notes if note.startswith("end")]) >= 201, "200 runs")
    wait_for(lambda: not left(broker, "work"), "empty queue")
    assert sorted(note.split()[1] for note in host.notes if note.startswith("begin m")) == sorted(texts)


def test_a_host_without_its_setting_says_so(start_host: StartHost) -> None:
    """A missing connection is an error at the start that names the function and the setting."""
    host = start_host(APP, environment={"WORK": "work"})
    assert host.process.wait(DEADLINE) == 1
    assert (
        "function 'on_work', parameter 'message': app setting 'BUS', the trigger's connection, is not set" in host.lines
    )


def test_a_bad_host_json_says_so(start_host: StartHost) -> None:
    """A bad value in extensions.serviceBus is an error that names key, value and rule."""
    host_json = {"extensions": {"serviceBus": {"maxConcurrentCalls": 0}}}
    host = start_host(APP, host_json=host_json, environment={"WORK": "work", "BUS": "x"})
    assert host.process.wait(DEADLINE) == 1
    rule = "must be a whole number from 1 to 1000"
    assert f"host.json: extensions.serviceBus.maxConcurrentCalls is 0: {rule}" in host.lines
