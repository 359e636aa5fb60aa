"""One lifecycle per model at a time: a queue instance runs a model's batches of uploads one after the other."""

from typing import Any

import azure.durable_functions as df

from activities.lifecycle.send_alert import send_alert
from activities.uploads.claim_uploads import claim_uploads
from nightshift.domain.lifecycle.run import (
    AlertRequest,
    ClaimRequest,
    HaltRecord,
    LifecycleInput,
    QueueInput,
    broke_off,
)
from nightshift.domain.platform.names import LIFECYCLE
from orchestrators.platform.calls import Steps, call
from orchestrators.platform.failures import reason_of
from orchestrators.platform.versions import set_step


def model_queue(context: df.DurableOrchestrationContext) -> Steps[dict[str, Any] | None]:
    """Run a model's uploads, one batch at a time, until none is waiting.

    1. Claim the waiting uploads as one batch. Uploads that come later wait for the next round.
    2. If there are none the queue is idle now, and the next upload starts a new instance.
    3. Run the lifecycle of the batch, under the run id that the claim gave it.
       A run that breaks off without reporting it is written to the ledger, and on-call is notified.
    4. Start again as new, so that the history stays short.
    """
    queue = QueueInput.from_json(context.get_input())
    set_step(context, claim_uploads.name)
    claim = ClaimRequest(model=queue.model, generation=queue.generation, claim=queue.claim)
    batch = yield from call(context, claim_uploads, claim)
    if not batch.uploads:
        return {"model": queue.model, "batches": queue.claim}
    lifecycle = LifecycleInput(
        model=queue.model,
        run=batch.run,
        uploads=batch.uploads,
        patience=batch.patience,
        trace=batch.uploads[0].trace,
    )
    set_step(context, LIFECYCLE)
    try:
        yield context.call_sub_orchestrator(LIFECYCLE, lifecycle.to_json(), instance_id=batch.run)
    except Exception as error:  # noqa: BLE001 - Durable raises the bare class; the next batch must not wait for this one
        alert = AlertRequest(
            key=f"{batch.run}:ended",
            model=queue.model,
            run=batch.run,
            rule="run_broke_off",
            severity="critical",
            title=f"Run of {queue.model} broke off",
            detail=reason_of(error),
            at=context.current_utc_datetime,
            halt=HaltRecord(model=queue.model, run=batch.run, outcome="failed", failure=broke_off(reason_of(error))),
        )
        yield from call(context, send_alert, alert)
    context.continue_as_new(queue.model_copy(update={"claim": queue.claim + 1, "trace": ""}).to_json())
    return None
