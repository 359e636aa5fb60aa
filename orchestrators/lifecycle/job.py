"""Run a Databricks job to its end: start it, sleep until the next poll is due, try again if the platform failed."""

import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import azure.durable_functions as df

from activities.lifecycle.databricks_job import cancel_databricks_job, poll_job_status, trigger_databricks_job
from nightshift.domain.lifecycle.job import JobStatus
from nightshift.domain.lifecycle.run import PollRequest, TriggerRequest
from nightshift.domain.platform.names import job_finished
from nightshift.domain.platform.spec import Polling
from nightshift.domain.platform.step import Failure, JobSettings
from orchestrators.platform.calls import Orchestration, StepFailed, Steps, StepUnavailable, call
from orchestrators.platform.waiting import pause, wait_until

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
    orchestration: Orchestration, request: TriggerRequest, settings: JobSettings, most_seconds: float = math.inf
) -> Steps[JobEnd]:
    """Start a job run and wait for its end.

    1. Start it; the activity's token makes a repeat find the same run.
    2. Poll it; while it runs, sleep with exponential backoff up to a cap.
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
            yield from pause(orchestration.context, timedelta(seconds=settings.retry_seconds * 2 ** (attempt - 2)))
        try:
            started = yield from orchestration.step(
                trigger_databricks_job, request.model_copy(update={"attempt": attempt})
            )
        except StepFailed as failed:
            return JobEnd(tuple(run_ids), failed.failure, seconds)
        run_ids.append(started.run_id)
        orchestration.set_status(poll_job_status.name)
        polling = settings.polling
        polling = polling.model_copy(update={"timeout_seconds": min(polling.timeout_seconds, most_seconds - seconds)})
        status, lost, waited = yield from _wait(orchestration, request, started.run_id, polling)
        if status is None:
            # What was canceled or lost from sight has cost something too; its own figure is not known.
            return JobEnd(tuple(run_ids), lost, seconds + waited)
        seconds += status.seconds
        if status.state == "succeeded":
            return JobEnd(tuple(run_ids), seconds=seconds)
        failure = _failure(status, attempt)
        if not status.transient:
            break
    return JobEnd(tuple(run_ids), failure, seconds)


def _wait(
    orchestration: Orchestration, request: TriggerRequest, run_id: int, polling: Polling
) -> Steps[tuple[JobStatus | None, Failure | None, float]]:
    """Wait for the end of a job run; give its status or why there is none, and the seconds that the run has taken.

    The seconds are Databricks' own figure. Where it is not known, each poll counts with the sleep before it, as long as
    this host's clock says, but no longer than it can have taken: a clock that jumps by an hour cancels no healthy job.
    """
    context, retry = orchestration.context, orchestration.retry
    poll = PollRequest(model=request.model, run=request.run, run_id=run_id)
    elapsed, mark, sleep = 0.0, context.current_utc_datetime, 0.0
    interval = polling.first_seconds
    # Nobody raises it any more. A run that was woken so before a deployment has it in its history, and is replayed.
    woken_by = context.wait_for_external_event(job_finished(run_id))
    woken = False
    while True:
        status: JobStatus | None = None
        try:
            status = (yield from call(context, poll_job_status, poll, retry)).status
            longest = sleep + _LONGEST_POLL
        except StepUnavailable:
            # An outage of Databricks: the job goes on, and so does the wait.
            longest = sleep + retry.attempts * (retry.seconds + _LONGEST_POLL)
        except StepFailed as failed:
            return None, failed.failure, elapsed + _since(mark, context, sleep + _LONGEST_POLL)
        elapsed, mark = elapsed + _since(mark, context, longest), context.current_utc_datetime
        if status is not None and status.running_seconds is not None:
            elapsed = status.running_seconds
        if status is not None and status.finished:
            return status, None, elapsed
        if elapsed >= polling.timeout_seconds:
            return None, (yield from _cancel(orchestration, poll, polling, status)), elapsed
        sleep = min(interval, polling.timeout_seconds - elapsed)
        due = context.current_utc_datetime + timedelta(seconds=sleep)
        # The event comes once. If the job does not show its end yet, the polls go on.
        if (yield from wait_until(context, due, None if woken else woken_by)):
            woken = True
            continue
        interval = min(interval * polling.backoff, polling.max_seconds)


def _since(mark: datetime, context: df.DurableOrchestrationContext, longest: float) -> float:
    """Seconds since then by this host's clock, between zero and what it can have been."""
    now: datetime = context.current_utc_datetime
    return min(max((now - mark).total_seconds(), 0.0), longest)


def _cancel(
    orchestration: Orchestration, poll: PollRequest, polling: Polling, status: JobStatus | None
) -> Steps[Failure]:
    """Cancel a job run whose time is over; one that cannot be canceled is left to Databricks' own limit."""
    with suppress(StepFailed):  # the activity has logged the reason, and the run fails either way
        yield from call(orchestration.context, cancel_databricks_job, poll, orchestration.retry)
    state = "out of sight" if status is None else status.state
    message = f"job run {poll.run_id} is still {state} after {polling.timeout_seconds:.0f} s and was canceled"
    if status is not None and status.message:
        message = f"{message}: {status.message}"
    return Failure(step=poll_job_status.name, code="job_overdue", message=message)


def _failure(status: JobStatus, attempt: int) -> Failure:
    text = status.error or status.message or "no error text"
    once = "" if status.transient else "; it is not tried again, because the platform was not the cause"
    return Failure(
        step=poll_job_status.name,
        code=f"job_{status.state}",
        message=f"job run {status.run_id} ended {status.state} in attempt {attempt}{once}: {text}",
        fields={"run_id": status.run_id, "url": status.url, "attempt": attempt},
    )
