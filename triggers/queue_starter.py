"""Keep the queue instance of a model running while the queue is busy."""

import asyncio
import logging

import azure.durable_functions as df

from domain.identity import slug
from domain.names import MODEL_QUEUE
from domain.ports import Services, Submission
from domain.run import QueueInput

logger = logging.getLogger(__name__)

_ENDED = frozenset(
    {
        df.OrchestrationRuntimeStatus.Completed,
        df.OrchestrationRuntimeStatus.Failed,
        df.OrchestrationRuntimeStatus.Terminated,
        df.OrchestrationRuntimeStatus.Canceled,
    }
)


def queue_instance(model: str, generation: int) -> str:
    """Instance id of one generation of a model's queue."""
    return f"queue-{slug(model)}-{generation}"


async def wake_queue(
    client: df.DurableOrchestrationClient, services: Services, model: str, submission: Submission
) -> None:
    """Start the generation that must take the upload, unless it runs; a generation that died gets a successor.

    Safe to call at any time and from several places at once: a generation is one instance id, and one that has ended
    its work claims nothing any more.
    """
    instance = queue_instance(model, submission.generation)
    status = await client.get_status(instance)
    if status is not None and status.runtime_status in _ENDED:
        submission = await asyncio.to_thread(services.uploads.take_over, model, submission.generation)
        if not submission.accepted:
            return
        logger.warning("queue_taken_over model=%s generation=%s", model, submission.generation)
        instance = queue_instance(model, submission.generation)
    elif status is not None and status.runtime_status is not None:
        return
    order = QueueInput(model=model, generation=submission.generation)
    await client.start_new(MODEL_QUEUE, instance, order.to_json())
    logger.info("queue_started model=%s generation=%s", model, submission.generation)
