"""What clients may ask of an instance, in each of its states."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest

from local_host.durable.errors import (
    FunctionNotFoundError,
    InstanceExistsError,
    InstanceNotFoundError,
    InstanceStateError,
    InvalidRequestError,
)
from local_host.durable.instance import RuntimeStatus
from local_host.durable.settings import DurableSettings

Context: TypeAlias = df.DurableOrchestrationContext
Steps: TypeAlias = Generator[Any, Any, Any]
Drive: TypeAlias = Callable[..., Any]


def waits(context: Context) -> Steps:
    event = yield context.wait_for_external_event("go")
    yield context.call_activity("echo", event)
    return event


def quick(context: Context) -> Any:
    return context.get_input()


ORCHESTRATORS = {"waits": waits, "quick": quick}
ACTIVITIES = {"echo": lambda value: value}

OPERATIONS: dict[str, Callable[[Any, str], Any]] = {
    "raise_event": lambda hub, instance_id: hub.requests.raise_event(instance_id, "go", None),
    "terminate": lambda hub, instance_id: hub.requests.terminate(instance_id, "why"),
    "suspend": lambda hub, instance_id: hub.requests.suspend(instance_id, "why"),
    "resume": lambda hub, instance_id: hub.requests.resume(instance_id, "why"),
    "purge": lambda hub, instance_id: hub.requests.purge(instance_id),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_unknown_instance_is_refused(drive: Drive, operation: str) -> None:
    """Every operation says that there is no such instance."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    with pytest.raises(InstanceNotFoundError, match="No instance with ID 'absent' found"):
        driven.do(lambda hub: OPERATIONS[operation](hub, "absent"))


@pytest.mark.parametrize("operation", ["raise_event", "terminate", "suspend", "resume"])
def test_completed_instance_is_refused(drive: Drive, operation: str) -> None:
    """What needs an unfinished (or failed) instance says so, with the status that it has."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    instance_id = driven.start("quick")
    driven.run()
    with pytest.raises(InstanceStateError, match="with status Completed"):
        driven.do(lambda hub: OPERATIONS[operation](hub, instance_id))


def test_start_of_an_unknown_orchestrator_is_refused(drive: Drive) -> None:
    """The error lists the orchestrators that exist."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    with pytest.raises(FunctionNotFoundError, match="'quick', 'waits'"):
        driven.start("absent")


@pytest.mark.parametrize("bad", ["", "@entity", "a/b", "a\\b", "a#b", "a?b", "a\nb", "x" * 257])
def test_start_with_a_bad_id_is_refused(drive: Drive, bad: str) -> None:
    """The id's rule is Azure's."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    with pytest.raises(InvalidRequestError, match="instanceId is"):
        driven.start("quick", instance_id=bad)


def test_start_over_an_unfinished_instance_is_refused(drive: Drive) -> None:
    """The default setting protects what runs."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    driven.start("waits", instance_id="one")
    with pytest.raises(InstanceExistsError, match="'one' with the status Pending already exists"):
        driven.start("waits", instance_id="one")


def test_start_over_a_finished_instance_replaces_it(drive: Drive) -> None:
    """A finished instance's id is free again, its history gone."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    driven.start("quick", 1, "one")
    driven.run()
    driven.start("quick", 2, "one")
    driven.run()
    assert driven.output("one") == 2
    assert len([record for record in driven.history("one") if record["EventType"] == 0]) == 1


def test_any_state_replaces_an_unfinished_instance(drive: Drive) -> None:
    """With AnyState the new instance takes over, and nothing of the old one reaches it."""
    settings = DurableSettings(overridable_existing_instance_states="AnyState")
    driven = drive(ORCHESTRATORS, ACTIVITIES, settings=settings)
    driven.start("waits", instance_id="one")
    driven.run()
    driven.raise_event("one", "go", "old")
    driven.turns()
    (old_work,) = driven.waiting
    driven.start("waits", instance_id="one")
    driven.turns()
    driven.run_activity(old_work)
    driven.run()
    assert driven.status("one") == RuntimeStatus.RUNNING
    driven.raise_event("one", "go", "new")
    driven.run()
    assert driven.output("one") == "new"


@pytest.mark.parametrize("crashes", [False, True])
def test_terminated_instance_ends_in_its_next_turn_with_the_reason(drive: Drive, crashes: bool) -> None:
    """Until then it has its status; of its activity, which is not stopped, it hears no more."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    instance_id = driven.start("waits")
    driven.run()
    driven.raise_event(instance_id, "go", 1)
    driven.turns()
    for reason in ("not needed", "the second is not heard"):
        driven.do(lambda hub, reason=reason: hub.requests.terminate(instance_id, reason))
    assert driven.status(instance_id) == RuntimeStatus.RUNNING
    if crashes:
        driven.crash()
    driven.turns()
    assert (driven.status(instance_id), driven.output(instance_id)) == (RuntimeStatus.TERMINATED, "not needed")
    if crashes:
        driven.crash()
    driven.run()
    assert driven.calls[instance_id, "echo"] == 1
    assert driven.status(instance_id) == RuntimeStatus.TERMINATED
    assert driven.hub.store.activities() == []


