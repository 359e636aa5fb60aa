"""Rewind: failed instances try again from before their failure."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any, TypeAlias

import azure.durable_functions as df

from local_host.durable.instance import RuntimeStatus

Context: TypeAlias = df.DurableOrchestrationContext
Steps: TypeAlias = Generator[Any, Any, Any]
Drive: TypeAlias = Callable[..., Any]


class Switch:
    """An activity that fails until it is repaired."""

    def __init__(self) -> None:
        self.is_broken = True

    def __call__(self, value: Any) -> Any:
        if self.is_broken:
            raise ValueError("broken")
        return value


def rewind(driven: Any, instance_id: str) -> None:
    driven.do(lambda hub: hub.requests.rewind(instance_id, "repaired"))
    driven.run()


def test_only_the_failed_activity_runs_again(drive: Drive) -> None:
    """What had succeeded is not repeated."""

    def steps(context: Context) -> Steps:
        first = yield context.call_activity("steady", 1)
        second = yield context.call_activity("switch", 2)
        return [first, second]

    switch = Switch()
    driven = drive({"steps": steps}, {"steady": lambda value: value, "switch": switch})
    instance_id = driven.start("steps")
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.FAILED
    switch.is_broken = False
    rewind(driven, instance_id)
    assert driven.output(instance_id) == [1, 2]
    assert driven.calls == {(instance_id, "steady"): 1, (instance_id, "switch"): 2}


def test_siblings_that_ended_after_the_failure_keep_their_results(drive: Drive) -> None:
    """In a fan-out the failed ones run again, the others' results are delivered again."""

    def fan_out(context: Context) -> Steps:
        calls = [context.call_activity(name, index) for index, name in enumerate(["switch", "steady", "switch"])]
        return (yield context.task_all(calls))

    switch = Switch()
    driven = drive({"fan_out": fan_out}, {"steady": lambda value: value, "switch": switch})
    instance_id = driven.start("fan_out")
    driven.run()
    switch.is_broken = False
    rewind(driven, instance_id)
    assert driven.output(instance_id) == [0, 1, 2]
    assert driven.calls == {(instance_id, "steady"): 1, (instance_id, "switch"): 4}


def test_failure_that_was_handled_before_is_left_alone(drive: Drive) -> None:
    """The rewind goes to the failure that ended the instance, not to one that was caught long before."""

    def two_failures(context: Context) -> Steps:
        try:
            yield context.call_activity("always_broken", None)
        except Exception:  # noqa: BLE001  # the SDK raises the bare class
            yield context.call_activity("steady", "handled")
        return (yield context.call_activity("switch", "end"))

    def always_broken(_: Any) -> None:
        raise ValueError("as ever")

    switch = Switch()
    bodies = {"steady": lambda value: value, "switch": switch, "always_broken": always_broken}
    driven = drive({"two_failures": two_failures}, bodies)
    instance_id = driven.start("two_failures")
    driven.run()
    switch.is_broken = False
    rewind(driven, instance_id)
    assert driven.output(instance_id) == "end"
    assert driven.calls[instance_id, "always_broken"] == 1


def test_compensation_is_taken_back_with_the_failure_that_it_followed(drive: Drive) -> None:
    """An orchestrator that cleans up and raises again is taken back to before the cleaning up."""

    def compensates(context: Context) -> Steps:
        try:
            return (yield context.call_activity("switch", "value"))
        except Exception:
            yield context.call_activity("clean_up", None)
            raise

    switch = Switch()
    driven = drive({"compensates": compensates}, {"switch": switch, "clean_up": lambda value: value})
    instance_id = driven.start("compensates")
    driven.run()
    switch.is_broken = False
    rewind(driven, instance_id)
    assert driven.output(instance_id) == "value"


def test_defect_in_the_orchestrator_is_tried_again_with_repaired_code(drive: Drive) -> None:
    """Without a failed task the turn that raised is taken again."""

    def defective(context: Context) -> Steps:
        value = yield context.call_activity("steady", 1)
        return value / 0

    def repaired(context: Context) -> Steps:
        value = yield context.call_activity("steady", 1)
        return value / 2

    bodies = {"steady": lambda value: value}
    driven = drive({"subject": defective}, bodies)
    instance_id = driven.start("subject")
    driven.run()
    driven.redeploy({"subject": repaired})
    rewind(driven, instance_id)
    assert driven.output(instance_id) == 0.5
    assert driven.calls[instance_id, "steady"] == 1


