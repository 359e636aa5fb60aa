"""What serves a model follows a promotion, or both go back."""

import json
from collections.abc import Awaitable, Callable

import pytest

from local_host.testing.virtual_engine import VirtualEngine
from nightshift.domain.lifecycle.run import LifecycleInput, RunOutcome, WithdrawResult
from nightshift.domain.platform.names import LIFECYCLE
from nightshift.domain.platform.step import Failure
from nightshift.domain.response.messages import MoveServingResult
from nightshift.domain.uploads.upload import Upload
from tests.unit.orchestrators.conftest import Script, decided

Run = Callable[[], Awaitable[RunOutcome]]
SERVED = decided("promoted").model_copy(update={"endpoint": "revenue"})


@pytest.fixture
def run(engine: VirtualEngine, upload: Upload, script: Script) -> Run:
    """Run a lifecycle that promotes version 2 over version 1, of a model that an endpoint serves."""
    script.on("decide_action", SERVED)

    async def start() -> RunOutcome:
        order = LifecycleInput(model="m", run="lifecycle-m-1", uploads=(upload,))
        await engine.start_instance(LIFECYCLE, json.dumps(order.model_dump_json()), order.run)
        return RunOutcome.from_json((await engine.wait_for_completion(order.run)).output)

    return start


async def test_a_promotion_is_served_before_the_run_ends(run: Run, script: Script) -> None:
    """Looked at until the endpoint reads back the new champion."""
    script.on("move_serving", MoveServingResult(), MoveServingResult(moved=True))
    assert (await run()).outcome == "promoted"
    assert [look["serve"]["version"] for look in script.asked("move_serving")] == ["2", "2"]
    assert script.asked("withdraw_promotion") == []


@pytest.mark.parametrize("outcome", ["rejected", "flagged"])
async def test_what_is_not_promoted_moves_no_endpoint(run: Run, script: Script, outcome: str) -> None:
    """The champion stays, and so does what serves it."""
    script.on("decide_action", SERVED.model_copy(update={"outcome": outcome}))
    assert (await run()).outcome == outcome
    assert script.asked("move_serving") == []


@pytest.mark.parametrize(
    "refusal",
    [
        MoveServingResult(failed=True, detail="its update failed"),
        Failure(step="move_serving", code="service_refused", message="its update failed"),
    ],
)
async def test_where_the_endpoint_does_not_follow_both_go_back(
    run: Run, script: Script, refusal: MoveServingResult
) -> None:
    """The run has failed and says why; on-call is notified."""
    script.on("move_serving", refusal, MoveServingResult(moved=True))
    script.on("withdraw_promotion", WithdrawResult(version="1", detail="version 1 is champion again"))
    outcome = await run()
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.code) == ("failed", "endpoint_not_moved")
    assert outcome.reason.endswith(" its update failed; version 1 is champion again")
    (order,) = script.asked("withdraw_promotion")
    assert (order["version"], order["previous"]) == ("2", "1")
    assert [look["serve"]["version"] for look in script.asked("move_serving")] == ["2", "1"]
    assert len(script.asked("send_alert")) == 1


async def test_an_endpoint_that_serves_neither_is_said(run: Run, script: Script) -> None:
    """A person must look."""
    script.on("move_serving", MoveServingResult(failed=True, detail="no capacity"))
    script.on("withdraw_promotion", WithdrawResult(version="1", detail="version 1 is champion again"))
    assert (await run()).reason.endswith(" version 1 either: no capacity")


async def test_a_first_champion_stays_although_it_is_not_served(run: Run, script: Script) -> None:
    """There is none to go back to."""
    script.on("move_serving", MoveServingResult(failed=True, detail="no such endpoint"))
    script.on("withdraw_promotion", WithdrawResult(detail="version 2 stays champion: there was none before it"))
    outcome = await run()
    assert "no such endpoint; version 2 stays champion: " in outcome.reason
    assert len(script.asked("move_serving")) == 1
