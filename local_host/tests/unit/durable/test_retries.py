"""With-retry calls: the engine repeats them in step with the SDK's own count."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_host.durable.instance import RuntimeStatus

Context: TypeAlias = df.DurableOrchestrationContext
Steps: TypeAlias = Generator[Any, Any, Any]
Drive: TypeAlias = Callable[..., Any]


def retrying(context: Context) -> Steps:
    options = df.RetryOptions(60_000, 3)
    try:
        value = yield context.call_activity_with_retry("flaky", options, context.get_input())
    except Exception as error:  # noqa: BLE001  # the SDK raises the bare class
        value = str(error).split(" \n ")[0]
    after = yield context.call_activity("steady", None)
    return [value, after]


def failing_times(times: int) -> Callable[[Any], str]:
    """An activity that fails this many times, then succeeds."""
    left = [times]

    def flaky(_: Any) -> str:
        if left[0]:
            left[0] -= 1
            raise ValueError(f"{left[0]} left")
        return "ok"

    return flaky


@pytest.mark.parametrize(
    ("failures", "runs", "first"),
    [
        (0, 1, "ok"),
        (1, 2, "ok"),
        (2, 3, "ok"),
        (3, 3, "Activity function 'flaky' failed:  ValueError: 0 left"),
        (9, 3, "Activity function 'flaky' failed:  ValueError: 6 left"),
    ],
)
def test_activity_is_tried_up_to_its_limit(drive: Drive, failures: int, runs: int, first: str) -> None:
    """A failure waits for its interval; after the last one the orchestrator sees the error at once and goes on."""
    driven = drive({"retrying": retrying}, {"flaky": failing_times(failures), "steady": lambda _: "steady"})
    instance_id = driven.start("retrying")
    driven.run()
    for _ in range(min(failures, 2)):
        driven.advance(seconds=59)
        assert driven.status(instance_id) == RuntimeStatus.RUNNING
        driven.advance(seconds=1)
    assert driven.output(instance_id) == [first, "steady"]
    assert driven.calls[instance_id, "flaky"] == runs


def test_single_attempt_fails_at_once(drive: Drive) -> None:
    """maxNumberOfAttempts 1 is no retry, and no wait either."""

    def once(context: Context) -> Steps:
        yield context.call_activity_with_retry("flaky", df.RetryOptions(60_000, 1), None)

    driven = drive({"once": once}, {"flaky": failing_times(9)})
    instance_id = driven.start("once")
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.FAILED
    assert driven.calls[instance_id, "flaky"] == 1


def test_sub_orchestration_is_tried_again_under_a_new_default_id(drive: Drive) -> None:
    """Each attempt of a child without a given id is an instance of its own."""

    def child(context: Context) -> Steps:
        return (yield context.call_activity("flaky", None))

    def retries_child(context: Context) -> Steps:
        return (yield context.call_sub_orchestrator_with_retry("child", df.RetryOptions(1000, 3), None))

    driven = drive({"child": child, "retries_child": retries_child}, {"flaky": failing_times(1)})
    instance_id = driven.start("retries_child")
    driven.run()
    driven.advance(seconds=1)
    assert driven.output(instance_id) == "ok"
    execution_id = driven.instance(instance_id).execution_id
    assert driven.status(f"{execution_id}:0") == RuntimeStatus.FAILED
    assert driven.status(f"{execution_id}:2") == RuntimeStatus.COMPLETED


def test_sub_orchestration_with_a_given_id_keeps_it(drive: Drive) -> None:
    """A further attempt replaces the failed instance of the id that the orchestrator gave."""

    def child(context: Context) -> Steps:
        return (yield context.call_activity("flaky", None))

    def retries_child(context: Context) -> Steps:
        options = df.RetryOptions(1000, 3)
        return (yield context.call_sub_orchestrator_with_retry("child", options, None, instance_id="the-child"))

    driven = drive({"child": child, "retries_child": retries_child}, {"flaky": failing_times(2)})
    instance_id = driven.start("retries_child")
    driven.run()
    driven.advance(seconds=1)
    driven.advance(seconds=1)
    assert driven.output(instance_id) == "ok"
    assert driven.status("the-child") == RuntimeStatus.COMPLETED
    assert driven.calls["the-child", "flaky"] == 3


def test_retry_goes_on_after_a_crash_between_attempts(drive: Drive) -> None:
    """The timer and the count of attempts survive."""
    driven = drive({"retrying": retrying}, {"flaky": failing_times(2), "steady": lambda _: "steady"})
    instance_id = driven.start("retrying")
    driven.run()
    driven.crash()
    driven.advance(seconds=60)
    driven.crash()
    driven.advance(seconds=60)
    assert driven.output(instance_id) == ["ok", "steady"]
    assert driven.calls[instance_id, "flaky"] == 3


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    failures=st.lists(st.integers(0, 4), min_size=1, max_size=4),
    order=st.randoms(use_true_random=False),
    together=st.booleans(),
)
def test_parallel_retries_agree_with_the_sdk_in_any_order(
    drive: Drive, failures: list[int], order: Any, together: bool
) -> None:
    """Retries, plain activities and later actions keep one numbering, however completions interleave."""

    def guarded(context: Context) -> Steps:
        results = []
        tasks = [
            context.call_activity_with_retry(f"flaky{index}", df.RetryOptions(1000 + index, 3), None)
            for index in range(len(failures))
        ]
        for task in [*tasks, context.call_activity("steady", None)]:
            try:
                results.append((yield task))
            except Exception:  # noqa: BLE001  # the SDK raises the bare class
                results.append("failed")
            results.append((yield context.call_activity("steady", None)))
        return results

    def at_once(context: Context) -> Steps:
        tasks = [
            context.call_activity_with_retry(f"flaky{index}", df.RetryOptions(1000 + index, 3), None)
            for index in range(len(failures))
        ]
        pending = [*tasks, *(context.call_activity("steady", None) for _ in tasks)]
        while pending:
            try:
                done = yield context.task_any(pending)
            except Exception:  # noqa: BLE001  # the SDK raises the bare class
                return "any failed"
            pending.remove(done)
            yield context.call_activity("steady", None)
        return "all ended"

    bodies: dict[str, Any] = {f"flaky{index}": failing_times(times) for index, times in enumerate(failures)}
    driven = drive({"subject": at_once if together else guarded}, {**bodies, "steady": lambda _: "steady"})
    instance_id = driven.start("subject")
    for _ in range(200):
        driven.turns()
        if driven.waiting:
            # Several answers before the next turn: the engine must part those that start retries.
            for work in order.sample(driven.waiting, order.randint(1, len(driven.waiting))):
                driven.run_activity(work)
        elif driven.status(instance_id).is_final:
            break
        else:
            driven.now += timedelta(seconds=2)
    assert driven.status(instance_id) == RuntimeStatus.COMPLETED
    for index, times in enumerate(failures):
        assert driven.calls[instance_id, f"flaky{index}"] == min(times + 1, 3)
    if not together:
        expected = [item for times in failures for item in ("ok" if times < 3 else "failed", "steady")]
        assert driven.output(instance_id) == [*expected, "steady", "steady"]
