"""The response's order, waits and ends, on the real engine."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.incident import ActionState, IncidentAction
from domain.names import (
    INCIDENT_CHANGED,
    MOVE_SERVING,
    PAUSE_COMPUTE,
    PLAN_RESPONSE,
    READ_RETRAINING,
    RESPONSE,
    RESUME_COMPUTE,
    RETRAIN,
    ROLL_BACK,
    SETTLE_MITIGATION,
    TELL_ON_CALL,
    UNDO_MITIGATIONS,
    VERIFY_RECOVERY,
)
from domain.playbook import Mitigation
from domain.response import (
    Done,
    MitigationResult,
    PlannedResponse,
    ResponseInput,
    ResponsePlan,
    RetrainingState,
    Serve,
    ServeResult,
    UndoResult,
    Verdict,
    Verification,
)
from domain.run import Failure, Patience
from local_host.durable.engine import DurableEngine
from tests.unit.orchestrators.conftest import Script

ID = "response-m-i1"
Run = Callable[..., Awaitable[dict[str, Any]]]
TARGET, BAD = (Serve(endpoint="revenue", model="m", version=version) for version in ("2", "3"))


def _now() -> datetime:
    return datetime.now(UTC)


def _plan(
    *mitigations: Mitigation,
    verdict: Verdict = "act",
    until: datetime | None = None,
    verify_minutes: float = 60,
) -> PlannedResponse:
    plan = ResponsePlan(
        verdict=verdict,
        rule="playbook",
        reason="the playbook's line",
        mitigations=mitigations,
        until=until,
        verify_minutes=verify_minutes,
        pause_minutes=1,
    )
    return PlannedResponse(plan=plan)


def _result(mitigation: Mitigation, state: ActionState = "done", **given: Any) -> MitigationResult:
    action = IncidentAction(mitigation=mitigation, state=state, detail=f"{mitigation} was {state}", at=_now())
    return MitigationResult(action=action, **given)


def _failure(step: str) -> Failure:
    return Failure(step=step, code="service_refused", message="403")


@pytest.fixture
def script() -> Script:
    """A rollback in which everything goes well."""
    result = Script()
    result.on(PLAN_RESPONSE, _plan("rollback", "notify"))
    result.on(ROLL_BACK, _result("rollback"))
    result.on(RETRAIN, _result("retrain", "begun", identity="u1"))
    result.on(READ_RETRAINING, RetrainingState(run="lifecycle-m-u1", outcome="promoted", detail="it was promoted"))
    result.on(PAUSE_COMPUTE, _result("pause_compute", resume_at=_now()))
    result.on(RESUME_COMPUTE, Done())
    result.on(TELL_ON_CALL, _result("notify"))
    result.on(MOVE_SERVING, ServeResult(moved=True, detail="endpoint revenue serves version 2"))
    result.on(SETTLE_MITIGATION, Done())
    result.on(VERIFY_RECOVERY, Verification(recovered=True))
    result.on(UNDO_MITIGATIONS, UndoResult(undone=("rollback",), serve=BAD))
    return result


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks at outside systems are milliseconds apart, and few."""
    for name in ("SERVING_PAUSE", "_FIRST_LOOK", "_LONGEST_LOOK"):
        monkeypatch.setattr(f"orchestrators.response.{name}", timedelta(milliseconds=5))
    monkeypatch.setattr("orchestrators.response.SERVING_LOOKS", 3)
    monkeypatch.setattr("orchestrators.response.RETRAINING_LOOKS", 3)


async def _start(engine: DurableEngine, *, again: bool = False) -> None:
    order = ResponseInput(model="m", incident_id="i1", again=again, patience=Patience(attempts=3, seconds=0.01))
    await engine.start_instance(RESPONSE, json.dumps(order.model_dump_json()), ID)


async def _end(engine: DurableEngine) -> dict[str, Any]:
    status = await engine.wait_for_completion(ID)
    found: dict[str, Any] = json.loads(status.output or "null")
    return found


