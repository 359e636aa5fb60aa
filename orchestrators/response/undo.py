"""Undo what was done about an incident, its serving endpoint included."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from nightshift.domain.platform.names import MOVE_SERVING, UNDO_MITIGATIONS
from nightshift.domain.response.messages import MoveServingRequest, ServeResult, UndoRequest, UndoResult
from orchestrators.platform.retries import steadily
from orchestrators.platform.versions import tell_step
from orchestrators.platform.waiting import pause
from orchestrators.response.response import SERVING_LOOKS, SERVING_PAUSE

Steps = Generator[Any, Any, Any]


def undo(context: df.DurableOrchestrationContext) -> Steps:
    """Undo an incident's mitigations.

    1. ``undo_mitigations``: alias, quarantine, compute.
    2. ``move_serving`` until the endpoint serves the champion again.
    """
    request = UndoRequest.from_json(context.get_input())
    tell_step(context, UNDO_MITIGATIONS)
    result = UndoResult.from_json((yield steadily(context, UNDO_MITIGATIONS, request, request.patience)))
    served = None
    if result.serve is not None:
        tell_step(context, MOVE_SERVING)
        for looks in range(SERVING_LOOKS):
            look = MoveServingRequest(
                model=request.model, incident_id=request.incident_id, serve=result.serve, looks=looks
            )
            served = ServeResult.from_json((yield steadily(context, MOVE_SERVING, look, request.patience)))
            if served.moved or served.failed or served.failure is not None:
                break
            yield from pause(context, SERVING_PAUSE)
    return {**result.to_json(), "served": None if served is None else served.to_json()}
