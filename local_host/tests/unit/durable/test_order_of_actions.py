"""Actions are awaited one after the other, as the extension does (OutOfProcOrchestrationShim.ProcessAsyncActionsV2)."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest

from local_host.durable.instance import RuntimeStatus

Context: TypeAlias = df.DurableOrchestrationContext
Steps: TypeAlias = Generator[Any, Any, Any]
Drive: TypeAlias = Callable[..., Any]
BODIES = {"echo": lambda value: value, "after": lambda value: value}


def test_a_timer_in_front_delays_what_follows(drive: Drive) -> None:
    """The event of an earlier wait comes; its own wait is not in the second list, and nobody cancels the timer."""

    def forgets(context: Context) -> Steps:
        heard, begun = context.wait_for_external_event("go"), context.current_utc_datetime
        for hours in (1, 5):
            yield context.task_any([heard, context.create_timer(begun + timedelta(hours=hours))])
        yield context.call_activity("after", 1)
        return "done"

    driven = drive({"forgets": forgets}, BODIES)
    instance_id = driven.start("forgets")
    driven.run()
    driven.advance(hours=1)
    driven.raise_event(instance_id, "go")
    driven.advance(hours=1)
    assert driven.calls[instance_id, "after"] == 0
    driven.crash()
    driven.advance(hours=3)
    assert driven.calls[instance_id, "after"] == 1
    assert driven.output(instance_id) == "done"


def test_a_failure_of_one_is_awaited_with_the_others(drive: Drive) -> None:
    """The SDK goes on at the first failure of task_all; the extension's WhenAll ends with the last task."""

    def breaks(value: Any) -> None:
        raise ValueError(value)

    def compensates(context: Context) -> Steps:
        try:
            yield context.task_all([context.call_activity("breaks", 1), context.call_activity("echo", 1)])
        except Exception:  # noqa: BLE001  # the SDK raises the bare class
            yield context.call_activity("after", 1)

    driven = drive({"compensates": compensates}, {**BODIES, "breaks": breaks})
    instance_id = driven.start("compensates")
    driven.turns()
    driven.run_activity(driven.waiting[0])
    driven.turns()
    assert [work.name for work in driven.waiting] == ["echo"]
    driven.run()
    assert driven.calls[instance_id, "after"] == 1
    assert driven.status(instance_id) == RuntimeStatus.COMPLETED


def test_every_attempt_of_a_retry_is_awaited(drive: Drive) -> None:
    """What stands beside it in task_any goes on; what stands behind it does not."""
    tries = []

    def flaky(value: Any) -> Any:
        tries.append(value)
        if len(tries) < 3:
            raise ValueError(value)
        return value

    def retries(context: Context) -> Steps:
        result = yield context.call_activity_with_retry("flaky", df.RetryOptions(1000, 3), 7)
        yield context.call_activity("after", result)
        return result

    driven = drive({"retries": retries}, {**BODIES, "flaky": flaky})
    instance_id = driven.start("retries")
    driven.run()
    for _ in range(2):
        assert driven.calls[instance_id, "after"] == 0
        driven.advance(seconds=1)
    assert driven.output(instance_id) == 7
    assert driven.calls[instance_id, "after"] == 1


@pytest.mark.parametrize("early", [True, False])
def test_an_abandoned_wait_does_not_take_the_event_of_a_younger_one(drive: Drive, early: bool) -> None:
    """The usual loop with a new wait and a new timer each time: the event goes to the youngest wait."""

    def polls(context: Context) -> Steps:
        for round_number in range(5):
            heard = context.wait_for_external_event("go")
            due = context.create_timer(context.current_utc_datetime + timedelta(minutes=1))
            if (yield context.task_any([heard, due])) is heard:
                due.cancel()
                yield context.call_activity("after", round_number)
                return [round_number, heard.result]

    driven = drive({"polls": polls}, BODIES)
    instance_id = driven.start("polls")
    driven.run()
    rounds = 0 if early else 3
    for _ in range(rounds):
        driven.advance(minutes=1)
    driven.raise_event(instance_id, "go", "yes")
    driven.run()
    assert driven.output(instance_id) == [rounds, "yes"]


def _again(context: Context) -> Steps:
    """Continues once; then hears, or gives up after an hour."""
    if context.get_input() is None:
        yield context.call_activity("echo", 1)
        context.continue_as_new("second")
        return None
    heard = context.wait_for_external_event("go")
    due = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    if (yield context.task_any([heard, due])) is heard:
        due.cancel()
        return heard.result
    return "nothing heard"


def test_continue_as_new_drops_the_events_that_came_before_it(drive: Drive) -> None:
    """Nobody waited for it, and the next generation does in vain: the extension does not keep it for Python."""
    driven = drive({"again": _again}, BODIES)
    instance_id = driven.start("again")
    driven.turns()
    driven.raise_event(instance_id, "go", "early")
    driven.turns()
    driven.run()
    driven.advance(hours=1)
    assert driven.output(instance_id) == "nothing heard"


@pytest.mark.parametrize("crashes", [False, True])
def test_continue_as_new_carries_over_what_comes_behind_it(drive: Drive, crashes: bool) -> None:
    """An event in the same batch, behind the result that made it continue."""
    driven = drive({"again": _again}, BODIES)
    instance_id = driven.start("again")
    driven.turns()
    driven.run_activity(driven.waiting[0])
    driven.raise_event(instance_id, "go", "behind")
    if crashes:
        driven.crash()
    driven.run()
    assert driven.output(instance_id) == "behind"


def test_custom_status_over_the_limit_fails_the_instance(drive: Drive) -> None:
    """16 KB in UTF-16, two bytes for each letter of this one and for its quotation marks."""

    def says(context: Context) -> Steps:
        context.set_custom_status("x" * context.get_input())
        yield context.call_activity("echo", 1)

    driven = drive({"says": says}, BODIES)
    fits, breaks = driven.start("says", 8190), driven.start("says", 8191)
    driven.run()
    assert driven.status(fits) == RuntimeStatus.COMPLETED
    assert driven.status(breaks) == RuntimeStatus.FAILED
    assert "must not exceed 16384 bytes as UTF-16 JSON, and has 16386" in driven.output(breaks)


def test_retry_interval_over_six_days_fails_the_instance(drive: Drive) -> None:
    """The extension never schedules such a call, and its orchestrator waits for ever."""

    def patient(context: Context) -> Steps:
        yield context.call_activity_with_retry("echo", df.RetryOptions(context.get_input(), 2), 1)

    driven = drive({"patient": patient}, BODIES)
    six_days = 6 * 24 * 3600 * 1000
    fits, breaks = driven.start("patient", six_days), driven.start("patient", six_days + 1)
    driven.run()
    assert driven.status(fits) == RuntimeStatus.COMPLETED
    assert "firstRetryIntervalInMilliseconds is 518400001: must be at most 6 days" in driven.output(breaks)
