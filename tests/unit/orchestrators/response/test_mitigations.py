"""Each mitigation to its end: refused, repeated, followed by an endpoint, waited for."""

import pytest

from nightshift.domain.platform.names import (
    MOVE_SERVING,
    PLAN_RESPONSE,
    READ_RETRAINING,
    RETRAIN,
    ROLL_BACK,
    SETTLE_MITIGATION,
    TELL_ON_CALL,
    UNDO_MITIGATIONS,
    VERIFY_RECOVERY,
)
from nightshift.domain.response.messages import (
    RetrainingState,
    ServeResult,
    UndoResult,
)
from tests.unit.orchestrators.conftest import Script
from tests.unit.orchestrators.response.conftest import TARGET, Run, pages, planned, refusal, resulted


async def test_a_refused_rollback_pages(run: Run, script: Script) -> None:
    """The sentence of the guard; there is nothing to verify."""
    script.on(ROLL_BACK, resulted("rollback", "refused", escalate=True))
    assert (await run())["rollback"] == "refused"
    assert script.names() == [PLAN_RESPONSE, ROLL_BACK, TELL_ON_CALL, TELL_ON_CALL]
    assert pages(script) == ["rollback refused: rollback was refused"]


async def test_a_repeated_rollback_pages_nobody(run: Run, script: Script) -> None:
    """Another incident has done it, and verifies it."""
    script.on(ROLL_BACK, resulted("rollback", "repeated"))
    assert (await run())["rollback"] == "repeated"
    assert script.names() == [PLAN_RESPONSE, ROLL_BACK, TELL_ON_CALL]
    assert pages(script) == []


async def test_an_endpoint_follows_the_alias(run: Run, script: Script) -> None:
    """Looked at until it serves the target; only then the rollback is done and the incident mitigated."""
    script.on(ROLL_BACK, resulted("rollback", "begun", serve=TARGET))
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
        (ServeResult(failure=refusal(MOVE_SERVING)), "403"),
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
    script.on(ROLL_BACK, resulted("rollback", "begun", serve=TARGET))
    script.on(MOVE_SERVING, *[answer] * looks, ServeResult(moved=True))
    result = await run()
    assert (result["rollback"], "recovered" in result) == ("failed", False)
    (undo,) = script.asked(UNDO_MITIGATIONS)
    assert (undo["actor"], undo["incident_id"]) == ("nightshift", "i1")
    assert problem in undo["comment"]
    assert script.asked(MOVE_SERVING)[-1]["serve"]["version"] == "3"
    assert script.asked(SETTLE_MITIGATION) == []
    (page,) = pages(script)
    assert page.startswith("rollback undone, because its endpoint did not follow: ")
    assert problem in page


async def test_an_endpoint_that_does_not_come_back_either_is_told(run: Run, script: Script) -> None:
    """The worst case, in one page."""
    script.on(ROLL_BACK, resulted("rollback", "begun", serve=TARGET))
    script.on(MOVE_SERVING, ServeResult(failed=True, detail="its update failed"))
    await run()
    (page,) = pages(script)
    assert "the endpoint does not serve the champion: its update failed" in page


async def test_a_rollback_that_cannot_be_undone_is_told(run: Run, script: Script) -> None:
    """Neither forward nor back: a person must look."""
    script.on(ROLL_BACK, resulted("rollback", "begun", serve=TARGET))
    script.on(MOVE_SERVING, ServeResult(failed=True, detail="its update failed"))
    script.on(UNDO_MITIGATIONS, UndoResult(failure=refusal(UNDO_MITIGATIONS)))
    await run()
    (page,) = pages(script)
    assert "undo_mitigations failed: service_refused: 403" in page


async def test_a_retraining_is_waited_for(run: Run, script: Script) -> None:
    """Its run's own verdict settles it, with the run for a later undo; then the signal is looked at."""
    script.on(PLAN_RESPONSE, planned("retrain", "notify"))
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
    script.on(PLAN_RESPONSE, planned("retrain"))
    script.on(READ_RETRAINING, RetrainingState(run="r", outcome=outcome, detail=f"run r was {outcome}"))
    assert (await run())["retrain"] == "failed"
    assert pages(script) == [f"retraining did not help: run r was {outcome}"]
    assert [settled["mitigated"] for settled in script.asked(SETTLE_MITIGATION)] == [False]
    assert script.asked(VERIFY_RECOVERY) == []


async def test_a_retraining_without_end_pages(run: Run, script: Script) -> None:
    """It is not waited for for ever."""
    script.on(PLAN_RESPONSE, planned("retrain"))
    script.on(READ_RETRAINING, RetrainingState())
    assert (await run())["retrain"] == "begun"
    assert pages(script) == ["the retraining has not come to an end"]


async def test_a_retraining_within_the_cooldown_is_not_waited_for(run: Run, script: Script) -> None:
    """Another incident's goes on."""
    script.on(PLAN_RESPONSE, planned("retrain"))
    script.on(RETRAIN, resulted("retrain", "repeated"))
    assert (await run())["retrain"] == "repeated"
    assert script.names() == [PLAN_RESPONSE, RETRAIN]
