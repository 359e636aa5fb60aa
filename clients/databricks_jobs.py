"""Databricks Jobs through databricks-sdk."""

from collections.abc import Iterator
from contextlib import contextmanager

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors.platform import InvalidParameterValue, NotFound, ResourceDoesNotExist
from databricks.sdk.service.jobs import Run, RunLifeCycleState, RunResultState

from clients.databricks_errors import translated
from domain.errors import ServiceRefusedError
from domain.job import JobOrder, JobRun, JobState, JobStatus

_ERROR_TEXT = 4_000
_PERMISSION = "give the app's service principal CAN_MANAGE_RUN on the job"

_RUNNING: dict[RunLifeCycleState, JobState] = {
    RunLifeCycleState.BLOCKED: "pending",
    RunLifeCycleState.PENDING: "pending",
    RunLifeCycleState.QUEUED: "pending",
    RunLifeCycleState.WAITING_FOR_RETRY: "pending",
    RunLifeCycleState.RUNNING: "running",
    RunLifeCycleState.TERMINATING: "running",
    RunLifeCycleState.SKIPPED: "skipped",
    RunLifeCycleState.INTERNAL_ERROR: "internal_error",
}
_ENDED: dict[RunResultState, JobState] = {
    RunResultState.SUCCESS: "succeeded",
    RunResultState.SUCCESS_WITH_FAILURES: "succeeded",
    RunResultState.FAILED: "failed",
    RunResultState.UPSTREAM_FAILED: "failed",
    RunResultState.TIMEDOUT: "timed_out",
    RunResultState.CANCELED: "canceled",
    RunResultState.UPSTREAM_CANCELED: "canceled",
    RunResultState.EXCLUDED: "skipped",
    RunResultState.DISABLED: "skipped",
    RunResultState.MAXIMUM_CONCURRENT_RUNS_REACHED: "skipped",
}


class DatabricksJobService:
    """Implements domain.ports.JobService."""

    def __init__(self, workspace: WorkspaceClient) -> None:
        self._workspace = workspace

    def start(self, order: JobOrder) -> JobRun:
        """Start a job run, once per token.

        Raises:
            ServiceRefusedError: no such job, a parameter that the job does not declare, or no permission.
        """
        job_id = self._find_job(order.job)
        with translated(_PERMISSION):
            try:
                started = self._workspace.jobs.run_now(
                    job_id,
                    idempotency_token=order.token,
                    job_parameters=order.parameters,
                    only=list(order.only) or None,
                )
            except (InvalidParameterValue, NotFound) as error:
                hint = "the job definition may be older than the app; deploy both together"
                raise ServiceRefusedError("Databricks", f"run of job {order.job!r}: {error}", hint) from error
            run = self._workspace.jobs.get_run(started.run_id)
        return JobRun(run_id=started.run_id, url=run.run_page_url or "")

    def status(self, run_id: int) -> JobStatus:
        """The state of a run, with the user code's error when it has failed."""
        with translated(_PERMISSION):
            run = self._run(run_id)
            state = _state(run)
            error = self._error(run) if state == "failed" else ""
        message = (run.state.state_message if run.state else None) or ""
        return JobStatus(
            run_id=run_id,
            state=state,
            message=message,
            error=error,
            url=run.run_page_url or "",
            seconds=_seconds(run),
        )

    def cancel(self, run_id: int) -> None:
        """Cancel a run; one that has ended stays as it ended."""
        with translated(_PERMISSION), _known(run_id):
            self._workspace.jobs.cancel_run(run_id)

    def lifecycle_run(self, run_id: int) -> str | None:
        """The lifecycle run that a job run belongs to, from its parameters."""
        with translated(_PERMISSION):
            run = self._run(run_id)
        values = {parameter.name: parameter.value for parameter in run.job_parameters or []}
        return values.get("lifecycle_run") or None

    def _find_job(self, name: str) -> int:
        with translated(_PERMISSION):
            found = [job.job_id for job in self._workspace.jobs.list(name=name) if job.job_id is not None]
        if not found:
            hint = "deploy the job definitions, or correct job.name in the model spec"
            raise ServiceRefusedError("Databricks", f"job = {name!r}: there is no job with this name", hint)
        if len(found) > 1:
            hint = "job names must be unique in the workspace; delete the copies"
            raise ServiceRefusedError("Databricks", f"job = {name!r}: {len(found)} jobs have this name", hint)
        return found[0]

    def _run(self, run_id: int) -> Run:
        with _known(run_id):
            return self._workspace.jobs.get_run(run_id)

    def _error(self, run: Run) -> str:
        for task in run.tasks or []:
            result = task.state.result_state if task.state else None
            if task.run_id is not None and result == RunResultState.FAILED:
                output = self._workspace.jobs.get_run_output(task.run_id)
                text = "\n".join(part for part in (output.error, output.error_trace) if part)
                return f"task {task.task_key}: {text or 'no error text'}"[:_ERROR_TEXT]
        return ""


@contextmanager
def _known(run_id: int) -> Iterator[None]:
    try:
        yield
    except (ResourceDoesNotExist, NotFound, InvalidParameterValue) as error:
        hint = "it was deleted, or belongs to another workspace"
        raise ServiceRefusedError("Databricks", f"run {run_id}: {error}", hint) from error


def _state(run: Run) -> JobState:
    if run.state is None or run.state.life_cycle_state is None:
        return "pending"
    if run.state.life_cycle_state != RunLifeCycleState.TERMINATED:
        return _RUNNING[run.state.life_cycle_state]
    if run.state.result_state is None:
        return "internal_error"
    return _ENDED[run.state.result_state]


def _seconds(run: Run) -> float:
    if run.run_duration:
        return run.run_duration / 1000
    if run.start_time and run.end_time:
        return (run.end_time - run.start_time) / 1000
    return 0.0