@pytest.fixture
def run(engine: DurableEngine) -> Run:
    """Run a response to its end and return its output."""

    async def start(*, again: bool = False) -> dict[str, Any]:
        await _start(engine, again=again)
        return await _end(engine)

    return start


def _pages(script: Script) -> list[str]:
    """What a person was paged with."""
    return [message["reason"] for message in script.asked(TELL_ON_CALL) if message["mitigation"] == "page"]


async def test_a_response_takes_its_steps_in_order(run: Run, script: Script) -> None:
    """Plan, each mitigation in the playbook's order with the plan's reason, verify; nobody is woken."""
    assert await run() == {
        "verdict": "act",
        "rule": "playbook",
        "rollback": "done",
        "notify": "done",
        "recovered": "yes",
    }
    assert script.names() == [PLAN_RESPONSE, ROLL_BACK, TELL_ON_CALL, VERIFY_RECOVERY]
    (order,) = script.asked(ROLL_BACK)
    assert (order["incident_id"], order["mitigation"], order["reason"]) == ("i1", "rollback", "the playbook's line")
    assert _pages(script) == []


async def test_what_is_left_is_left(run: Run, script: Script) -> None:
    """Nothing is done, nobody is told."""
    script.on(PLAN_RESPONSE, _plan(verdict="leave"))
    assert await run() == {"verdict": "leave", "rule": "playbook"}
    assert script.names() == [PLAN_RESPONSE]


async def test_what_fires_again_is_paged_and_nothing_is_done_twice(run: Run, script: Script) -> None:
    """It had been resolved: whatever was done has not helped for long."""
    assert await run(again=True) == {"verdict": "again"}
    assert script.names() == [TELL_ON_CALL]
    assert _pages(script) == ["it fired again after it had been resolved; nothing is done a second time"]


async def _planned(script: Script) -> None:
    """Until the first plan has been asked for."""
    while not script.asked(PLAN_RESPONSE):
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("verdict", ["hold", "mute"])
async def test_a_symptom_waits_until_its_incident_changes(
    engine: DurableEngine, script: Script, verdict: Verdict
) -> None:
    """With the time to hold an hour away, the event that its cause is cured makes it plan again at once."""
    held = _plan(verdict=verdict, until=_now() + timedelta(hours=1))
    script.on(PLAN_RESPONSE, held, _plan("notify"))
    await _start(engine)
    await _planned(script)
    await engine.raise_event(ID, INCIDENT_CHANGED, "{}")
    assert (await _end(engine))["notify"] == "done"
    assert script.names() == [PLAN_RESPONSE, PLAN_RESPONSE, TELL_ON_CALL]
    assert [request["look"] for request in script.asked(PLAN_RESPONSE)] == [0, 1]


async def test_a_symptom_waits_no_longer_than_its_time(run: Run, script: Script) -> None:
    """The cause lasts: when the time to hold is over, the plan is made again, at that time or later."""
    until = _now() + timedelta(milliseconds=50)
    script.on(PLAN_RESPONSE, _plan(verdict="hold", until=until), _plan("ask"))
    assert (await run())["ask"] == "done"
    first, second = (datetime.fromisoformat(request["at"]) for request in script.asked(PLAN_RESPONSE))
    assert first < until <= second


async def test_a_change_that_cures_nothing_does_not_end_the_waiting(engine: DurableEngine, script: Script) -> None:
    """Woken once, it looks again by time until the cause is gone."""
    held = _plan(verdict="hold", until=_now() + timedelta(hours=1))
    script.on(PLAN_RESPONSE, held, held, held, _plan("notify"))
    await _start(engine)
    await _planned(script)
    await engine.raise_event(ID, INCIDENT_CHANGED, "{}")
    assert (await _end(engine))["notify"] == "done"
    assert len(script.asked(PLAN_RESPONSE)) == 4


async def test_an_event_before_the_wait_is_not_lost(engine: DurableEngine, script: Script) -> None:
    """The cause was cured while the plan was being made."""
    script.on(PLAN_RESPONSE, _plan(verdict="hold", until=_now() + timedelta(hours=1)), _plan(verdict="leave"))
    await _start(engine)
    await engine.raise_event(ID, INCIDENT_CHANGED, "{}")
    assert (await _end(engine))["verdict"] == "leave"


