"""What may happen while a turn waits for a thread or computes: it is void or right, never half."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest

from local_host.durable.errors import InstanceNotFoundError, InstanceStateError
from local_host.durable.instance import RuntimeStatus
from local_host.durable.settings import DurableSettings
from local_host.functions.timed_executor import TimedExecutor

Context: TypeAlias = df.DurableOrchestrationContext
Steps: TypeAlias = Generator[Any, Any, Any]
Drive: TypeAlias = Callable[..., Any]


def echoes(context: Context) -> Steps:
    return (yield context.call_activity("echo", context.get_input()))


def hears(context: Context) -> Steps:
    first = yield context.wait_for_external_event("go")
    second = yield context.wait_for_external_event("again")
    return [first, second]


@pytest.fixture
def driven(drive: Drive) -> Any:
    """A hub with two orchestrators and one place for turns less than instances that are started."""
    settings = DurableSettings(max_concurrent_orchestrators=2)
    return drive({"echoes": echoes, "hears": hears}, {"echo": lambda value: value}, settings=settings)


def test_no_more_turns_than_the_limit_are_under_way(driven: Any) -> None:
    """As maxConcurrentOrchestratorFunctions has it: the third turn begins when a place is free."""
    driven.threads.is_held = True
    for item in range(3):
        driven.start("echoes", item, f"i{item}")
    driven.turns()
    assert sorted(driven.hub.instances.under_way) == ["i0", "i1"]
    driven.threads.run()
    driven.turns()
    assert sorted(driven.hub.instances.under_way) == ["i2"]
    driven.release_threads()
    driven.run()
    assert [driven.output(f"i{item}") for item in range(3)] == [0, 1, 2]


def test_requests_are_answered_while_every_turn_waits(driven: Any) -> None:
    """The hub starts instances and stores events while no thread is free; nothing of it is lost by a crash."""
    driven.start("hears", instance_id="one")
    driven.turns()
    driven.threads.is_held = True
    driven.raise_event("one", "go", 1)
    driven.turns()
    driven.raise_event("one", "again", 2)
    driven.start("echoes", "late", "two")
    driven.turns()
    driven.crash()
    driven.run()
    assert driven.output("one") == [1, 2]
    assert driven.output("two") == "late"


def test_event_during_a_turn_is_for_the_next_one(driven: Any) -> None:
    """The turn that computes reads what it began with; what came meanwhile stays in its order."""
    driven.start("hears", instance_id="one")
    driven.turns()
    driven.threads.is_held = True
    driven.raise_event("one", "go", 1)
    driven.turns()
    driven.raise_event("one", "again", 2)
    driven.release_threads()
    assert driven.output("one") == [1, 2]
    raised = [
        record["Name"] for record in driven.history("one") if record["EventType"] in (12, 15) and "Name" in record
    ]
    assert raised == ["go", "again"]


def test_terminated_during_a_turn(driven: Any) -> None:
    """The turn is completed first and has its effect; the next one, which needs a thread, too, ends the instance."""
    driven.threads.is_held = True
    driven.start("echoes", 1, "one")
    driven.turns()
    driven.do(lambda hub: hub.requests.terminate("one", "enough"))
    driven.turns()
    assert driven.status("one") == RuntimeStatus.PENDING
    driven.threads.run()
    driven.turns()
    assert driven.status("one") == RuntimeStatus.RUNNING
    (activity,) = driven.waiting
    driven.release_threads()
    assert driven.status("one") == RuntimeStatus.TERMINATED
    assert driven.waiting == [activity]


def test_terminated_during_its_last_turn(driven: Any) -> None:
    """It has completed, and the termination comes too late."""
    driven.start("hears", instance_id="one")
    driven.turns()
    driven.raise_event("one", "go", 1)
    driven.threads.is_held = True
    driven.raise_event("one", "again", 2)
    driven.turns()
    driven.do(lambda hub: hub.requests.terminate("one", "enough"))
    driven.release_threads()
    assert (driven.status("one"), driven.output("one")) == (RuntimeStatus.COMPLETED, [1, 2])


def test_suspended_and_resumed_during_a_turn(driven: Any) -> None:
    """The turn is completed first: its activity runs, and its result waits until the instance goes on."""
    driven.threads.is_held = True
    driven.start("echoes", 1, "one")
    driven.turns()
    for _ in range(2):
        driven.do(lambda hub: hub.requests.suspend("one", "hold"))
    driven.turns()
    assert driven.status("one") == RuntimeStatus.PENDING
    with pytest.raises(InstanceStateError, match="must be Suspended"):
        driven.do(lambda hub: hub.requests.resume("one", "go on"))
    driven.release_threads()
    driven.run()
    assert driven.status("one") == RuntimeStatus.SUSPENDED
    assert driven.calls["one", "echo"] == 1
    driven.do(lambda hub: hub.requests.resume("one", "go on"))
    driven.run()
    assert driven.output("one") == 1
    kinds = [record["EventType"] for record in driven.history("one")]
    assert (kinds.count(19), kinds.count(20)) == (1, 1)


def test_void_turns_hold_their_places(driven: Any) -> None:
    """Until their threads are free, and none can ever be taken for the one that follows."""
    driven.threads.is_held = True
    for item in range(3):
        if item:
            driven.do(lambda hub: hub.requests.purge("one"))
        driven.start("echoes", item, "one")
        driven.turns()
    assert driven.hub.turns.may_begin is False
    driven.release_threads()
    driven.run()
    assert driven.output("one") == 2
    assert driven.calls["one", "echo"] == 1


def test_purged_and_started_again_during_a_turn(driven: Any) -> None:
    """A turn of the instance that was is no turn of the instance that is."""
    driven.threads.is_held = True
    driven.start("echoes", "old", "one")
    driven.turns()
    driven.do(lambda hub: hub.requests.purge("one"))
    with pytest.raises(InstanceNotFoundError):
        driven.hub.instances.find("one")
    driven.start("echoes", "new", "one")
    driven.release_threads()
    driven.run()
    assert driven.output("one") == "new"
    assert driven.calls["one", "echo"] == 1


def test_killed_during_a_turn(driven: Any) -> None:
    """After a kill -9 the turn is taken again; what it would have scheduled runs once."""
    driven.threads.is_held = True
    driven.start("echoes", 1, "one")
    driven.turns()
    driven.crash()
    driven.run()
    assert driven.output("one") == 1
    assert driven.calls["one", "echo"] == 1


def test_turn_that_ended_too_late_has_not_been(driven: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host ends then; until the next one takes the turn again it has no effect, and is no failure."""
    seconds = [0.0]
    timed = TimedExecutor(driven.threads, timedelta(seconds=10), lambda: seconds[-1])
    monkeypatch.setattr(driven.hub.turns, "_executor", timed)
    driven.threads.is_held = True
    driven.start("echoes", 1, "one")
    driven.turns()
    seconds.append(11)
    driven.release_threads()
    assert timed.timed_out is not None
    assert (driven.status("one"), driven.waiting) == (RuntimeStatus.PENDING, [])
    driven.crash()
    driven.run()
    assert driven.output("one") == 1


def test_instances_under_way_stay_in_memory(driven: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache lets go of others only: a turn is finished on the instance that it began with."""
    monkeypatch.setattr("local_host.durable.instances._CACHED", 0)
    driven.threads.is_held = True
    driven.start("echoes", 1, "one")
    driven.turns()
    driven.release_threads()
    driven.run()
    assert driven.output("one") == 1
