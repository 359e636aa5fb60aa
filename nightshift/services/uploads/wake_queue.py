"""Keep the queue instance of a model running while the queue is busy."""

import asyncio
import logging

import azure.durable_functions as df

from nightshift.domain.lifecycle.run import AlertRequest, HaltRecord, QueueInput, broke_off
from nightshift.domain.platform.correlation import current
from nightshift.domain.platform.errors import LedgerBrokenError
from nightshift.domain.platform.identity import instance_id
from nightshift.domain.platform.names import MODEL_QUEUE
from nightshift.domain.platform.ports import Services
from nightshift.domain.uploads.upload_queue import Submission
from nightshift.services.platform.instances import BROKEN_OFF, ENDED
from nightshift.services.response.raise_alert import raise_alert

logger = logging.getLogger(__name__)


def queue_instance(model: str, generation: int) -> str:
    """Instance id of one generation of a model's queue."""
    return instance_id("queue", model, str(generation))


async def wake_queue(
    client: df.DurableOrchestrationClient, services: Services, model: str, submission: Submission
) -> bool:
    """Start the generation that must take the upload, unless it runs; a generation that died gets a successor.

    Returns whether it was started.

    Safe to call at any time and from several places at once: a generation is one instance id, and one that has ended
    its work claims nothing any more.
    """
    instance = queue_instance(model, submission.generation)
    status = await client.get_status(instance)
    if status is not None and status.runtime_status in ENDED:
        successor = await _take_over(client, services, model, submission.generation)
        if successor is None:
            return False
        submission, instance = successor, queue_instance(model, successor.generation)
    elif status is not None and status.runtime_status is not None:
        return False
    order = QueueInput(model=model, generation=submission.generation, trace=current().traceparent)
    await client.start_new(MODEL_QUEUE, instance, order.to_json())
    logger.info("queue_started model=%s generation=%s", model, submission.generation)
    return True


async def wake_busy_queue(client: df.DurableOrchestrationClient, services: Services, model: str) -> None:
    """Start what a model's queue needs; nothing if it has no work."""
    queue = await asyncio.to_thread(services.uploads.state, model)
    if queue is not None and queue.busy:
        await wake_queue(client, services, model, Submission(generation=queue.generation, accepted=False))


def _report_broken_run(services: Services, model: str, run: str, why: str) -> None:
    """Notify on-call that a run broke off, and write it to the ledger.

    Its uploads are claimed, and nothing else says what became of them. It comes before the successor: if Service Bus or
    storage does not answer, the next sweep comes here again.
    """
    alert = AlertRequest(
        key=f"{run}:ended",
        model=model,
        run=run,
        rule="run_broke_off",
        severity="critical",
        title=f"Run of {model} broke off",
        detail=why[:4_000],
        at=services.clock(),
        halt=HaltRecord(model=model, run=run, outcome="failed", failure=broke_off(why)),
    )
    try:
        raise_alert(services, alert)
    except LedgerBrokenError:
        # The successor must not wait for a ledger that only a person can repair; that person finds this run in the log.
        logger.exception("halt_not_recorded model=%s run=%s", model, run)


async def _take_over(
    client: df.DurableOrchestrationClient, services: Services, model: str, generation: int
) -> Submission | None:
    """Give a queue whose instance has ended while busy a successor; None if there is nothing to do, or not yet.

    A run that goes on without its queue is waited for, because two must not train at once: the timer checks again.
    On-call is notified first: once a successor is recorded, nothing checks the generation before it any more.
    """
    queue = await asyncio.to_thread(services.uploads.state, model)
    if queue is None or not queue.busy or queue.generation != generation:
        return None
    begun = await asyncio.to_thread(services.uploads.begun_run, model)
    status = None if begun is None else await client.get_status(begun)
    state = None if status is None else status.runtime_status
    if state is not None and state not in ENDED:
        logger.warning("queue_waits_for_its_run model=%s generation=%s run=%s", model, generation, begun)
        return None
    if begun is not None and status is not None and state is not None and state in BROKEN_OFF:
        await asyncio.to_thread(_report_broken_run, services, model, begun, str(status.output or state.name.lower()))
    alert = AlertRequest(
        key=f"{queue_instance(model, generation)}:gone",
        model=model,
        run=begun or "",
        rule="queue_gone",
        severity="warning",
        title=f"The queue of {model} had ended before its work; it is started again",
        detail=f"generation {generation}; its last run was {begun or 'none'}",
        at=services.clock(),
    )
    await asyncio.to_thread(raise_alert, services, alert)
    successor = await asyncio.to_thread(
        lambda: services.uploads.take_over(model, generation, begun_has_ended=state is not None)
    )
    if not successor.accepted:
        return None
    logger.warning("queue_taken_over model=%s generation=%s", model, successor.generation)
    return successor