async def test_a_refused_rollback_pages(run: Run, script: Script) -> None:
    """The sentence of the guard; there is nothing to verify."""
    script.on(ROLL_BACK, _result("rollback", "refused", escalate=True))
    assert (await run())["rollback"] == "refused"
    assert script.names() == [PLAN_RESPONSE, ROLL_BACK, TELL_ON_CALL, TELL_ON_CALL]
    assert _pages(script) == ["rollback refused: rollback was refused"]


async def test_a_repeated_rollback_pages_nobody(run: Run, script: Script) -> None:
    """Another incident has done it, and verifies it."""
    script.on(ROLL_BACK, _result("rollback", "repeated"))
    assert (await run())["rollback"] == "repeated"
    assert script.names() == [PLAN_RESPONSE, ROLL_BACK, TELL_ON_CALL]
    assert _pages(script) == []


async def test_an_endpoint_follows_the_alias(run: Run, script: Script) -> None:
    """Looked at until it serves the target; only then the rollback is done and the incident mitigated."""
    script.on(ROLL_BACK, _result("rollback", "begun", serve=TARGET))
    script.on(MOVE_SERVING, ServeResult(), ServeResult(), ServeResult(moved=True, detail="it serves version 2"))
    assert (await run())["rollback"] == "done"
    assert [(look["looks"], look["serve"]["version"]) for look in script.asked(MOVE_SERVING)] == [
        (0, "2"),
        (1, "2"),
        (2, "2"),
    ]
    (settled,) = script.asked(SETTLE_MITIGATION)
    assert (settled["state"], settled["mitigated"]) == ("done", True)
    assert settled["detail"] == "rollback was begun; it serves version 2"
    assert script.names()[-1] == VERIFY_RECOVERY


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (ServeResult(failed=True, detail="its update failed"), "its update failed"),
        (ServeResult(failure=_failure(MOVE_SERVING)), "403"),
        (ServeResult(detail="it is on its way"), "it is on its way, but does not get there"),
        (ConnectionError("serving is down"), "serving is down"),
    ],
    ids=["failed", "refused", "too slow", "out of patience"],
)
async def test_if_the_endpoint_does_not_follow_both_go_back(
    run: Run, script: Script, answer: ServeResult | Exception, problem: str
) -> None:
    """Alias and endpoint never part for long: undone together, and a person is paged."""
    looks = 1 if isinstance(answer, ServeResult) and (answer.failed or answer.failure) else 3
    script.on(ROLL_BACK, _result("rollback", "begun", serve=TARGET))
    script.on(MOVE_SERVING, *[answer] * looks, ServeResult(moved=True))
    result = await run()
    assert (result["rollback"], "recovered" in result) == ("failed", False)
    (undo,) = script.asked(UNDO_MITIGATIONS)
    assert (undo["actor"], undo["incident_id"]) == ("nightshift", "i1")
    assert problem in undo["comment"]
    assert script.asked(MOVE_SERVING)[-1]["serve"]["version"] == "3"
    assert script.asked(SETTLE_MITIGATION) == []
    (page,) = _pages(script)
    assert page.startswith("rollback undone, because its endpoint did not follow: ")
    assert problem in page


async def test_an_endpoint_that_does_not_come_back_either_is_told(run: Run, script: Script) -> None:
    """The worst case, in one page."""
    script.on(ROLL_BACK, _result("rollback", "begun", serve=TARGET))
    script.on(MOVE_SERVING, ServeResult(failed=True, detail="its update failed"))
    await run()
    (page,) = _pages(script)
    assert "the endpoint does not serve the champion: its update failed" in page


async def test_a_rollback_that_cannot_be_undone_is_told(run: Run, script: Script) -> None:
    """Neither forward nor back: a person must look."""
    script.on(ROLL_BACK, _result("rollback", "begun", serve=TARGET))
    script.on(MOVE_SERVING, ServeResult(failed=True, detail="its update failed"))
    script.on(UNDO_MITIGATIONS, UndoResult(failure=_failure(UNDO_MITIGATIONS)))
    await run()
    (page,) = _pages(script)
    assert "undo_mitigations failed: service_refused: 403" in page


