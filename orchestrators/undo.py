"""Undo what was done about an incident, its serving endpoint included."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from domain.names import MOVE_SERVING, UNDO_MITIGATIONS
from domain.response import MoveServingRequest, ServeResult, UndoRequest, UndoResult
from orchestrators.response import SERVING_LOOKS, SERVING_PAUSE
from orchestrators.retries import steadily
from orchestrators.versions import tell_step
from orchestrators.waiting import pause

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