def test_start_right_after_a_termination_is_refused(drive: Drive) -> None:
    """The id is free once the instance has read that it ends, and not before."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    driven.start("waits", instance_id="one")
    driven.run()
    driven.do(lambda hub: hub.requests.terminate("one", "not needed"))
    with pytest.raises(InstanceExistsError, match="with the status Running already exists"):
        driven.start("quick", 2, "one")
    driven.turns()
    driven.start("quick", 2, "one")
    driven.run()
    assert driven.output("one") == 2


def test_what_a_terminated_instance_was_sent_before_has_its_effect(drive: Drive) -> None:
    """It reads the event and the termination in one turn: the activity runs, and the end is the termination's."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    instance_id = driven.start("waits")
    driven.run()
    driven.raise_event(instance_id, "go", 1)
    driven.do(lambda hub: hub.requests.terminate(instance_id, "not needed"))
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.TERMINATED
    assert driven.calls[instance_id, "echo"] == 1


@pytest.mark.parametrize("name", ["quick", "fails", "again"])
def test_termination_counts_before_the_end_of_the_same_turn(drive: Drive, name: str) -> None:
    """DTFx asks whether the orchestrator has ended only after every event of the turn."""

    def fails(context: Context) -> Any:
        raise ValueError("broken")

    def again(context: Context) -> Any:
        context.continue_as_new(None)

    driven = drive({**ORCHESTRATORS, "fails": fails, "again": again}, ACTIVITIES)
    instance_id = driven.start(name)
    driven.do(lambda hub: hub.requests.terminate(instance_id, "not needed"))
    driven.run()
    assert (driven.status(instance_id), driven.output(instance_id)) == (RuntimeStatus.TERMINATED, "not needed")


def test_termination_does_not_stop_children(drive: Drive) -> None:
    """Neither one that runs nor one that the same turn starts."""

    def parent(context: Context) -> Steps:
        yield context.call_sub_orchestrator("waits", None, instance_id="first")
        yield context.call_sub_orchestrator("waits", None, instance_id="second")

    driven = drive({**ORCHESTRATORS, "parent": parent}, ACTIVITIES)
    instance_id = driven.start("parent")
    driven.run()
    driven.raise_event("first", "go", 1)
    driven.run()
    driven.do(lambda hub: hub.requests.terminate(instance_id, "not needed"))
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.TERMINATED
    driven.raise_event("second", "go", 2)
    driven.run()
    assert driven.output("second") == 2


def test_termination_of_a_child_fails_the_parents_task(drive: Drive) -> None:
    """The parent sees the reason."""

    def parent(context: Context) -> Steps:
        try:
            yield context.call_sub_orchestrator("waits", None, instance_id="child")
        except Exception as error:  # noqa: BLE001  # the SDK raises the bare class
            return str(error)

    driven = drive({**ORCHESTRATORS, "parent": parent}, ACTIVITIES)
    instance_id = driven.start("parent")
    driven.run()
    driven.do(lambda hub: hub.requests.terminate("child", "not needed"))
    driven.run()
    assert driven.output(instance_id) == "not needed \n "


def test_pending_instance_can_be_terminated(drive: Drive) -> None:
    """Its first turn is its last: what lies before the termination is its start."""

    def begins(context: Context) -> Steps:
        yield context.call_activity("echo", 1)

    driven = drive({"begins": begins}, ACTIVITIES)
    instance_id = driven.start("begins")
    driven.do(lambda hub: hub.requests.terminate(instance_id, "never mind"))
    assert driven.status(instance_id) == RuntimeStatus.PENDING
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.TERMINATED
    assert [record["EventType"] for record in driven.history(instance_id)] == [12, 0, 3, 4, 13, 1]
    assert driven.calls[instance_id, "echo"] == 1


