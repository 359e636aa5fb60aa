"""The check's extension does what Azure Storage's does: one action after the other, timers in pieces."""

import json
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.durable_functions as df
import pytest
from azure.durable_functions import Orchestrator

from local_host.durable.replay import failed_outcome, read_outcome
from tests.worker.extension import Played, Scenario, StuckError, play
from tests.worker.extension_history import ExtensionHistory

START = datetime(2026, 3, 1, tzinfo=UTC)
Steps = Generator[Any, Any, Any]
Body = Callable[[df.DurableOrchestrationContext], Steps]
_RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=60_000, max_number_of_attempts=3)


def _play(body: Body, scenario: Scenario) -> Played:
    handle = Orchestrator.create(body)

    def answer(document: dict[str, Any]) -> dict[str, Any]:
        try:
            outcome = read_outcome(handle(json.dumps(document)))
        except Exception as error:  # noqa: BLE001 - whatever an orchestrator raises is its failure
            outcome = failed_outcome(error)
        output = None if outcome.output is None else json.loads(outcome.output)
        return {"isDone": outcome.is_done, "actions": [outcome.actions], "output": output, "error": outcome.error}

    return play(ExtensionHistory("body", "body-1", "{}", START), scenario, answer)


def test_a_retry_comes_after_its_pause() -> None:
    """Two failures, two pauses of a minute, and the third answer."""

    def body(context: df.DurableOrchestrationContext) -> Steps:
        return (yield context.call_activity_with_retry("act", _RETRY, "{}"))

    down = ConnectionError("down")
    played = _play(body, Scenario({"act": [down, down, "done"]}))
    assert (played.last["output"], [step.name for step in played.steps]) == ("done", ["act"] * 3)
    assert played.steps[1].at - played.steps[0].at > timedelta(minutes=1)


def test_the_last_failure_is_raised_after_one_timer_more() -> None:
    """And what comes then is numbered as the extension numbers it."""

    def body(context: df.DurableOrchestrationContext) -> Steps:
        try:
            yield context.call_activity_with_retry("act", _RETRY, "{}")
        except Exception:  # noqa: BLE001 - Durable raises the bare class
            return (yield context.call_activity("rescue", "{}"))

    played = _play(body, Scenario({"act": [ConnectionError("down")], "rescue": ["rescued"]}))
    assert played.last["output"] == "rescued"
    assert [step.name for step in played.steps] == ["act", "act", "act", "rescue"]


def _wait(days: float) -> Body:
    def body(context: df.DurableOrchestrationContext) -> Steps:
        decided = context.wait_for_external_event("decided")
        first = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
        yield context.task_any([decided, first])
        due = context.create_timer(context.current_utc_datetime + timedelta(days=days))
        if (yield context.task_any([decided, due])) is decided:
            due.cancel()
        yield context.call_activity("act", "{}")

    return body


@pytest.mark.parametrize(("days", "late"), [(3, False), (14, True)])
def test_a_timer_over_six_days_holds_up_what_stands_behind_it(days: float, late: bool) -> None:
    """The SDK does not cancel the piece that it has begun; a short timer it cancels."""
    events: list[tuple[timedelta, str, Any]] = [(timedelta(days=1), "decided", {})]
    played = _play(_wait(days), Scenario({"act": ["done"]}, events))
    assert (played.steps[-1].at > START + timedelta(days=2)) is late


def test_a_wait_for_nothing_is_reported() -> None:
    """No event comes, and no timer runs."""

    def body(context: df.DurableOrchestrationContext) -> Steps:
        yield context.wait_for_external_event("never")

    with pytest.raises(StuckError, match="nothing is under way"):
        _play(body, Scenario({}))
