"""The table of orchestrators."""

import azure.durable_functions as df

from domain.names import IMPROVEMENT, LIFECYCLE, MODEL_QUEUE, RESPONSE, REVIEW, UNDO
from orchestrators.improvement import improvement
from orchestrators.lifecycle import lifecycle
from orchestrators.model_queue import model_queue
from orchestrators.response import response
from orchestrators.review import review
from orchestrators.undo import undo

ORCHESTRATORS = {
    MODEL_QUEUE: model_queue,
    LIFECYCLE: lifecycle,
    IMPROVEMENT: improvement,
    RESPONSE: response,
    REVIEW: review,
    UNDO: undo,
}


def blueprint() -> df.Blueprint:
    """Register every orchestrator under its name."""
    result = df.Blueprint()
    for name, orchestrator in ORCHESTRATORS.items():
        result.orchestration_trigger(context_name="context", orchestration=name)(orchestrator)
    return result
