"""The table of orchestrators."""

import azure.durable_functions as df

from nightshift.domain.platform.names import IMPROVEMENT, LIFECYCLE, MODEL_QUEUE, RESPONSE, REVIEW, UNDO
from orchestrators.improvement.improvement import improvement
from orchestrators.lifecycle.lifecycle import lifecycle
from orchestrators.response.response import response
from orchestrators.response.undo import undo
from orchestrators.reviews.review import review
from orchestrators.uploads.model_queue import model_queue

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