@pytest.mark.parametrize("crashes", [False, True])
def test_suspended_instance_keeps_its_messages_until_resumed(drive: Drive, crashes: bool) -> None:
    """Events, results and timers wait, across a crash too; afterwards the instance goes on as if nothing was."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    instance_id = driven.start("waits")
    driven.run()
    driven.do(lambda hub: hub.requests.suspend(instance_id, "hold"))
    assert driven.status(instance_id) == RuntimeStatus.RUNNING
    driven.turns()
    with pytest.raises(InstanceStateError, match="must be Running, Pending or ContinuedAsNew"):
        driven.do(lambda hub: hub.requests.suspend(instance_id, "hold again"))
    driven.raise_event(instance_id, "go", "kept")
    driven.run()
    if crashes:
        driven.crash()
        driven.run()
    assert driven.status(instance_id) == RuntimeStatus.SUSPENDED
    assert driven.calls == {}
    driven.do(lambda hub: hub.requests.resume(instance_id, "go on"))
    driven.turns()
    with pytest.raises(InstanceStateError, match="must be Suspended"):
        driven.do(lambda hub: hub.requests.resume(instance_id, "go on again"))
    driven.run()
    assert driven.output(instance_id) == "kept"
    kinds = [record["EventType"] for record in driven.history(instance_id)]
    assert (kinds.count(19), kinds.count(20)) == (1, 1)


def test_what_came_before_a_suspension_has_its_effect(drive: Drive) -> None:
    """It is read first; what comes behind the suspension waits."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    instance_id = driven.start("waits")
    driven.run()
    driven.raise_event(instance_id, "go", "first")
    driven.do(lambda hub: hub.requests.suspend(instance_id, "hold"))
    driven.raise_event(instance_id, "go", "second")
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.SUSPENDED
    assert driven.calls[instance_id, "echo"] == 1
    driven.do(lambda hub: hub.requests.resume(instance_id, "go on"))
    driven.run()
    assert driven.output(instance_id) == "first"


@pytest.mark.parametrize("order", [["terminate", "resume"], ["resume", "terminate"], ["resume", "resume"]])
def test_orders_to_a_suspended_instance_count_in_their_order(drive: Drive, order: list[str]) -> None:
    """The second suspension of an instance that is suspended by then is none."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    instance_id = driven.start("waits")
    driven.run()
    for operation in ("suspend", "suspend"):
        driven.do(lambda hub, operation=operation: OPERATIONS[operation](hub, instance_id))
    driven.run()
    driven.raise_event(instance_id, "go", "held")
    for operation in order:
        driven.do(lambda hub, operation=operation: OPERATIONS[operation](hub, instance_id))
    driven.run()
    end = RuntimeStatus.TERMINATED if "terminate" in order else RuntimeStatus.COMPLETED
    assert driven.status(instance_id) == end
    # The event is read in the turn of the termination if the instance has been resumed before.
    assert driven.calls[instance_id, "echo"] == (0 if order[0] == "terminate" else 1)


def test_instance_suspended_before_its_first_turn_begins_when_resumed(drive: Drive) -> None:
    """Suspension counts from the start."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    instance_id = driven.start("quick", 1)
    driven.do(lambda hub: hub.requests.suspend(instance_id, "hold"))
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.SUSPENDED
    driven.do(lambda hub: hub.requests.resume(instance_id, "go on"))
    driven.run()
    assert driven.output(instance_id) == 1


@pytest.mark.parametrize("crashes", [False, True])
@pytest.mark.parametrize("has_begun", [False, True])
def test_suspended_instance_can_be_terminated(drive: Drive, has_begun: bool, crashes: bool) -> None:
    """A hold does not protect it; the event that waits behind the hold, and its first turn, have no effect any more."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    instance_id = driven.start("waits")
    if has_begun:
        driven.run()
    driven.do(lambda hub: hub.requests.suspend(instance_id, "hold"))
    driven.raise_event(instance_id, "go", 1)
    driven.run()
    driven.do(lambda hub: hub.requests.terminate(instance_id, "enough"))
    assert driven.status(instance_id) == RuntimeStatus.SUSPENDED
    if crashes:
        driven.crash()
    driven.run()
    assert (driven.status(instance_id), driven.output(instance_id)) == (RuntimeStatus.TERMINATED, "enough")
    assert driven.calls == {}


def test_purge_deletes_an_instance_whatever_its_status(drive: Drive) -> None:
    """As the Azure Storage provider has it. A purged one is unknown, and its result comes too late."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    done, running = driven.start("quick"), driven.start("waits")
    driven.run()
    assert driven.do(lambda hub: hub.requests.purge(done)) == 1
    assert driven.do(lambda hub: hub.requests.purge(running)) == 1
    assert driven.history(running) == []
    with pytest.raises(InstanceNotFoundError):
        driven.do(lambda hub: hub.requests.purge(done))
    assert driven.history(done) == []


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        (None, None),
        ('"{\\"a\\": 1}"', {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        ("[1, 2]", [1, 2]),
        ("7", 7),
        ('"null"', None),
    ],
)
def test_input_may_be_json_or_json_in_a_string(drive: Drive, sent: str | None, seen: Any) -> None:
    """The SDK double-encodes its inputs; plain HTTP callers do not."""
    driven = drive(ORCHESTRATORS, ACTIVITIES)
    instance_id = driven.do(lambda hub: hub.requests.start("quick", sent, None, None))
    driven.run()
    assert driven.output(instance_id) == seen
