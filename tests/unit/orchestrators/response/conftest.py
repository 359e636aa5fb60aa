"""A response on the real engine, and what its activities answer."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

from local_host.testing.virtual_clock import START
from local_host.testing.virtual_engine import VirtualEngine
from nightshift.domain.platform.names import RESPONSE
from nightshift.domain.platform.step import Done, Failure
from nightshift.domain.response.incident import ActionState, IncidentAction, Verdict
from nightshift.domain.response.messages import (
    EndpointTarget,
    MitigationResult,
    MoveServingResult,
    PlannedResponse,
    ResponseInput,
    ResponsePlan,
    RetrainingState,
    UndoResult,
    Verification,
)
from nightshift.domain.response.mitigations import Mitigation
from tests.unit.orchestrators.conftest import Script

ID = "response-m-i1"
Run = Callable[..., Awaitable[dict[str, Any]]]
TARGET, BAD = (EndpointTarget(endpoint="revenue", model="m", version=version) for version in ("2", "3"))


def now() -> datetime:
    """The time at which the engine begins."""
    return START


def planned(
    *mitigations: Mitigation,
    verdict: Verdict = "act",
    until: datetime | None = None,
    verify_minutes: float = 60,
) -> PlannedResponse:
    """A plan."""
    plan = ResponsePlan(
        verdict=verdict,
        rule="playbook",
        reason="the playbook's line",
        mitigations=mitigations,
        until=until,
        verify_minutes=verify_minutes,
    )
    return PlannedResponse(plan=plan)


def resulted(mitigation: Mitigation, state: ActionState = "done", **given: Any) -> MitigationResult:
    """What became of a mitigation."""
    action = IncidentAction(mitigation=mitigation, state=state, detail=f"{mitigation} was {state}", at=now())
    return MitigationResult(action=action, **given)


def refusal(step: str) -> Failure:
    """A service that says no."""
    return Failure(step=step, code="service_refused", message="403")


@pytest.fixture
def script() -> Script:
    """A rollback in which everything goes well."""
    result = Script()
    result.on("plan_response", planned("rollback", "notify"))
    result.on("roll_back", resulted("rollback"))
    result.on("retrain", resulted("retrain", "begun", identity="u1"))
    result.on("read_retraining", RetrainingState(run="lifecycle-m-u1", outcome="promoted", detail="it was promoted"))
    result.on("pause_compute", resulted("pause_compute", resume_at=now()))
    result.on("resume_compute", Done())
    result.on("tell_on_call", resulted("notify"))
    result.on("move_serving", MoveServingResult(moved=True, detail="endpoint revenue serves version 2"))
    result.on("settle_mitigation", Done())
    result.on("verify_recovery", Verification(recovered=True))
    result.on("undo_mitigations", UndoResult(undone=("rollback",), serve=BAD))
    return result


async def start(engine: VirtualEngine, *, again: bool = False) -> None:
    """Start a response."""
    order = ResponseInput(model="m", incident_id="i1", again=again)
    await engine.start_instance(RESPONSE, json.dumps(order.model_dump_json()), ID)


async def end(engine: VirtualEngine) -> dict[str, Any]:
    """Its output, when it has ended."""
    status = await engine.wait_for_completion(ID)
    found: dict[str, Any] = json.loads(status.output or "null")
    return found


@pytest.fixture
def run(engine: VirtualEngine) -> Run:
    """Run a response to its end and return its output."""

    async def whole(*, again: bool = False) -> dict[str, Any]:
        await start(engine, again=again)
        return await end(engine)

    return whole


def pages(script: Script) -> list[str]:
    """What a person was paged with."""
    return [message["reason"] for message in script.asked("tell_on_call") if message["mitigation"] == "page"]
