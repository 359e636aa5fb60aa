"""Cancel a Databricks job run that has had its time, so that it does not train beside the next one."""

from activities.failures import guarded
from domain.names import CANCEL_DATABRICKS_JOB
from domain.ports import Services
from domain.run import PollRequest, StepResult


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
