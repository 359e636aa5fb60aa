"""Job runs and task runs as the Jobs API shows them."""

from typing import Any

from local_host.databricks.answer_shape import AnswerShape
from local_host.databricks.definitions import JobSettings
from local_host.databricks.ending import state_json, status_json
from local_host.databricks.runs import Run, TaskRun

USER_NAME = "local-user@databricks.invalid"


def job_json(job_id: int, settings: JobSettings, *, details: bool) -> dict[str, Any]:
    """A job. Without details its tasks and clusters are left out, as ``jobs/list`` does."""
    shown = settings.model_dump(mode="json", exclude_unset=True)
    shown.setdefault("max_concurrent_runs", settings.max_concurrent_runs)
    shown.setdefault("format", settings.format)
    if not details:
        shown.pop("tasks", None)
        shown.pop("job_clusters", None)
    return {"job_id": job_id, "creator_user_name": USER_NAME, "settings": shown}


def run_json(run: Run, task_runs: list[TaskRun] | None, base_url: str, answers: AnswerShape) -> dict[str, Any]:
    """A job run.

    Args:
        task_runs: every attempt at every task; None leaves tasks and clusters out, as ``runs/list`` does.
        base_url: this host's address, without a slash at its end.
        answers: the shape in which its end is told.
    """
    ending = answers.ending_of(run.ending)
    began = run.started_ms or run.ended_ms
    shown: dict[str, Any] = {
        "job_id": run.job_id,
        "run_id": run.run_id,
        "job_run_id": run.run_id,
        "number_in_job": run.run_id,
        "original_attempt_run_id": run.run_id,
        "creator_user_name": USER_NAME,
        "run_name": run.run_name,
        "run_type": run.run_type,
        "run_page_url": f"{base_url}/run/{run.run_id}",
        "format": "MULTI_TASK",
        "trigger": "ONE_TIME",
        "state": state_json(run.life_cycle, ending),
        "status": status_json(run.life_cycle, ending),
        "start_time": run.created_ms,
        "end_time": run.ended_ms or 0,
        "setup_duration": 0,
        "execution_duration": 0,
        "cleanup_duration": 0,
        "queue_duration": 0 if began is None else began - run.created_ms,
        "job_parameters": [
            {"name": name, "default": run.settings.defaults[name], "value": value}
            for name, value in run.parameters.items()
        ],
    }
    if run.ended_ms is not None:
        shown["run_duration"] = run.ended_ms - run.created_ms
    if task_runs is not None:
        shown["job_clusters"] = [cluster.model_dump(mode="json") for cluster in run.settings.job_clusters]
        shown["tasks"] = [task_run_json(run, task_run, base_url) for task_run in task_runs]
    return answers.trimmed(shown)


def task_run_json(run: Run, task_run: TaskRun, base_url: str) -> dict[str, Any]:
    """A task run. ``setup_duration`` is the time before its process was started."""
    task = next(task for task in run.settings.tasks if task.task_key == task_run.task_key)
    shown = task.model_dump(mode="json", exclude_unset=True)
    started, executed, ended = task_run.started_ms, task_run.executed_ms, task_run.ended_ms
    shown |= {
        "run_id": task_run.run_id,
        "attempt_number": task_run.attempt_number,
        "run_page_url": f"{base_url}/run/{run.run_id}",
        "state": state_json(task_run.life_cycle, task_run.ending),
        "status": status_json(task_run.life_cycle, task_run.ending),
        "start_time": started or 0,
        "end_time": ended or 0,
        "setup_duration": 0 if started is None else (executed or ended or started) - started,
        "execution_duration": 0 if executed is None or ended is None else ended - executed,
        "cleanup_duration": 0,
    }
    if task_run.arguments is not None:
        shown["resolved_values"] = {"python_wheel_task": {"parameters": list(task_run.arguments)}}
    if task_run.cluster_id is not None:
        shown["cluster_instance"] = {"cluster_id": task_run.cluster_id}
    return shown


def task_run_as_run_json(run: Run, task_run: TaskRun, base_url: str, answers: AnswerShape) -> dict[str, Any]:
    """A task run asked for by its own id, in the shape of a run."""
    shown = task_run_json(run, task_run, base_url) | {
        "job_id": run.job_id,
        "job_run_id": run.run_id,
        "number_in_job": run.run_id,
        "original_attempt_run_id": task_run.original_run_id,
        "creator_user_name": USER_NAME,
        "run_name": task_run.task_key,
        "run_type": run.run_type,
        "trigger": "ONE_TIME" if task_run.attempt_number == 0 else "RETRY",
    }
    return answers.trimmed(shown)
