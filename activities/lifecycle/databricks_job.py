"""Databricks job runs: start one once per attempt, poll it, cancel it."""

from agents.improvement.executor import order_of
from nightshift.domain.improvement.plan import LARGEST_INLINE_ORDER, Plan
from nightshift.domain.lifecycle.job import JobOrder, JobRun
from nightshift.domain.lifecycle.run import JobPolled, PollRequest, TriggerRequest
from nightshift.domain.platform.identity import idempotency_token
from nightshift.domain.platform.names import SCORE_TASK
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.step import Done
from nightshift.services.champions.standing import standing_champion
from nightshift.services.lifecycle.run_files import RunFiles, manifest_at
from nightshift.services.platform.activity import activity


@activity("trigger_databricks_job")
def trigger_databricks_job(services: Services, request: TriggerRequest) -> JobRun:
    """Start a job run with an idempotency token derived from run, purpose, round, dataset and attempt.

    A lost response, a replay or a retry sends the same token and gets the same job run back.
    """
    order = JobOrder(
        run=request.run,
        model=request.model,
        job=request.job,
        token=idempotency_token(
            request.run, f"{request.purpose}:{request.round}:{request.dataset.name}", request.attempt
        ),
        parameters=_parameters(services, request),
        only=(SCORE_TASK,) if request.purpose == "score" else (),
    )
    return services.jobs.start(order)


@activity("poll_job_status")
def poll_job_status(services: Services, request: PollRequest) -> JobPolled:
    """Read the state of a job run; the user code's error text comes with it."""
    return JobPolled(status=services.jobs.status(request.run_id))


@activity("cancel_databricks_job")
def cancel_databricks_job(services: Services, request: PollRequest) -> Done:
    """Cancel a job run that has had its time, so that it does not train beside the next one.

    A run that has ended meanwhile stays as it ended.
    """
    services.jobs.cancel(request.run_id)
    return Done()


def _parameters(services: Services, request: TriggerRequest) -> dict[str, str]:
    dataset = services.blobs.url(request.dataset)
    if request.purpose == "validate":
        assert request.report is not None, "an order of the validation job names the blob of its report"
        return {"order": dataset, "report": services.blobs.url(request.report), "lifecycle_run": request.run}
    plan = {} if request.plan is None else {"plan": _plan(services, request, request.plan)}
    return {
        **plan,
        "model": request.model,
        "dataset": dataset,
        "train_token": request.train_token,
        "score_token": request.score_token,
        "champion_version": standing_champion(services, request.model) or "",
        "lifecycle_run": request.run,
    }


def _plan(services: Services, request: TriggerRequest, plan: Plan) -> str:
    """The order as the job's parameter: itself, or where it lies if it is too long for one."""
    manifest = manifest_at(services.blobs, request.dataset)
    order = order_of(plan, manifest.spec.improvement.bounds)
    text = order.model_dump_json()
    if len(text) <= LARGEST_INLINE_ORDER:
        return text
    return services.blobs.url(RunFiles(services.blobs, request.run).write_plan(request.round, order))
