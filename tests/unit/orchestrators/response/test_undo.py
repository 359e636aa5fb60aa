"""An undo takes back what was done, and its endpoint follows."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from local_host.durable.instance import RuntimeStatus
from local_host.testing.virtual_engine import VirtualEngine
from nightshift.domain.platform.names import UNDO
from nightshift.domain.platform.step import Failure
from nightshift.domain.response.messages import EndpointTarget, MoveServingResult, UndoRequest, UndoResult
from orchestrators.champions.serving import SERVING_POLLS
from tests.unit.orchestrators.conftest import Script

ID = "undo-m-i1"
BAD = EndpointTarget(endpoint="revenue", model="m", version="3")
Run = Callable[[], Awaitable[dict[str, Any]]]


@pytest.fixture
def script() -> Script:
    """A rollback that is taken back, with an endpoint."""
    result = Script()
    result.on("undo_mitigations", UndoResult(undone=("rollback",), serve=BAD))
    result.on("move_serving", MoveServingResult(moved=True, detail="it serves version 3"))
    return result


async def _start(engine: VirtualEngine) -> None:
    order = UndoRequest(model="m", incident_id="i1", actor="ann", comment="it was right")
    await engine.start_instance(UNDO, json.dumps(order.model_dump_json()), ID)


@pytest.fixture
def run(engine: VirtualEngine) -> Run:
    """Run an undo to its end and return its output."""

    async def start() -> dict[str, Any]:
        await _start(engine)
        found: dict[str, Any] = json.loads((await engine.wait_for_completion(ID)).output or "null")
        return found

    return start


async def test_the_endpoint_follows_the_alias_back(run: Run, script: Script) -> None:
    """Who asked and why goes with the order; the endpoint is looked at until it serves."""
    script.on("move_serving", MoveServingResult(), MoveServingResult(moved=True, detail="it serves version 3"))
    result = await run()
    assert (result["undone"], result["served"]["moved"]) == (["rollback"], True)
    assert script.names() == ["undo_mitigations", "move_serving", "move_serving"]
    (order,) = script.asked("undo_mitigations")
    assert (order["actor"], order["comment"]) == ("ann", "it was right")
    assert [look["looks"] for look in script.asked("move_serving")] == [0, 1]


async def test_without_an_endpoint_nothing_follows(run: Run, script: Script) -> None:
    """A model that nobody serves, or a refusal."""
    script.on("undo_mitigations", UndoResult(refused=("champion moved",)))
    result = await run()
    assert (result["refused"], result["served"]) == (["champion moved"], None)
    assert script.names() == ["undo_mitigations"]


@pytest.mark.parametrize(
    ("answer", "said", "polls"),
    [
        (MoveServingResult(failed=True, detail="its update failed"), "its update failed", 1),
        (Failure(step="move_serving", code="service_refused", message="403"), "403", 1),
        (MoveServingResult(detail="on its way"), "on its way, but ", SERVING_POLLS),
    ],
    ids=["failed", "refused", "too slow"],
)
async def test_an_endpoint_that_does_not_follow_is_reported(
    run: Run, script: Script, answer: MoveServingResult | Failure, said: str, polls: int
) -> None:
    """Whoever asked for the undo reads it in the answer."""
    script.on("move_serving", answer)
    served = MoveServingResult.model_validate((await run())["served"])
    assert (served.moved, served.failed, served.detail.startswith(said)) == (False, True, True)
    assert len(script.asked("move_serving")) == polls


async def test_an_endpoint_that_does_not_answer_fails_the_undo(engine: VirtualEngine, script: Script) -> None:
    """Nobody knows what is served: the sweep pages an undo that broke off, and no answer says that all is well."""
    script.on("move_serving", ConnectionError("Databricks is not available"))
    await _start(engine)
    status = await engine.wait_for_completion(ID)
    assert status.runtime_status == RuntimeStatus.FAILED
    assert "Databricks is not available" in (status.output or "")


async def test_an_outage_costs_only_time(run: Run, script: Script) -> None:
    """Two failed calls and a good one."""
    script.on("undo_mitigations", ConnectionError("down"), ConnectionError("down"), UndoResult(undone=("rollback",)))
    assert (await run())["undone"] == ["rollback"]


async def test_an_outage_beyond_the_retry_policy_fails_the_undo(engine: VirtualEngine, script: Script) -> None:
    """It can be asked for again."""
    script.on("undo_mitigations", ConnectionError("MLflow is not available"))
    await _start(engine)
    status = await engine.wait_for_completion(ID)
    assert status.runtime_status == RuntimeStatus.FAILED
    assert "MLflow is not available" in (status.output or "")
