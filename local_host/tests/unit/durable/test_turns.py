"""Orchestrations turn by turn: chains, fan-out, timers, events, sub-orchestrations, continue-as-new, failures."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest
from azure.durable_functions.models.actions import Action

from local_host.durable.instance import RuntimeStatus

Context: TypeAlias = df.DurableOrchestrationContext
Steps: TypeAlias = Generator[Any, Any, Any]
Drive: TypeAlias = Callable[..., Any]


def increment(value: int) -> int:
    return value + 1


def chain(context: Context) -> Steps:
    value = context.get_input() or 0
    for _ in range(5):
        value = yield context.call_activity("increment", value)
    return value


def fan_out(context: Context) -> Steps:
    values = yield context.task_all([context.call_activity("increment", item) for item in range(20)])
    return sum(values)


def sleeper(context: Context) -> Steps:
    yield context.create_timer(context.current_utc_datetime + timedelta(**context.get_input()))
    return str(context.current_utc_datetime)


def approval(context: Context) -> Steps:
    timeout = context.create_timer(context.current_utc_datetime + timedelta(hours=72))
    approved = context.wait_for_external_event("approved")
    winner = yield context.task_any([timeout, approved])
    if winner is timeout:
        return "timed out"
    timeout.cancel()
    return approved.result


def parent(context: Context) -> Steps:
    first = yield context.call_sub_orchestrator("chain", 10)
    second = yield context.call_sub_orchestrator("chain", 20, instance_id="named-child")
    return [first, second]


def fails(context: Context) -> Steps:
    yield context.call_activity("broken", None)


def parent_of_failing(context: Context) -> Steps:
    try:
        yield context.call_sub_orchestrator("fails", None)
    except Exception as error:  # noqa: BLE001  # the SDK raises the bare class
        return str(error).split(" \n ")[0]


def broken(_: Any) -> None:
    raise ValueError("no such file")


def test_activities_of_a_chain_run_one_after_another(drive: Drive) -> None:
    """Each result is the next input, and the output is the last result."""
    driven = drive({"chain": chain}, {"increment": increment})
    instance_id = driven.start("chain", 3)
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.COMPLETED
    assert driven.output(instance_id) == 8
    assert driven.calls == {(instance_id, "increment"): 5}


def test_fan_out_schedules_all_in_one_turn(drive: Drive) -> None:
    """All activities of a task_all start at once; the fan-in sees every result."""
    driven = drive({"fan_out": fan_out}, {"increment": increment})
    instance_id = driven.start("fan_out")
    driven.turns()
    assert len(driven.waiting) == 20
    driven.run()
    assert driven.output(instance_id) == sum(range(1, 21))


def test_completions_that_arrive_together_share_a_turn(drive: Drive) -> None:
    """A fan-in of twenty completions costs one replay, not twenty."""
    driven = drive({"fan_out": fan_out}, {"increment": increment})
    instance_id = driven.start("fan_out")
    driven.turns()
    for work in list(driven.waiting):
        driven.run_activity(work)
    driven.turns()
    assert driven.output(instance_id) == 210
    assert driven.instance(instance_id).episode == 2


@pytest.mark.parametrize("span", [{"seconds": 1}, {"hours": 1}, {"days": 30}, {"days": 400}])
def test_timers_fire_when_due_and_not_before(drive: Drive, span: dict[str, float]) -> None:
    """A timer of any length fires at its time to the microsecond, of however many timers the SDK makes it."""
    driven = drive({"sleeper": sleeper})
    instance_id = driven.start("sleeper", span)
    driven.run()
    driven.advance(seconds=timedelta(**span).total_seconds() - 0.000001)
    assert driven.status(instance_id) == RuntimeStatus.RUNNING
    driven.advance(microseconds=1)
    assert driven.status(instance_id) == RuntimeStatus.COMPLETED
    assert driven.output(instance_id) == str(driven.now)


def test_timer_in_the_past_fires_at_once(drive: Drive) -> None:
    """A timer that is due when it is made needs no time to pass."""
    driven = drive({"sleeper": sleeper})
    instance_id = driven.start("sleeper", {"seconds": -5})
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.COMPLETED


def test_event_beats_timer_and_the_timer_is_cancelled(drive: Drive) -> None:
    """The losing timer, once cancelled, neither holds the instance open nor fires later."""
    driven = drive({"approval": approval})
    instance_id = driven.start("approval")
    driven.run()
    driven.raise_event(instance_id, "approved", {"by": "on-call"})
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.COMPLETED
    assert driven.output(instance_id) == {"by": "on-call"}
    assert driven.hub.store.timers() == []


def test_timer_beats_event(drive: Drive) -> None:
    """Without the event the timer wins."""
    driven = drive({"approval": approval})
    instance_id = driven.start("approval")
    driven.run()
    driven.advance(hours=72)
    assert driven.output(instance_id) == "timed out"


def test_timer_cancelled_in_the_turn_that_made_it_never_exists(drive: Drive) -> None:
    """Event and timer met in one turn: nothing is left to fire."""
    driven = drive({"approval": approval})
    instance_id = driven.start("approval")
    driven.raise_event(instance_id, "approved", "early")
    driven.run()
    assert driven.output(instance_id) == "early"
    assert driven.hub.store.timers() == []


def test_open_timer_holds_a_returned_orchestrator_open(drive: Drive) -> None:
    """As in Azure, an instance completes only when no timer of it is open."""

    def forgets_its_timer(context: Context) -> Steps:
        timer = context.create_timer(context.current_utc_datetime + timedelta(minutes=5))
        event = context.wait_for_external_event("go")
        yield context.task_any([timer, event])
        return "done"

    driven = drive({"forgets_its_timer": forgets_its_timer})
    instance_id = driven.start("forgets_its_timer")
    driven.run()
    driven.raise_event(instance_id, "go")
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.RUNNING
    driven.advance(minutes=5)
    assert driven.status(instance_id) == RuntimeStatus.COMPLETED
    assert driven.output(instance_id) == "done"


def test_event_before_its_wait_is_kept(drive: Drive) -> None:
    """An event raised while the orchestrator is busy is there when it comes to wait."""

    def busy_then_waits(context: Context) -> Steps:
        yield context.call_activity("increment", 1)
        return (yield context.wait_for_external_event("go"))

    driven = drive({"busy_then_waits": busy_then_waits}, {"increment": increment})
    instance_id = driven.start("busy_then_waits")
    driven.turns()
    driven.raise_event(instance_id, "go", 7)
    driven.run()
    assert driven.output(instance_id) == 7


def test_sub_orchestrations_have_default_and_given_ids(drive: Drive) -> None:
    """The default id is the parent's execution and the task's number; both children know their parent."""
    driven = drive({"parent": parent, "chain": chain}, {"increment": increment})
    instance_id = driven.start("parent")
    driven.run()
    assert driven.output(instance_id) == [15, 25]
    default_id = f"{driven.instance(instance_id).execution_id}:0"
    for child_id in (default_id, "named-child"):
        child = driven.instance(child_id)
        assert child.status == RuntimeStatus.COMPLETED
        assert child.parent is not None
        assert child.parent.instance_id == instance_id


def test_sub_orchestration_failure_reaches_the_parent(drive: Drive) -> None:
    """The parent catches it, with the child's reason in its text."""
    driven = drive({"parent_of_failing": parent_of_failing, "fails": fails}, {"broken": broken})
    instance_id = driven.start("parent_of_failing")
    driven.run()
    assert driven.output(instance_id) == (
        "Orchestrator function 'fails' failed: Activity function 'broken' failed:  ValueError: no such file"
    )