async def test_a_retraining_is_waited_for(run: Run, script: Script) -> None:
    """Its run's own verdict settles it, with the run for a later undo; then the signal is looked at."""
    script.on(PLAN_RESPONSE, _plan("retrain", "notify"))
    ended = RetrainingState(run="lifecycle-m-u1", outcome="promoted", detail="it was promoted")
    script.on(READ_RETRAINING, RetrainingState(), RetrainingState(run="lifecycle-m-u1"), ended)
    result = await run()
    assert (result["retrain"], result["recovered"]) == ("done", "yes")
    assert [request["identity"] for request in script.asked(READ_RETRAINING)] == ["u1"] * 3
    (settled,) = script.asked(SETTLE_MITIGATION)
    assert (settled["state"], settled["mitigated"]) == ("done", True)
    assert settled["facts"] == {"run": "lifecycle-m-u1", "outcome": "promoted"}


@pytest.mark.parametrize("outcome", ["rejected", "flagged", "halted", "failed"])
async def test_a_retraining_that_does_not_help_pages(run: Run, script: Script, outcome: str) -> None:
    """Its own gate was not passed: the drift is still there."""
    script.on(PLAN_RESPONSE, _plan("retrain"))
    script.on(READ_RETRAINING, RetrainingState(run="r", outcome=outcome, detail=f"run r was {outcome}"))
    assert (await run())["retrain"] == "failed"
    assert _pages(script) == [f"retraining did not help: run r was {outcome}"]
    assert [settled["mitigated"] for settled in script.asked(SETTLE_MITIGATION)] == [False]
    assert script.asked(VERIFY_RECOVERY) == []


async def test_a_retraining_without_end_pages(run: Run, script: Script) -> None:
    """It is not waited for for ever."""
    script.on(PLAN_RESPONSE, _plan("retrain"))
    script.on(READ_RETRAINING, RetrainingState())
    assert (await run())["retrain"] == "begun"
    assert _pages(script) == ["the retraining has not come to an end"]


async def test_a_retraining_within_the_cooldown_is_not_waited_for(run: Run, script: Script) -> None:
    """Another incident's goes on."""
    script.on(PLAN_RESPONSE, _plan("retrain"))
    script.on(RETRAIN, _result("retrain", "repeated"))
    assert (await run())["retrain"] == "repeated"
    assert script.names() == [PLAN_RESPONSE, RETRAIN]


async def test_a_signal_that_does_not_recover_pages(run: Run, script: Script) -> None:
    """Looked at when it was acted upon, and finally when its time is over."""
    script.on(PLAN_RESPONSE, _plan("rollback", verify_minutes=0.001))
    script.on(VERIFY_RECOVERY, Verification(), Verification(recovered=False, detail="it fired again"))
    assert (await run())["recovered"] == "no"
    first, last = script.asked(VERIFY_RECOVERY)
    assert (first["final"], last["final"]) == (False, True)
    assert first["since"] == last["since"]
    assert _pages(script) == ["it fired again"]


async def test_a_resolution_ends_the_verification_at_once(engine: DurableEngine, script: Script) -> None:
    """The time to recover is an hour; its source resolves the alert."""
    script.on(VERIFY_RECOVERY, Verification(), Verification(recovered=True))
    await _start(engine)
    while not script.asked(VERIFY_RECOVERY):
        await asyncio.sleep(0.005)
    await engine.raise_event(ID, INCIDENT_CHANGED, "{}")
    assert (await _end(engine))["recovered"] == "yes"
    assert [request["final"] for request in script.asked(VERIFY_RECOVERY)] == [False, False]


