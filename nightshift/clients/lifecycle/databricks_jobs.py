"""Databricks Jobs through databricks-sdk."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.errors.platform import InvalidParameterValue, NotFound, ResourceDoesNotExist
from databricks.sdk.service.jobs import RunOutput

from nightshift.clients.lifecycle.databricks_run_state import message_of, read_run_state
from nightshift.clients.platform.call_budget import call_within
from nightshift.clients.platform.databricks_errors import translated
from nightshift.domain.lifecycle.job import FINISHED, OUTAGE_MARK, JobOrder, JobRun, JobState, JobStatus
from nightshift.domain.platform.errors import ServiceRefusedError

_ERROR_TEXT = 4_000
_PERMISSION = "give the app's service principal CAN_MANAGE_RUN on the job"
_GET_RUN = "/api/2.2/jobs/runs/get"


class DatabricksJobService:
    """Implements `JobService`.

    Args:
        output_seconds: how long ``status`` waits for the output of a failed task.
    """

    def __init__(self, workspace: WorkspaceClient, output_seconds: float = 9) -> None:
        self._workspace = workspace
        self._output_seconds = output_seconds

    def start(self, order: JobOrder) -> JobRun:
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
            run = self._run(started.run_id)
        return JobRun(run_id=started.run_id, url=run.get("run_page_url") or "")

    def status(self, run_id: int) -> JobStatus:
        """The state of a run, with the error text of the task that failed if the platform was not the cause.

        A job whose own code met an outage of MLflow or storage has not failed by its code: ``internal_error``.
        """
        with translated(_PERMISSION):
            run = self._run(run_id)
            read = read_run_state(run)
            error = self._error(read.culprit) if read.state == "failed" and read.culprit is not None else ""
        state: JobState = "internal_error" if OUTAGE_MARK in error else read.state
        return JobStatus(
            run_id=run_id,
            state=state,
            message=read.message,
            error=error,
            url=run.get("run_page_url") or "",
            seconds=_seconds(run),
            running_seconds=None if read.state in FINISHED else _running_seconds(run),
        )

    def cancel(self, run_id: int) -> None:
        with translated(_PERMISSION), _known(run_id):
            self._workspace.jobs.cancel_run(run_id)

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

    def _run(self, run_id: int) -> Mapping[str, Any]:
        with _known(run_id):
            answer = self._workspace.api_client.do("GET", _GET_RUN, query={"run_id": run_id}, response_headers=["date"])
        if not isinstance(answer, Mapping):
            raise ServiceRefusedError("Databricks", f"run {run_id}: the answer is no object", "see the workspace's log")
        return answer

    def _error(self, task: Mapping[str, Any]) -> str:
        text = unread = ""
        if task.get("run_id") is not None:
            try:
                output = call_within("Databricks", self._output_seconds, lambda: self._output(task))
                text = "\n".join(part for part in (output.error, output.error_trace) if part)
            except (ResourceDoesNotExist, NotFound, InvalidParameterValue):
                # A task that never ran has no output, and an old one is deleted; the state is known all the same.
                text = ""
            except (DatabricksError, ServiceRefusedError, OSError, ValueError) as error:
                # That the job's code failed is known, and must not be lost with the words for it.
                unread = f" (its output could not be read: {error.__cause__ or error})"
        reason = text or message_of(task) or "no error text"
        return f"task {task.get('task_key')}: {reason}{unread}"[:_ERROR_TEXT]

    def _output(self, task: Mapping[str, Any]) -> RunOutput:
        return self._workspace.jobs.get_run_output(int(task["run_id"]))


@contextmanager
def _known(run_id: int) -> Iterator[None]:
    try:
        yield
    except (ResourceDoesNotExist, NotFound, InvalidParameterValue) as error:
        hint = "it was deleted, or belongs to another workspace"
        raise ServiceRefusedError("Databricks", f"run {run_id}: {error}", hint) from error


def _running_seconds(run: Mapping[str, Any]) -> float | None:
    """Time since the start, from two times of the workspace: the run's start and the date of the answer."""
    try:
        now = parsedate_to_datetime(str(run.get("date"))).timestamp()
        return max(now - float(run["start_time"]) / 1000, 0.0) if run.get("start_time") else None
    except (TypeError, ValueError):
        return None


def _seconds(run: Mapping[str, Any]) -> float:
    if run.get("run_duration"):
        return float(run["run_duration"]) / 1000
    if run.get("start_time") and run.get("end_time"):
        return float(run["end_time"] - run["start_time"]) / 1000
    return 0.0