def test_sub_orchestration_id_of_an_unfinished_instance_fails_the_task(drive: Drive) -> None:
    """A child cannot take the id of another instance that still runs."""

    def taken(context: Context) -> Steps:
        try:
            yield context.call_sub_orchestrator("approval", None, instance_id="busy")
        except Exception as error:  # noqa: BLE001  # the SDK raises the bare class
            return str(error).split(" \n ")[0]

    driven = drive({"taken": taken, "approval": approval})
    driven.start("approval", instance_id="busy")
    driven.run()
    instance_id = driven.start("taken")
    driven.run()
    assert driven.output(instance_id) == "An Orchestration instance 'busy' with the status Running already exists."


def test_sub_orchestration_id_that_breaks_the_rule_fails_the_instance(drive: Drive) -> None:
    """An id that no client could name is refused where it is asked for."""

    def bad_child(context: Context) -> Steps:
        yield context.call_sub_orchestrator("chain", None, instance_id="a/b")

    driven = drive({"bad_child": bad_child, "chain": chain}, {"increment": increment})
    instance_id = driven.start("bad_child")
    driven.run()
    assert "instanceId is 'a/b': must not hold" in driven.output(instance_id)


def test_slow_turn_is_logged(drive: Drive, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """An orchestrator that computes holds everyone up; the log names it."""
    monkeypatch.setattr("local_host.durable.turns._SLOW_SECONDS", 0.0)
    driven = drive({"plain": lambda _: None})
    instance_id = driven.start("plain")
    driven.run()
    assert f"turn_slow instance_id={instance_id} name=plain" in caplog.text


def test_uncaught_activity_failure_fails_the_instance(drive: Drive) -> None:
    """The output says which orchestrator failed, which activity, and why."""
    driven = drive({"fails": fails}, {"broken": broken})
    instance_id = driven.start("fails")
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.FAILED
    assert driven.output(instance_id).startswith(
        "Orchestrator function 'fails' failed: Activity function 'broken' failed:  ValueError: no such file"
    )


def test_failed_instance_waits_for_what_is_open(drive: Drive) -> None:
    """One activity of a fan-out fails; the instance fails when the other has ended, too."""

    def both(context: Context) -> Steps:
        yield context.task_all([context.call_activity("broken", 1), context.call_activity("increment", 1)])

    driven = drive({"both": both}, {"broken": broken, "increment": increment})
    instance_id = driven.start("both")
    driven.turns()
    driven.run_activity(driven.waiting[0])
    driven.turns()
    assert driven.status(instance_id) == RuntimeStatus.RUNNING
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.FAILED
    assert driven.calls[instance_id, "increment"] == 1


def test_continue_as_new_starts_over_with_the_new_input(drive: Drive) -> None:
    """Generations follow one another; history is of the last one only."""

    def countdown(context: Context) -> Steps:
        left = context.get_input()
        yield context.call_activity("increment", left)
        if left:
            context.continue_as_new(left - 1)
            return None
        return "lift-off"

    driven = drive({"countdown": countdown}, {"increment": increment})
    instance_id = driven.start("countdown", 3)
    driven.run()
    assert driven.output(instance_id) == "lift-off"
    assert driven.calls[instance_id, "increment"] == 4
    started = [record for record in driven.history(instance_id) if record["EventType"] == 0]
    assert [record["Input"] for record in started] == ['"0"']


def test_continue_as_new_carries_over_what_came_behind_the_event_it_waited_for(drive: Drive) -> None:
    """Events of any name, of the same batch, in their order."""

    def collector(context: Context) -> Steps:
        seen = context.get_input() or []
        item = yield context.wait_for_external_event("item")
        seen = [*seen, item]
        if len(seen) < 3:
            context.continue_as_new(seen)
            return None
        last = yield context.wait_for_external_event("last")
        return [*seen, last]

    driven = drive({"collector": collector})
    instance_id = driven.start("collector")
    driven.turns()
    driven.raise_event(instance_id, "item", 1)
    driven.raise_event(instance_id, "item", 2)
    driven.raise_event(instance_id, "last", "z")
    driven.raise_event(instance_id, "item", 3)
    driven.run()
    assert driven.output(instance_id) == [1, 2, 3, "z"]


def test_custom_status_is_that_of_the_last_turn(drive: Drive) -> None:
    """Set while running, seen while running, kept at the end."""

    def reports(context: Context) -> Steps:
        context.set_custom_status({"step": 1})
        yield context.call_activity("increment", 1)
        context.set_custom_status({"step": 2})
        yield context.call_activity("increment", 1)

    driven = drive({"reports": reports}, {"increment": increment})
    instance_id = driven.start("reports")
    driven.turns()
    assert driven.instance(instance_id).custom_status == '{"step": 1}'
    driven.run()
    assert driven.instance(instance_id).custom_status == '{"step": 2}'
    assert driven.output(instance_id) is None


def test_orchestrator_that_is_no_generator_completes_with_what_it_returns(drive: Drive) -> None:
    """A plain function is a legal, if short, orchestrator."""
    driven = drive({"plain": lambda context: {"input": context.get_input()}})
    instance_id = driven.start("plain", 5)
    driven.run()
    assert driven.output(instance_id) == {"input": 5}


def test_exception_without_a_message_fails_with_its_class(drive: Drive) -> None:
    """An empty message still says what happened."""

    def raises(context: Context) -> Steps:
        yield context.call_activity("increment", 1)
        raise KeyError

    driven = drive({"raises": raises}, {"increment": increment})
    instance_id = driven.start("raises")
    driven.run()
    assert driven.output(instance_id) == "Orchestrator function 'raises' failed: <class 'KeyError'>"


def test_output_that_is_no_json_fails_the_instance(drive: Drive) -> None:
    """The executor refuses it, and the instance says so."""

    def returns_a_set(context: Context) -> Steps:
        yield context.call_activity("increment", 1)
        return {1, 2}

    driven = drive({"returns_a_set": returns_a_set}, {"increment": increment})
    instance_id = driven.start("returns_a_set")
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.FAILED
    assert "not JSON serializable" in driven.output(instance_id)


@pytest.mark.parametrize(
    ("call", "kind", "known"),
    [
        (lambda context: context.call_activity("absent", 1), "activity", "'increment'"),
        (lambda context: context.call_sub_orchestrator("absent", 1), "orchestrator", "'calls'"),
    ],
)
def test_unknown_function_fails_the_instance_and_names_it(
    drive: Drive, call: Callable[[Context], Any], kind: str, known: str
) -> None:
    """A name that is not registered cannot be caught or waited for: it is a mistake in the app."""

    def calls(context: Context) -> Steps:
        try:
            yield call(context)
        except Exception:  # noqa: BLE001  # to show that it does not get here
            return "caught"

    driven = drive({"calls": calls}, {"increment": increment})
    instance_id = driven.start("calls")
    driven.run()
    assert driven.status(instance_id) == RuntimeStatus.FAILED
    assert driven.output(instance_id) == (
        f"Orchestrator function 'calls' failed: The function 'absent' doesn't exist, is disabled, or is not an {kind} "
        f"function. Additional info: The following are the known {kind} functions: {known}."
    )


def _odd_action(document: dict[str, Any]) -> Any:
    """An action that no SDK gives, by its document."""
    members = {"action_type": document["actionType"], "to_json": lambda _: document}
    return type("OddAction", (Action,), members)()


@pytest.mark.parametrize(
    ("document", "output"),
    [
        ({"actionType": 99}, "Orchestrator function 'odd' failed: The local host does not support actions of type 99."),
        ({"actionType": 0}, "The engine could not take a turn: KeyError: 'functionName'"),
    ],
)
def test_what_the_engine_cannot_handle_fails_one_instance_and_not_the_hub(
    drive: Drive, document: dict[str, Any], output: str
) -> None:
    """With the reason; others go on."""

    def odd(context: Context) -> Steps:
        context._add_to_actions(_odd_action(document))
        yield context.wait_for_external_event("never")

    driven = drive({"odd": odd, "chain": chain}, {"increment": increment})
    odd_id, chain_id = driven.start("odd"), driven.start("chain")
    driven.run()
    assert driven.status(odd_id) == RuntimeStatus.FAILED
    assert driven.output(odd_id) == output
    assert driven.output(chain_id) == 5
