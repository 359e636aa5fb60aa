"""Order an improvement of a model because a person asks for one: a lifecycle that goes on into the improvement loop."""

import asyncio
import logging

import azure.durable_functions as df

from nightshift.domain.improvement.messages import ImproveOrder, ImproveOrdered
from nightshift.domain.ledger.bodies import ImprovementOrder, expect_body, record
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.identity import RUN_PREFIX, short
from nightshift.domain.platform.ports import Services
from nightshift.services.improvement.require_bounds import require_bounds
from nightshift.services.lifecycle.run_files import RunFiles
from nightshift.services.platform.activity import starting_activity
from nightshift.services.uploads.archive import is_kept, upload_from_archive
from nightshift.services.uploads.wake_queue import wake_busy_queue

logger = logging.getLogger(__name__)


@starting_activity("order_improvement")
async def order_improvement(
    services: Services, client: df.DurableOrchestrationClient, order: ImproveOrder
) -> ImproveOrdered:
    """Put the data of a decided run into the model's queue once more, marked for the improvement loop.

    1. Append the order to the ledger, once per improved run; a repeat finds the first one.
    2. Submit the files as one batch. The model's other runs go on, and this one waits for its turn.
    """
    result = await asyncio.to_thread(_order, services, order)
    await wake_busy_queue(client, services, order.model)
    return result


def _order(services: Services, order: ImproveOrder) -> ImproveOrdered:
    spec = services.specs.get(order.model)
    run = _decided_run(services, order)
    key = f"improve:{run}"
    known = services.ledger.find(order.model, key)
    if known is None:
        require_bounds(spec)
    entry = known or services.ledger.append(
        record(
            _body(services, order, run),
            key=key,
            model=order.model,
            run=run,
            subject=f"model {order.model}",
            actor=order.by,
        )
    )
    ordered = expect_body(entry, ImprovementOrder)
    services.uploads.submit(ordered.uploads[0], order.model, with_=ordered.uploads[1:])
    logger.info("improvement_ordered model=%s run=%s by=%s repeated=%s", order.model, run, order.by, bool(known))
    return ImproveOrdered(
        identity=ordered.uploads[0].identity,
        improves=run,
        files=ordered.files,
        repeated=known is not None and (entry.actor, ordered.reason) != (order.by, order.reason),
    )


def _decided_run(services: Services, order: ImproveOrder) -> str:
    outcomes = services.ledger.newest_of(order.model, "outcome")
    newest = next((entry.run for entry in outcomes if entry.run.startswith(RUN_PREFIX)), None)
    if newest is None:
        raise BadInputError(field="model", value=order.model, rule="has no run that was decided: upload data first")
    if not order.run:
        return newest
    of_run = services.ledger.entries(order.model, order.run) if order.run.startswith(RUN_PREFIX) else ()
    if not any(entry.kind == "outcome" for entry in of_run):
        raise BadInputError(field="run", value=order.run, rule=f"is no run of {order.model} that was decided")
    return order.run


def _body(services: Services, order: ImproveOrder, run: str) -> ImprovementOrder:
    """What is ordered: the accepted files of the run, as they were.

    Raises:
        BadInputError: its data is not kept.
    """
    parts = RunFiles(services.blobs, run).accepted()
    gone = [part.upload.name for part in parts if not is_kept(services, order.model, part.digest or "", part.upload)]
    if gone:
        raise BadInputError(field="run", value=run, rule=f"its data is not kept: {', '.join(gone)}; upload it again")
    because = f"improve-{short(run)}"
    return ImprovementOrder(
        reason=order.reason,
        improves=run,
        files=tuple(part.upload.name for part in parts),
        uploads=tuple(
            upload_from_archive(services, order.model, part.digest or "", part.upload, because=because, improve=True)
            for part in parts
        ),
    )
