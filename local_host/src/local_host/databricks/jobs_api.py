"""The Jobs API: jobs come from the definition files, runs are executed here."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local_host.databricks.api_error import InvalidParameterError
from local_host.databricks.request_parsing import read_body, read_flag, read_integer, read_optional_integer
from local_host.databricks.run_logs import read_logs
from local_host.databricks.run_requests import CancelRun, RunNow, SubmitRun
from local_host.databricks.run_responses import job_json, run_json, task_run_as_run_json
from local_host.databricks.runs import Run, TaskRun
from local_host.databricks.task_process import read_outcome
from local_host.databricks.workspace import Workspace

_LOG_BYTES = 5 * 1024 * 1024
_RUN_TYPES = {"JOB_RUN", "SUBMIT_RUN", "WORKFLOW_RUN"}


class JobsApi:
    """Endpoints under ``/api/2.1/jobs`` and ``/api/2.2/jobs``."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def routes(self) -> list[Route]:
        """Routes relative to ``/jobs``."""
        return [
            Route("/list", self.list_jobs),
            Route("/get", self.get_job),
            Route("/run-now", self.run_now, methods=["POST"]),
            Route("/runs/submit", self.submit, methods=["POST"]),
            Route("/runs/cancel", self.cancel, methods=["POST"]),
            Route("/runs/get", self.get_run),
            Route("/runs/get-output", self.get_output),
            Route("/runs/list", self.list_runs),
        ]

    async def list_jobs(self, request: Request) -> JSONResponse:
        """Jobs by name; ``page_token`` is the number of the first one."""
        limit = read_optional_integer(request, "limit", least=1, most=100) or 20
        offset = read_optional_integer(request, "page_token") or read_optional_integer(request, "offset") or 0
        details = read_flag(request, "expand_tasks")
        name = request.query_params.get("name")
        jobs = sorted(self._workspace.jobs.items(), key=lambda job: job[1].name)
        found = [job for job in jobs if name is None or job[1].name.lower() == name.lower()]
        shown = [job_json(job_id, settings, details=details) for job_id, settings in found[offset : offset + limit]]
        answer: dict[str, Any] = {"jobs": shown, "has_more": len(found) > offset + limit}
        if answer["has_more"]:
            answer["next_page_token"] = str(offset + limit)
        return JSONResponse(answer)

    async def get_job(self, request: Request) -> JSONResponse:
        """One job."""
        job_id = read_integer(request, "job_id")
        settings = self._workspace.jobs.get(job_id)
        if settings is None:
            raise InvalidParameterError(f"Job {job_id} does not exist.")
        return JSONResponse(job_json(job_id, settings, details=True))

    async def run_now(self, request: Request) -> JSONResponse:
        """Start a run of a job, once per idempotency token."""
        body = await read_body(request, RunNow)
        run = self._workspace.executor.submit(body.order(self._workspace.jobs), body.idempotency_token)
        return JSONResponse({"run_id": run.run_id, "number_in_job": run.run_id})

    async def submit(self, request: Request) -> JSONResponse:
        """Start a run without a job, once per idempotency token."""
        body = await read_body(request, SubmitRun)
        order = body.order()
        for task in order.settings.tasks:
            cluster_id = task.existing_cluster_id
            if cluster_id is not None and self._workspace.clusters.get(cluster_id) is None:
                raise InvalidParameterError(
                    f"tasks.{task.task_key}.existing_cluster_id: Cluster {cluster_id} does not exist"
                )
        run = self._workspace.executor.submit(order, body.idempotency_token)
        return JSONResponse({"run_id": run.run_id})

    async def cancel(self, request: Request) -> JSONResponse:
        """Cancel a job run; it stops soon after the answer. One that has ended stays as it is."""
        body = await read_body(request, CancelRun)
        run, task_run = self._find(body.run_id)
        if task_run is not None:
            raise InvalidParameterError(
                f"run_id: {body.run_id} is a task run; this host cancels only job runs, this one's is {run.run_id}"
            )
        self._workspace.executor.cancel(run)
        return JSONResponse({})

    async def get_run(self, request: Request) -> JSONResponse:
        """A job run with all attempts at its tasks, or one task run."""
        run, task_run = self._find(read_integer(request, "run_id"))
        return JSONResponse(self._run_json(request, run, task_run))

    async def get_output(self, request: Request) -> JSONResponse:
        """Output of one task run: logs (last 5 MB), and the error of one that failed."""
        run, task_run = self._find(read_integer(request, "run_id"))
        if task_run is None:
            raise InvalidParameterError(
                "Retrieving the output of runs with multiple tasks is not supported."
                " Please retrieve the output of each individual task run instead."
            )
        folder = self._workspace.execution.folder_of(task_run.run_id)
        logs, truncated = read_logs(folder, _LOG_BYTES)
        answer: dict[str, Any] = {
            "metadata": self._run_json(request, run, task_run),
            "logs": logs,
            "logs_truncated": truncated,
        }
        outcome = read_outcome(folder)
        if task_run.ending is not None and not task_run.ending.successful:
            told = outcome is not None and outcome.error is not None
            answer["error"] = outcome.error if outcome and told else task_run.ending.message
            if outcome is not None and outcome.error_trace is not None:
                answer["error_trace"] = outcome.error_trace
        return JSONResponse(answer)

    async def list_runs(self, request: Request) -> JSONResponse:
        """Runs, newest first; ``page_token`` is the sequence number of the page before's last."""
        limit = read_optional_integer(request, "limit", most=25)
        limit = 20 if limit is None else limit or 25
        active, completed = read_flag(request, "active_only"), read_flag(request, "completed_only")
        if active and completed:
            raise InvalidParameterError("active_only and completed_only cannot both be true")
        run_type = request.query_params.get("run_type")
        if run_type is not None and run_type not in _RUN_TYPES:
            raise InvalidParameterError(f"run_type: {run_type!r} is none of {', '.join(sorted(_RUN_TYPES))}")
        conditions: list[tuple[str, object]] = [
            (condition, value)
            for condition, value in (
                ("job_id = ?", read_optional_integer(request, "job_id")),
                ("sequence < ?", read_optional_integer(request, "page_token")),
                ("created_ms >= ?", read_optional_integer(request, "start_time_from")),
                ("created_ms <= ?", read_optional_integer(request, "start_time_to")),
                ("run_type = ?", run_type),
                ("ended_ms IS NULL", active or None),
                ("ended_ms IS NOT NULL", completed or None),
            )
            if value is not None
        ]
        found = self._workspace.runs.select(conditions, limit + 1)
        page, more = found[:limit], len(found) > limit
        expand, base_url, answers = read_flag(request, "expand_tasks"), _base_url(request), self._workspace.answers
        shown = [
            run_json(run, self._workspace.task_runs.of(run.run_id) if expand else None, base_url, answers)
            for run in page
        ]
        answer: dict[str, Any] = {"runs": shown, "has_more": more}
        if more:
            answer["next_page_token"] = str(page[-1].sequence)
        return JSONResponse(answer)

    def _find(self, run_id: int) -> tuple[Run, TaskRun | None]:
        task_run = self._workspace.task_runs.get(run_id)
        run = self._workspace.runs.get(run_id if task_run is None else task_run.job_run_id)
        if run is None:
            raise InvalidParameterError(f"Run {run_id} does not exist.")
        return run, task_run

    def _run_json(self, request: Request, run: Run, task_run: TaskRun | None) -> dict[str, Any]:
        if task_run is not None:
            return task_run_as_run_json(run, task_run, _base_url(request), self._workspace.answers)
        task_runs = self._workspace.task_runs.of(run.run_id)
        return run_json(run, task_runs, _base_url(request), self._workspace.answers)


def _base_url(request: Request) -> str:
    return str(request.base_url).rstrip("/")