async def test_a_lease_is_resumed_at_its_end(run: Run, script: Script) -> None:
    """Not before; the budget's signal is not verified."""
    ends = _now() + timedelta(milliseconds=100)
    script.on(PLAN_RESPONSE, _plan("pause_compute", "notify"))
    script.on(PAUSE_COMPUTE, _result("pause_compute", resume_at=ends))
    assert (await run())["pause_compute"] == "done"
    assert _now() >= ends
    assert script.names() == [PLAN_RESPONSE, PAUSE_COMPUTE, TELL_ON_CALL, RESUME_COMPUTE]


async def test_compute_that_paused_nothing_is_not_resumed(run: Run, script: Script) -> None:
    """There is no lease; a person is paged."""
    script.on(PLAN_RESPONSE, _plan("pause_compute"))
    script.on(PAUSE_COMPUTE, _result("pause_compute", "refused", escalate=True))
    await run()
    assert script.names() == [PLAN_RESPONSE, PAUSE_COMPUTE, TELL_ON_CALL]


async def test_a_lease_that_cannot_be_resumed_pages(run: Run, script: Script) -> None:
    """Somebody's compute stays off."""
    script.on(PLAN_RESPONSE, _plan("pause_compute"))
    script.on(RESUME_COMPUTE, Done(failure=_failure(RESUME_COMPUTE)))
    await run()
    assert _pages(script) == ["the compute lease has ended, but nothing was resumed: 403"]


async def test_an_outage_costs_only_time(run: Run, script: Script) -> None:
    """Two failed calls and a good one: nobody is woken."""
    script.on(ROLL_BACK, ConnectionError("down"), ConnectionError("down"), _result("rollback"))
    assert (await run())["rollback"] == "done"
    assert len(script.asked(ROLL_BACK)) == 3
    assert _pages(script) == []


@pytest.mark.parametrize(
    ("mitigation", "activity"),
    [("rollback", ROLL_BACK), ("retrain", RETRAIN), ("pause_compute", PAUSE_COMPUTE)],
)
async def test_an_outage_beyond_patience_pages(run: Run, script: Script, mitigation: Mitigation, activity: str) -> None:
    """The mitigation has failed, what follows it in the playbook is still done."""
    script.on(PLAN_RESPONSE, _plan(mitigation, "notify"))
    script.on(activity, ConnectionError("MLflow is not available"))
    result = await run()
    assert (result[mitigation], result["notify"]) == ("failed", "done")
    assert len(script.asked(activity)) == 3
    (page,) = _pages(script)
    assert page.startswith(f"{activity} failed: service_unavailable: ")
    assert "MLflow is not available" in page


@pytest.mark.parametrize(
    "answer", [ConnectionError("storage is down"), PlannedResponse(failure=_failure(PLAN_RESPONSE))]
)
async def test_without_a_plan_a_person_is_paged(run: Run, script: Script, answer: Any) -> None:
    """Nothing is done on a guess."""
    script.on(PLAN_RESPONSE, answer)
    assert (await run())["verdict"] == "failed"
    assert set(script.names()) == {PLAN_RESPONSE, TELL_ON_CALL}
    (page,) = _pages(script)
    assert page.startswith("plan_response failed: ")


async def test_a_notice_that_cannot_be_sent_does_not_hide_the_rollback(run: Run, script: Script) -> None:
    """It is verified all the same, and the page tries its luck."""
    script.on(TELL_ON_CALL, MitigationResult(failure=_failure(TELL_ON_CALL)), _result("page"))
    result = await run()
    assert (result["rollback"], result["notify"], result["recovered"]) == ("done", "failed", "yes")
    assert _pages(script) == ["tell_on_call failed: service_refused: 403"]


async def test_when_nobody_can_be_told_the_response_still_ends(run: Run, script: Script) -> None:
    """The incident's timeline has it."""
    script.on(TELL_ON_CALL, ConnectionError("no way out"))
    assert (await run())["recovered"] == "yes"


async def test_verification_out_of_patience_pages(run: Run, script: Script) -> None:
    """That it cannot be seen is not that it has recovered."""
    script.on(VERIFY_RECOVERY, ConnectionError("storage is down"))
    assert (await run())["recovered"] == "no"
    (page,) = _pages(script)
    assert "storage is down" in page
