"""Cancel a Databricks job run that has had its time, so that it does not train beside the next one."""

from nightshift.domain.lifecycle.run import PollRequest, StepResult
from nightshift.domain.platform.names import CANCEL_DATABRICKS_JOB
from nightshift.domain.platform.ports import Services
from nightshift.services.platform.failures import guarded


def run_cancel_databricks_job(services: Services, request: PollRequest) -> StepResult:
    """Cancel the run; one that has ended meanwhile stays as it ended."""

    def cancel() -> StepResult:
        services.jobs.cancel(request.run_id)
        return StepResult(run_id=request.run_id)

    return guarded(
        CANCEL_DATABRICKS_JOB,
        request.run,
        request.model,
        cancel,
        lambda failure: StepResult(run_id=request.run_id, failure=failure),
    )
