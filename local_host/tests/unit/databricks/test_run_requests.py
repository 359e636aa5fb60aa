"""What the requests that create runs ask for."""

import pytest

from local_host.databricks.api_error import InvalidParameterError
from local_host.databricks.definitions import JobSettings
from local_host.databricks.run_requests import RunNow, SubmitRun

JOB = JobSettings.model_validate(
    {
        "name": "j",
        "parameters": [{"name": "a", "default": "1"}, {"name": "b", "default": "2"}],
        "tasks": [
            {"task_key": key, "python_wheel_task": {"package_name": "p", "entry_point": "e"}} for key in ("x", "y")
        ],
    }
)
JOBS = {JOB.job_id: JOB}


def test_run_now_fills_in_defaults() -> None:
    """Parameters that are not given have their defaults; all tasks are chosen."""
    order = RunNow(job_id=JOB.job_id, job_parameters={"b": "9"}).order(JOBS)
    assert (order.parameters, order.selected, order.run_type) == ({"a": "1", "b": "9"}, ("x", "y"), "JOB_RUN")


def test_run_now_chooses_tasks_in_job_order() -> None:
    """The order of ``only`` does not matter."""
    assert RunNow(job_id=JOB.job_id, only=("y", "x")).order(JOBS).selected == ("x", "y")


def test_run_now_can_change_the_queue() -> None:
    """The run's own queue setting wins over the job's."""
    order = RunNow.model_validate({"job_id": JOB.job_id, "queue": {"enabled": True}}).order(JOBS)
    assert (order.settings.queue.enabled, JOB.queue.enabled) == (True, False)


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (RunNow(job_id=1), r"Job 1 does not exist\."),
        (RunNow(job_id=JOB.job_id, job_parameters={"c": ""}), r"'c' is not defined in job \d+ \(defined: a, b\)"),
        (RunNow(job_id=JOB.job_id, only=("z",)), r"has no task 'z' \(tasks: x, y\)"),
    ],
)
def test_run_now_refuses(request_: RunNow, complaint: str) -> None:
    """What the job does not have is an error."""
    with pytest.raises(InvalidParameterError, match=complaint):
        request_.order(JOBS)


def test_submitted_runs_share_no_job() -> None:
    """Each submitted run has a job id of its own."""
    submitted = SubmitRun(tasks=JOB.tasks)
    assert submitted.order().job_id != submitted.order().job_id


def test_submitted_tasks_must_fit_together() -> None:
    """The rules of job definitions hold."""
    with pytest.raises(InvalidParameterError, match="'x' appears 2 times"):
        SubmitRun(tasks=(JOB.tasks[0], JOB.tasks[0])).order()
