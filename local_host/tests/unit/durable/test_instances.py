"""Instances in memory and storage: crashes, messages, the cache."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_host.durable.instance import Message, RuntimeStatus
from local_host.durable.replay import Replayer, failed_outcome, invocation_fields, read_outcome

Context: TypeAlias = df.DurableOrchestrationContext
Steps: TypeAlias = Generator[Any, Any, Any]
Drive: TypeAlias = Callable[..., Any]


def test_message_of_an_earlier_execution_is_dropped(drive: Drive) -> None:
    """A late result of a generation that continued as new does not reach the next."""

    def waits(context: Context) -> Steps:
        yield context.call_activity("echo", 1)

    driven = drive({"waits": waits}, {"echo": lambda value: value})
    instance_id = driven.start("waits")
    driven.turns()
    stale = {
        "EventType": 5,
        "EventId": -1,
        "TaskScheduledId": 0,
        "Result": '"stale"',
        "Timestamp": "2026-11-21T03:00:00Z",
    }
    driven.do(lambda hub: hub.instances.deliver(instance_id, Message(stale, "another execution")))
    driven.turns()
    assert driven.status(instance_id) == RuntimeStatus.RUNNING


def test_second_completion_of_a_task_is_dropped(drive: Drive) -> None:
    """An activity that ran twice (at-least-once) counts once."""

    def twice(context: Context) -> Steps:
        first = yield context.call_activity("echo", 1)
        second = yield context.call_activity("echo", 2)
        return [first, second]

    driven = drive({"twice": twice}, {"echo": lambda value: value})
    instance_id = driven.start("twice")
    driven.turns()
    (work,) = driven.waiting
    driven.do(lambda hub: hub.complete_activity(work, '"one"'))
    driven.do(lambda hub: hub.complete_activity(work, '"again"'))
    driven.run_activity(work)
    driven.run()
    assert driven.output(instance_id) == ["one", 2]


def test_transaction_that_never_committed_never_was(drive: Drive) -> None:
    """A crash before the commit takes a turn and all that it scheduled back together."""

    def one(context: Context) -> Steps:
        return (yield context.call_activity("echo", 1))

    driven = drive({"one": one}, {"echo": lambda value: value})
    instance_id = driven.start("one")
    driven.hub.begin()
    driven.take_turns()
    driven.crash()
    assert driven.history(instance_id) == []
    assert driven.waiting == []
    driven.run()
    assert driven.output(instance_id) == 1
    assert driven.calls[instance_id, "echo"] == 1


def test_more_instances_than_the_cache_holds_all_go_on(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """An instance that was let go of is read again when something comes for it."""
    monkeypatch.setattr("local_host.durable.instances._CACHED", 3)

    def waits(context: Context) -> Steps:
        value = yield context.wait_for_external_event("go")
        return (yield context.call_activity("echo", value))

    driven = drive({"waits": waits}, {"echo": lambda value: value})
    ids = [driven.start("waits") for _ in range(20)]
    driven.run()
    for index, instance_id in enumerate(ids):
        driven.raise_event(instance_id, "go", index)
    driven.run()
    assert [driven.output(instance_id) for instance_id in ids] == list(range(20))


# A small language of orchestrations, to be run by the engine and, in two lines each, by the test.
OPERATIONS: st.SearchStrategy[Any] = st.deferred(
    lambda: st.one_of(
        st.tuples(st.just("echo"), st.integers(0, 9)),
        st.tuples(st.just("fails"), st.integers(0, 9)),
        st.tuples(st.just("retried"), st.integers(1, 4)),
        st.tuples(st.just("sleeps"), st.integers(1, 50)),
        st.tuples(st.just("hears"), st.sampled_from(["a", "b"])),
        st.tuples(st.just("child"), PROGRAMS),
        st.tuples(st.just("all"), st.lists(st.integers(0, 9), max_size=4)),
    )
)
PROGRAMS: st.SearchStrategy[list[Any]] = st.lists(OPERATIONS, max_size=4)


def interpreter(context: Context) -> Steps:
    results: list[Any] = []
    for name, argument in context.get_input() or []:
        match name:
            case "echo":
                results.append((yield context.call_activity("echo", argument)))
            case "fails":
                try:
                    yield context.call_activity("fails", argument)
                except Exception as error:  # noqa: BLE001  # the SDK raises the bare class
                    results.append(str(error).split(" \n ")[0])
            case "retried":
                try:
                    yield context.call_activity_with_retry("fails", df.RetryOptions(1000, argument), "retried")
                except Exception as error:  # noqa: BLE001  # the SDK raises the bare class
                    results.append(str(error).split(" \n ")[0])
            case "sleeps":
                yield context.create_timer(context.current_utc_datetime + timedelta(seconds=argument))
                results.append("slept")
            case "hears":
                results.append((yield context.wait_for_external_event(f"{argument}{len(results)}")))
            case "child":
                results.append((yield context.call_sub_orchestrator("interpreter", argument)))
            case "all":
                calls = [context.call_activity("echo", item) for item in argument]
                results.append((yield context.task_all(calls)) if calls else [])
    return results


def expected(program: list[Any]) -> list[Any]:
    results: list[Any] = []
    for name, argument in program:
        match name:
            case "echo" | "all":
                results.append(argument)
            case "fails":
                results.append(f"Activity function 'fails' failed:  ValueError: {argument}")
            case "retried":
                results.append("Activity function 'fails' failed:  ValueError: retried")
            case "sleeps":
                results.append("slept")
            case "hears":
                results.append(f"{argument} heard")
            case "child":
                results.append(expected(argument))
    return results


def calls_of(program: list[Any]) -> int:
    """How often activities run if every one runs once."""
    runs: dict[str, Callable[[Any], int]] = {
        "echo": lambda _: 1,
        "fails": lambda _: 1,
        "retried": lambda n: n,
        "all": len,
        "child": calls_of,
    }
    return sum(runs.get(name, lambda _: 0)(argument) for name, argument in program)


def fails(value: Any) -> None:
    raise ValueError(value)


def raise_awaited_events(driven: Any) -> None:
    """Gives every instance that waits for an event the event that it waits for."""
    rows = driven.hub.store.connection.execute(
        "SELECT instance_id FROM instances WHERE runtime_status = 'Running'"
    ).fetchall()
    for (instance_id,) in rows:
        instance = driven.instance(instance_id)
        answer = df.Orchestrator.create(interpreter)(json.dumps(document(instance, driven.history(instance_id))))
        actions = json.loads(answer)["actions"][0]
        known = [*driven.history(instance_id), *(message.record for message in instance.inbox)]
        raised = {record["Name"] for record in known if record["EventType"] == 15}
        for action in actions:
            name = action.get("externalEventName")
            if name is not None and name not in raised:
                driven.raise_event(instance_id, name, f"{name[0]} heard")


def document(instance: Any, records: list[dict[str, Any]]) -> dict[str, Any]:
    """The plain invocation document of the out-of-proc protocol."""
    return {**invocation_fields(instance), "history": records}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(program=PROGRAMS, chance=st.randoms(use_true_random=False))
def test_any_orchestration_survives_crashes_anywhere(drive: Drive, program: list[Any], chance: Any) -> None:
    """Crashed before and after any commit, every instance ends as if nothing had been, and nothing done runs again."""
    driven = drive({"interpreter": interpreter}, {"echo": lambda value: value, "fails": fails})
    instance_id = driven.start("interpreter", program)
    held = False
    for _ in range(400):
        if chance.random() < 0.2:
            driven.crash()
        if chance.random() < 0.1:
            driven.hub.begin()
            driven.take_turns()
            driven.crash()  # before the commit
        held = not held and chance.random() < 0.3
        driven.threads.is_held = held
        if not held:
            driven.threads.run()
        driven.hub.begin()
        driven.take_turns()
        driven._commit(driven.hub)
        if driven.waiting and chance.random() < 0.8:
            driven.run_activity(chance.choice(driven.waiting))
        elif driven.status(instance_id).is_final:
            break
        else:
            driven.now += timedelta(seconds=1)
            raise_awaited_events(driven)
    assert driven.output(instance_id) == expected(program)
    assert driven.calls.total() == calls_of(program)
    check_replays_agree(driven)
    driven.close()


def check_replays_agree(driven: Any) -> None:
    """The official handle, given the plain document, answers like the executor given ready-made events."""
    handle = df.Orchestrator.create(interpreter)
    for (instance_id,) in driven.hub.store.connection.execute("SELECT instance_id FROM instances").fetchall():
        instance = driven.instance(instance_id)
        episodes = driven.hub.store.episodes(instance_id)
        for count in range(1, len(episodes) + 1):
            records = [record for episode in episodes[:count] for record in episode]
            events = instance.events[: len(records)]
            try:
                official = read_outcome(handle(json.dumps(document(instance, records))))
            except Exception as error:  # noqa: BLE001  # the executor raises the bare class
                official = failed_outcome(error)
            assert Replayer().run(handle, invocation_fields(instance), events) == official