def test_retries_get_another_last_attempt(drive: Drive) -> None:
    """After a with-retry call has used up its attempts, a rewind gives it one more."""

    def retries(context: Context) -> Steps:
        return (yield context.call_activity_with_retry("switch", df.RetryOptions(1000, 2), "ok"))

    switch = Switch()
    driven = drive({"retries": retries}, {"switch": switch})
    instance_id = driven.start("retries")
    driven.run()
    driven.advance(seconds=1)
    assert driven.status(instance_id) == RuntimeStatus.FAILED
    rewind(driven, instance_id)
    assert driven.status(instance_id) == RuntimeStatus.FAILED
    switch.is_broken = False
    rewind(driven, instance_id)
    assert driven.output(instance_id) == "ok"
    assert driven.calls[instance_id, "switch"] == 4


def test_failed_children_are_rewound_with_their_parent(drive: Drive) -> None:
    """The child goes on where it was, under the same id."""

    def child(context: Context) -> Steps:
        yield context.call_activity("steady", 1)
        return (yield context.call_activity("switch", 2))

    def parent(context: Context) -> Steps:
        return (yield context.call_sub_orchestrator("child", None, instance_id="child"))

    switch = Switch()
    driven = drive({"child": child, "parent": parent}, {"steady": lambda value: value, "switch": switch})
    instance_id = driven.start("parent")
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.FAILED
    switch.is_broken = False
    rewind(driven, instance_id)
    assert driven.output(instance_id) == 2
    assert driven.calls == {("child", "steady"): 1, ("child", "switch"): 2}


def test_timers_open_at_the_rewind_point_are_set_again(drive: Drive) -> None:
    """A deadline that the failure had cancelled counts again."""

    def with_deadline(context: Context) -> Steps:
        deadline = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
        work = context.call_activity("switch", 1)
        try:
            yield context.task_any([work, deadline])
            yield work
        finally:
            if not deadline.is_completed:
                deadline.cancel()
        yield context.wait_for_external_event("never")

    switch = Switch()
    driven = drive({"with_deadline": with_deadline}, {"switch": switch})
    instance_id = driven.start("with_deadline")
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.FAILED
    driven.do(lambda hub: hub.requests.rewind(instance_id, "again"))
    assert [key for _, key in driven.hub.store.timers()] == [
        (instance_id, driven.instance(instance_id).execution_id, 1)
    ]
    switch.is_broken = False
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.RUNNING
    assert driven.hub.store.timers() == []


def test_rewind_survives_a_crash(drive: Drive) -> None:
    """It is one transaction: after a crash the instance goes on from the rewind point."""

    def steps(context: Context) -> Steps:
        return (yield context.call_activity("switch", 2))

    switch = Switch()
    driven = drive({"steps": steps}, {"switch": switch})
    instance_id = driven.start("steps")
    driven.run()
    driven.do(lambda hub: hub.requests.rewind(instance_id, "again"))
    switch.is_broken = False
    driven.crash()
    driven.run()
    assert driven.output(instance_id) == 2


def test_activity_that_outlived_the_failure_may_still_run_when_it_is_run_again(drive: Drive) -> None:
    """The engine failed the instance without waiting for it; the first of the two results counts."""
    sizes = [20_000, 10]

    def subject(context: Context) -> Steps:
        work = context.call_activity("steady", 1)
        yield context.task_any([work, context.wait_for_external_event("go")])
        context.set_custom_status("x" * sizes[0])
        return (yield work)

    driven = drive({"subject": subject}, {"steady": lambda value: value})
    instance_id = driven.start("subject")
    driven.turns()
    driven.raise_event(instance_id, "go")
    driven.turns()
    assert driven.status(instance_id) == RuntimeStatus.FAILED
    del sizes[0]
    rewind(driven, instance_id)
    assert driven.output(instance_id) == 1
    assert driven.calls == {(instance_id, "steady"): 2}
