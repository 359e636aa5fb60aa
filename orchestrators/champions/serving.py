"""How an orchestrator brings a serving endpoint to a version and waits until it serves it."""

from collections.abc import Callable, Generator
from typing import Any

import azure.durable_functions as df

from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import MOVE_SERVING
from nightshift.domain.response.messages import MoveServingRequest, Serve, ServeResult
from orchestrators.platform.waiting import pause
from orchestrators.response.response import SERVING_LOOKS, SERVING_PAUSE

Steps = Generator[Any, Any, Any]


def follow_alias(
    context: df.DurableOrchestrationContext, serve: Serve, subject: str, step: Callable[[str, Message], Steps]
) -> Generator[Any, Any, ServeResult]:
    """Look at the endpoint until it serves the version, has failed, or its time is over.

    Args:
        subject: id of what the endpoint is moved for, for the logs.
        step: how the orchestrator calls an activity; its result or a failure.
    """
    result = ServeResult()
    for looks in range(SERVING_LOOKS):
        request = MoveServingRequest(model=serve.model, incident_id=subject, serve=serve, looks=looks)
        result = ServeResult.from_json((yield from step(MOVE_SERVING, request)))
        if result.moved or result.failed or result.failure is not None:
            return result
        yield from pause(context, SERVING_PAUSE)
    return result.model_copy(update={"failed": True, "detail": f"{result.detail}, but does not get there"})
