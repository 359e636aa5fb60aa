"""The table of orchestrators."""

import azure.durable_functions as df

from domain.names import LIFECYCLE, MODEL_QUEUE
from orchestrators.lifecycle import lifecycle
from orchestrators.model_queue import model_queue

ORCHESTRATORS = {MODEL_QUEUE: model_queue, LIFECYCLE: lifecycle}


def blueprint() -> df.Blueprint:
    """Register every orchestrator under its name."""
    result = df.Blueprint()
    for name, orchestrator in ORCHESTRATORS.items():
        result.orchestration_trigger(context_name="context", orchestration=name)(orchestrator)
    return result
