"""The table of orchestrators."""

from collections.abc import Callable
from typing import Any

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

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


def blueprint(wrap: Wrap = lambda handle: handle) -> df.Blueprint:
    """Register every orchestrator under its name.

    The decorator ``orchestration_trigger`` takes the generator and would leave nothing to wrap. So the binding is the
    generic one, which says the same, and the handle is made as that decorator makes it.

    Args:
        wrap: what is put around the handle of every orchestrator, which is called once for each turn.
    """
    result = df.Blueprint()
    for name, orchestrator in ORCHESTRATORS.items():
        handle = wrap(df.Orchestrator.create(orchestrator))
        handle.__name__ = orchestrator.__name__
        result.generic_trigger(arg_name="context", type="orchestrationTrigger", orchestration=name)(handle)
    return result
