"""Run a Databricks job to its end: start it, sleep until the next poll is due, try again if the platform failed."""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

from nightshift.domain.lifecycle.job import JobStatus
from nightshift.domain.lifecycle.run import PollRequest, StepResult, TriggerRequest
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import (
    CANCEL_DATABRICKS_JOB,
    POLL_JOB_STATUS,
    TRIGGER_DATABRICKS_JOB,
    job_finished,
)
from nightshift.domain.platform.spec import Polling
from nightshift.domain.platform.step import Failure, JobSettings, Patience
from orchestrators.platform.failures import reason_of
from orchestrators.platform.retries import steadily
from orchestrators.platform.waiting import pause, wait_until

OUTAGE = "service_unavailable"
# Seconds that one call of poll_job_status can take: Databricks has a budget of time per call
# (clients/platform/call_budget.py).
_LONGEST_POLL = 60.0


@dataclass(frozen=True)
class JobEnd:
    """How a job ended: the runs that were started, the seconds they took, and the failure if it did not succeed."""

    run_ids: tuple[int, ...]
    failure: Failure | None = None
    seconds: float = 0.0


def run_job(
    context: df.DurableOrchestrationContext,
    request: TriggerRequest,
    settings: JobSettings,
    patience: Patience,
    tell: Callable[[str], None],
    most_seconds: float = math.inf,
) -> Generator[Any, Any, JobEnd]:
    """Start a job run and wait for its end.

    1. Start it; the activity's token makes a repeat find the same run.
    2. Look at it; while it runs, sleep with exponential backoff up to a cap.
       An outage of Databricks does not end the wait; the time limit does, and then the job is canceled.
    3. If the platform failed (cluster start, spot loss), wait and start the next attempt. User code that fails is
       never run again, and its error text is kept.

    Args:
        most_seconds: of all attempts together; a job that still runs then is canceled, and there is no next attempt.
    """
    run_ids: list[int] = []
    failure: Failure | None = None
    seconds = 0.0
    for attempt in range(1, settings.max_attempts + 1):
        if seconds >= most_seconds:
            break
        if attempt > 1:
            yield from pause(context, timedelta(seconds=settings.retry_seconds * 2 ** (attempt - 2)))
        tell(TRIGGER_DATABRICKS_JOB)
        order = request.model_copy(update={"attempt": attempt})
        started = yield from _call(context, TRIGGER_DATABRICKS_JOB, order, patience)
        if started.failure is not None or started.run_id is None:
            return JobEnd(tuple(run_ids), started.failure, seconds)
        run_ids.append(started.run_id)
        tell(POLL_JOB_STATUS)
        polling = settings.polling
        polling = polling.model_copy(update={"timeout_seconds": min(polling.timeout_seconds, most_seconds - seconds)})
        ended, waited = yield from _wait(context, request, started.run_id, polling, patience)
        if ended.failure is not None or ended.status is None:
            # What was canceled or lost from sight has cost something too; its own figure is not known.
            seconds += waited
            return JobEnd(tuple(run_ids), ended.failure, seconds)
        seconds += ended.status.seconds
        if ended.status.state == "succeeded":
            return JobEnd(tuple(run_ids), seconds=seconds)
        failure = _failure(ended.status, attempt)
        if not ended.status.transient:
            break
    return JobEnd(tuple(run_ids), failure, seconds)


def _wait(
    context: df.DurableOrchestrationContext,
    request: TriggerRequest,
    run_id: int,
    polling: Polling,
    patience: Patience,
) -> Generator[Any, Any, tuple[StepResult, float]]:
    """Wait for the end of a job run; give the last poll and the seconds that the run has taken by then.

    That is Databricks' own figure. Where it is not known, each poll counts with the sleep before it, as long as this
    host's clock says, but no longer than it can have taken: a clock that jumps by an hour cancels no healthy job.
    """
    poll = PollRequest(model=request.model, run=request.run, run_id=run_id)
    elapsed, mark, sleep = 0.0, context.current_utc_datetime, 0.0
    interval = polling.first_seconds
    # Nobody raises it any more. A run that was woken so before a deployment has it in its history, and is replayed.
    call = context.wait_for_external_event(job_finished(run_id))
    called = False
    while True:
        looked = yield from _call(context, POLL_JOB_STATUS, poll, patience)
        unseen = looked.failure is not None and looked.failure.code == OUTAGE
        now = context.current_utc_datetime
        longest = sleep + (patience.attempts * (patience.seconds + _LONGEST_POLL) if unseen else _LONGEST_POLL)
        elapsed, mark = elapsed + min(max((now - mark).total_seconds(), 0.0), longest), now
        if looked.status is not None and looked.status.running_seconds is not None:
            elapsed = looked.status.running_seconds
        if not unseen and (looked.status is None or looked.status.finished):
            return looked, elapsed
        if elapsed >= polling.timeout_seconds:
            yield from _call(context, CANCEL_DATABRICKS_JOB, poll, patience)
            state = "out of sight" if looked.status is None else looked.status.state
            message = f"job run {run_id} is still {state} after {polling.timeout_seconds:.0f} s and was canceled"
            if looked.status is not None and looked.status.message:
                message = f"{message}: {looked.status.message}"
            failure = Failure(step=POLL_JOB_STATUS, code="job_overdue", message=message)
            return looked.model_copy(update={"failure": failure}), elapsed
        sleep = min(interval, polling.timeout_seconds - elapsed)
        due = context.current_utc_datetime + timedelta(seconds=sleep)
        # The call comes once. If the job does not show its end yet, the polls go on.
        if (yield from wait_until(context, due, None if called else call)):
            called = True
            continue
        interval = min(interval * polling.backoff, polling.max_seconds)


def _call(
    context: df.DurableOrchestrationContext, activity: str, message: Message, patience: Patience
) -> Generator[Any, Any, StepResult]:
    try:
        return StepResult.from_json((yield steadily(context, activity, message, patience)))
    except Exception as error:  # noqa: BLE001 - Durable raises the bare class when the retries are used up
        failure = Failure(step=activity, code=OUTAGE, message=reason_of(error))
        return StepResult(failure=failure)


def _failure(status: JobStatus, attempt: int) -> Failure:
    text = status.error or status.message or "no error text"
    once = "" if status.transient else "; it is not tried again, because the platform was not the cause"
    return Failure(
        step=POLL_JOB_STATUS,
        code=f"job_{status.state}",
        message=f"job run {status.run_id} ended {status.state} in attempt {attempt}{once}: {text}",
        fields={"run_id": status.run_id, "url": status.url, "attempt": attempt},
    )
