"""Look at a Databricks job run."""

from nightshift.domain.lifecycle.run import PollRequest, StepResult
from nightshift.domain.platform.names import POLL_JOB_STATUS
from nightshift.domain.platform.ports import Services
from nightshift.services.platform.failures import guarded


def run_poll_job_status(services: Services, request: PollRequest) -> StepResult:
    """Read the state of a job run; the user code's error text comes with it."""
    return guarded(
        POLL_JOB_STATUS,
        request.run,
        request.model,
        lambda: StepResult(run_id=request.run_id, status=services.jobs.status(request.run_id)),
        lambda failure: StepResult(run_id=request.run_id, failure=failure),
    )
