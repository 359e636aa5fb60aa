"""Non-determinism: what a replay must repeat, and what the failure says when it does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest

from local_host.durable.instance import RuntimeStatus

Context: TypeAlias = df.DurableOrchestrationContext
Steps: TypeAlias = Generator[Any, Any, Any]
Drive: TypeAlias = Callable[..., Any]

ACTIVITIES = {"first": lambda _: 1, "second": lambda _: 2}


def _timer(context: Context) -> Any:
    return context.create_timer(context.current_utc_datetime + timedelta(hours=1))


CALLS: dict[str, Callable[[Context], Any]] = {
    "activity 'first'": lambda context: context.call_activity("first", 1),
    "activity 'second'": lambda context: context.call_activity("second", 1),
    "sub-orchestration 'child'": lambda context: context.call_sub_orchestrator("child", 1),
    "timer": _timer,
}


def calling(call: Callable[[Context], Any]) -> Callable[[Context], Steps]:
    """An orchestrator that makes this call, then waits for an event."""

    def subject(context: Context) -> Steps:
        yield context.task_all([context.wait_for_external_event("go"), call(context)])

    return subject


def child(context: Context) -> Steps:
    yield context.wait_for_external_event("never")


@pytest.mark.parametrize(
    ("before", "after"), [(before, after) for before in CALLS for after in CALLS if before != after]
)
def test_another_call_at_the_same_place_is_reported(drive: Drive, before: str, after: str) -> None:
    """The message names the task, what history has there and what the replay scheduled instead."""
    driven = drive({"subject": calling(CALLS[before]), "child": child}, ACTIVITIES)
    instance_id = driven.start("subject")
    driven.turns()
    driven.redeploy({"subject": calling(CALLS[after]), "child": child})
    driven.raise_event(instance_id, "go")
    driven.turns()
    assert driven.status(instance_id) == RuntimeStatus.FAILED
    assert driven.output(instance_id) == (
        "Orchestrator function 'subject' failed: Non-deterministic orchestrator 'subject': "
        f"history has task 0, {before}, but the replay scheduled {after} there. Was its code changed while this "
        "instance was running, or does it use the clock, random values or I/O directly?"
    )


def test_call_that_the_replay_leaves_out_is_reported(drive: Drive) -> None:
    """History has a task that new code never schedules."""

    def shorter(context: Context) -> Steps:
        yield context.wait_for_external_event("go")

    driven = drive({"subject": calling(CALLS["activity 'first'"])}, ACTIVITIES)
    instance_id = driven.start("subject")
    driven.turns()
    driven.redeploy({"subject": shorter})
    driven.raise_event(instance_id, "go")
    driven.turns()
    assert "history has task 0, activity 'first', but the replay scheduled nothing there" in driven.output(instance_id)


def test_changed_input_or_later_code_is_no_non_determinism(drive: Drive) -> None:
    """Only kinds and names of what history has must repeat, as in Azure."""

    def before(context: Context) -> Steps:
        yield context.call_activity("first", "old")

    def after(context: Context) -> Steps:
        yield context.call_activity("first", "new")
        yield context.call_activity("second", None)
        return "more"

    driven = drive({"subject": before}, ACTIVITIES)
    instance_id = driven.start("subject")
    driven.turns()
    driven.redeploy({"subject": after})
    driven.run()
    assert driven.output(instance_id) == "more"


def test_orchestrator_that_is_gone_fails_its_instances_clearly(drive: Drive) -> None:
    """After a deployment without it, the function is named as missing."""
    driven = drive({"subject": calling(_timer)})
    instance_id = driven.start("subject")
    driven.turns()
    driven.redeploy({})
    driven.raise_event(instance_id, "go")
    driven.turns()
    assert "The function 'subject' doesn't exist" in driven.output(instance_id)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda context: context.call_entity(df.EntityId("tally", "k"), "get"), r"entities \(call_entity\)"),
        (lambda context: context.signal_entity(df.EntityId("tally", "k"), "add", 1), r"entities \(signal_entity\)"),
        (
            lambda context: context.call_http("GET", "http://127.0.0.1/"),
            r"durable HTTP \(call_http\): call from an activity",
        ),
    ],
)
def test_what_the_engine_does_not_know_fails_the_instance_and_is_named(
    drive: Drive, call: Callable[[Context], Any], what: str
) -> None:
    """It is not passed over, and the orchestrator cannot catch it; the others go on."""

    def subject(context: Context) -> Steps:
        called = call(context)
        if called is not None:
            yield called
        return (yield context.call_activity("first", 1))

    driven = drive({"subject": subject, "plain": calling(CALLS["activity 'first'"])}, ACTIVITIES)
    refused, plain = driven.start("subject"), driven.start("plain")
    driven.run()
    assert driven.status(refused) == RuntimeStatus.FAILED
    assert re.fullmatch(
        f"Orchestrator function 'subject' failed: The local host does not support {what}.", driven.output(refused)
    )
    assert driven.calls == {(plain, "first"): 1}
