"""Each mitigation to its end: refused, repeated, followed by an endpoint, waited for."""

import pytest

from nightshift.domain.platform.step import Failure
from nightshift.domain.response.messages import (
    RESPONDING,
    MoveServingResult,
    RetrainingState,
)
from orchestrators.champions.serving import SERVING_POLLS
from tests.unit.orchestrators.conftest import Script
from tests.unit.orchestrators.response.conftest import TARGET, Run, pages, planned, refusal, resulted


async def test_a_refused_rollback_pages(run: Run, script: Script) -> None:
    """The sentence of the guard; there is nothing to verify."""
    script.on("roll_back", resulted("rollback", "refused", escalate=True))
    assert (await run())["rollback"] == "refused"
    assert script.names() == ["plan_response", "roll_back", "tell_on_call", "tell_on_call"]
    assert pages(script) == ["rollback refused: rollback was refused"]


async def test_a_repeated_rollback_pages_nobody(run: Run, script: Script) -> None:
    """Another incident has done it, and verifies it."""
    script.on("roll_back", resulted("rollback", "repeated"))
    assert (await run())["rollback"] == "repeated"
    assert script.names() == ["plan_response", "roll_back", "tell_on_call"]
    assert pages(script) == []


async def test_an_endpoint_follows_the_alias(run: Run, script: Script) -> None:
    """Looked at until it serves the target; only then the rollback is done and the incident mitigated."""
    script.on("roll_back", resulted("rollback", "begun", serve=TARGET))
    script.on(
        "move_serving",
        MoveServingResult(),
        MoveServingResult(),
        MoveServingResult(moved=True, detail="it serves version 2"),
    )
    assert (await run())["rollback"] == "done"
    assert [(look["looks"], look["serve"]["version"]) for look in script.asked("move_serving")] == [
        (0, "2"),
        (1, "2"),
        (2, "2"),
    ]
    (settled,) = script.asked("settle_mitigation")
    assert (settled["state"], settled["mitigated"]) == ("done", True)
    assert settled["detail"] == "rollback was begun; it serves version 2"
    assert script.names()[-1] == "verify_recovery"


def _said(answer: MoveServingResult | Failure | Exception) -> str:
    return answer.detail if isinstance(answer, MoveServingResult) else str(answer)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (MoveServingResult(failed=True, detail="its update failed"), "its update failed"),
        (refusal("move_serving"), "403"),
        (MoveServingResult(detail="it is on its way"), "on its way, but "),
        (ConnectionError("serving is down"), "serving is down"),
    ],
    ids=["failed", "refused", "too slow", "out of patience"],
)
async def test_if_the_endpoint_does_not_follow_both_go_back(
    run: Run, script: Script, answer: MoveServingResult | Failure | Exception, problem: str
) -> None:
    """Alias and endpoint never part for long: undone together, and a person is paged."""
    looks = {"it is on its way": SERVING_POLLS, "serving is down": RESPONDING.attempts}.get(_said(answer), 1)
    script.on("roll_back", resulted("rollback", "begun", serve=TARGET))
    script.on("move_serving", *[answer] * looks, MoveServingResult(moved=True))
    result = await run()
    assert (result["rollback"], "recovered" in result) == ("failed", False)
    (undo,) = script.asked("undo_mitigations")
    assert (undo["actor"], undo["incident_id"]) == ("nightshift", "i1")
    assert problem in undo["comment"]
    assert script.asked("move_serving")[-1]["serve"]["version"] == "3"
    assert script.asked("settle_mitigation") == []
    (page,) = pages(script)
    assert page.startswith("rollback undone: ")
    assert problem in page


async def test_an_endpoint_that_does_not_come_back_either_is_reported(run: Run, script: Script) -> None:
    """The worst case, in one page."""
    script.on("roll_back", resulted("rollback", "begun", serve=TARGET))
    script.on("move_serving", MoveServingResult(failed=True, detail="its update failed"))
    await run()
    (page,) = pages(script)
    assert "version 3 either: its update failed" in page


async def test_a_rollback_that_cannot_be_undone_is_reported(run: Run, script: Script) -> None:
    """Neither forward nor back: a person must look."""
    script.on("roll_back", resulted("rollback", "begun", serve=TARGET))
    script.on("move_serving", MoveServingResult(failed=True, detail="its update failed"))
    script.on("undo_mitigations", refusal("undo_mitigations"))
    await run()
    (page,) = pages(script)
    assert "undo_mitigations failed: service_refused: 403" in page


async def test_a_retraining_is_waited_for(run: Run, script: Script) -> None:
    """Its run's own verdict settles it, with the run for a later undo; then the signal is looked at."""
    script.on("plan_response", planned("retrain", "notify"))
    ended = RetrainingState(run="lifecycle-m-u1", outcome="promoted", detail="it was promoted")
    script.on("read_retraining", RetrainingState(), RetrainingState(run="lifecycle-m-u1"), ended)
    result = await run()
    assert (result["retrain"], result["recovered"]) == ("done", "yes")
    assert [request["identity"] for request in script.asked("read_retraining")] == ["u1"] * 3
    (settled,) = script.asked("settle_mitigation")
    assert (settled["state"], settled["mitigated"]) == ("done", True)
    assert settled["facts"] == {"run": "lifecycle-m-u1", "outcome": "promoted"}


@pytest.mark.parametrize("outcome", ["rejected", "flagged", "halted", "failed"])
async def test_a_retraining_that_does_not_help_pages(run: Run, script: Script, outcome: str) -> None:
    """Its own gate was not passed: the drift is still there."""
    script.on("plan_response", planned("retrain"))
    script.on("read_retraining", RetrainingState(run="r", outcome=outcome, detail=f"run r was {outcome}"))
    assert (await run())["retrain"] == "failed"
    assert [page.endswith(f" run r was {outcome}") for page in pages(script)] == [True]
    assert [settled["mitigated"] for settled in script.asked("settle_mitigation")] == [False]
    assert script.asked("verify_recovery") == []


async def test_a_retraining_without_end_pages(run: Run, script: Script) -> None:
    """It is not waited for for ever."""
    script.on("plan_response", planned("retrain"))
    script.on("read_retraining", RetrainingState())
    assert (await run())["retrain"] == "begun"
    assert ["retraining has not come to an end" in page for page in pages(script)] == [True]


async def test_a_retraining_within_the_cooldown_is_not_waited_for(run: Run, script: Script) -> None:
    """Another incident's goes on."""
    script.on("plan_response", planned("retrain"))
    script.on("retrain", resulted("retrain", "repeated"))
    assert (await run())["retrain"] == "repeated"
    assert script.names() == ["plan_response", "retrain"]
