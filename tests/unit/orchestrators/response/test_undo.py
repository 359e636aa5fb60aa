"""An undo takes back what was done, and its endpoint follows."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from local_host.durable.engine import DurableEngine
from local_host.durable.instance import RuntimeStatus
from nightshift.domain.platform.names import MOVE_SERVING, UNDO, UNDO_MITIGATIONS
from nightshift.domain.platform.step import Failure, Patience
from nightshift.domain.response.messages import Serve, ServeResult, UndoRequest, UndoResult
from tests.unit.orchestrators.conftest import Script

ID = "undo-m-i1"
BAD = Serve(endpoint="revenue", model="m", version="3")
Run = Callable[[], Awaitable[dict[str, Any]]]


@pytest.fixture
def script() -> Script:
    """A rollback that is taken back, with an endpoint."""
    result = Script()
    result.on(UNDO_MITIGATIONS, UndoResult(undone=("rollback",), serve=BAD))
    result.on(MOVE_SERVING, ServeResult(moved=True, detail="it serves version 3"))
    return result


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks at the endpoint are milliseconds apart, and few."""
    monkeypatch.setattr("orchestrators.response.undo.SERVING_PAUSE", timedelta(milliseconds=5))
    monkeypatch.setattr("orchestrators.response.undo.SERVING_LOOKS", 3)


async def _start(engine: DurableEngine) -> None:
    order = UndoRequest(
        model="m", incident_id="i1", actor="ann", comment="it was right", patience=Patience(attempts=3, seconds=0.01)
    )
    await engine.start_instance(UNDO, json.dumps(order.model_dump_json()), ID)


@pytest.fixture
def run(engine: DurableEngine) -> Run:
    """Run an undo to its end and return its output."""

    async def start() -> dict[str, Any]:
        await _start(engine)
        found: dict[str, Any] = json.loads((await engine.wait_for_completion(ID)).output or "null")
        return found

    return start


async def test_the_endpoint_follows_the_alias_back(run: Run, script: Script) -> None:
    """Who asked and why goes with the order; the endpoint is looked at until it serves."""
    script.on(MOVE_SERVING, ServeResult(), ServeResult(moved=True, detail="it serves version 3"))
    result = await run()
    assert (result["undone"], result["served"]["moved"]) == (["rollback"], True)
    assert script.names() == [UNDO_MITIGATIONS, MOVE_SERVING, MOVE_SERVING]
    (order,) = script.asked(UNDO_MITIGATIONS)
    assert (order["actor"], order["comment"]) == ("ann", "it was right")
    assert [look["looks"] for look in script.asked(MOVE_SERVING)] == [0, 1]


async def test_without_an_endpoint_nothing_follows(run: Run, script: Script) -> None:
    """A model that nobody serves, or a refusal."""
    script.on(UNDO_MITIGATIONS, UndoResult(refused=("champion moved",)))
    result = await run()
    assert (result["refused"], result["served"]) == (["champion moved"], None)
    assert script.names() == [UNDO_MITIGATIONS]


@pytest.mark.parametrize(
    ("answer", "looks"),
    [
        (ServeResult(failed=True, detail="its update failed"), 1),
        (ServeResult(failure=Failure(step=MOVE_SERVING, code="service_refused", message="403")), 1),
        (ServeResult(detail="on its way"), 3),
    ],
    ids=["failed", "refused", "too slow"],
)
async def test_an_endpoint_that_does_not_follow_is_told(
    run: Run, script: Script, answer: ServeResult, looks: int
) -> None:
    """Whoever asked for the undo reads it in the answer."""
    script.on(MOVE_SERVING, answer)
    assert (await run())["served"] == answer.to_json()
    assert len(script.asked(MOVE_SERVING)) == looks


async def test_an_outage_costs_only_time(run: Run, script: Script) -> None:
    """Two failed calls and a good one."""
    script.on(UNDO_MITIGATIONS, ConnectionError("down"), ConnectionError("down"), UndoResult(undone=("rollback",)))
    assert (await run())["undone"] == ["rollback"]


async def test_an_outage_beyond_patience_fails_the_undo(engine: DurableEngine, script: Script) -> None:
    """It can be asked for again."""
    script.on(UNDO_MITIGATIONS, ConnectionError("MLflow is not available"))
    await _start(engine)
    status = await engine.wait_for_completion(ID)
    assert status.runtime_status == RuntimeStatus.FAILED
    assert "MLflow is not available" in (status.output or "")
