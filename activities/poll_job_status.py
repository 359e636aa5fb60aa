"""Look at a Databricks job run."""

from activities.failures import guarded
from domain.names import POLL_JOB_STATUS
from domain.ports import Services
from domain.run import PollRequest, StepResult


def run_poll_job_status(services: Services, request: PollRequest) -> StepResult:
    """Read the state of a job run; the user code's error text comes with it."""
    return guarded(
        POLL_JOB_STATUS,
        request.run,
        request.model,
        lambda: StepResult(run_id=request.run_id, status=services.jobs.status(request.run_id)),
        lambda failure: StepResult(run_id=request.run_id, failure=failure),
    )
