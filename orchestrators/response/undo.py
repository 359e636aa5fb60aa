"""Undo what was done about an incident, its serving endpoint included."""

from typing import Any

import azure.durable_functions as df

from activities.response.undo_mitigations import undo_mitigations
from nightshift.domain.response.messages import MoveServingRequest, MoveServingResult, UndoRequest, UndoResult
from orchestrators.champions.serving import poll_endpoint
from orchestrators.platform.calls import Orchestration, StepFailed, Steps, StepUnavailable


def undo(context: df.DurableOrchestrationContext) -> Steps[dict[str, Any]]:
    """Undo an incident's mitigations.

    1. ``undo_mitigations``: alias, quarantine, compute.
    2. ``move_serving`` until the endpoint serves the champion again.

    Raises:
        StepUnavailable: something does not answer; its order stands in the ledger, and the sweep goes on and pages.
    """
    request = UndoRequest.from_json(context.get_input())
    orchestration = Orchestration(context, request.patience)
    try:
        result = yield from orchestration.step(undo_mitigations, request)
    except StepUnavailable:
        raise
    except StepFailed as failed:
        return {**UndoResult().to_json(), "failure": failed.failure.to_json(), "served": None}
    served = None
    if result.serve is not None:
        move = MoveServingRequest(model=request.model, incident_id=request.incident_id, serve=result.serve)
        try:
            served = yield from poll_endpoint(orchestration, move)
        except StepUnavailable:
            raise
        except StepFailed as failed:
            served = MoveServingResult(failed=True, detail=failed.failure.message)
    return {**result.to_json(), "served": None if served is None else served.to_json()}
