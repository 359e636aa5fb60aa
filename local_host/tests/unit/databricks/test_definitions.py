"""Job settings: defaults, ids and the rules that span fields."""

from typing import Any

import pytest
from pydantic import ValidationError

from local_host.databricks.definitions import JobSettings


def _job(*tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "a job", "tasks": list(tasks) or [_task("train")], **more}


def _task(key: str, *parameters: str, **more: Any) -> dict[str, Any]:
    wheel = {"package_name": "package", "entry_point": "train", "parameters": list(parameters)}
    return {"task_key": key, "python_wheel_task": wheel, **more}


def test_job_id_depends_on_the_name_alone() -> None:
    """The id is the same on every machine and fits a double exactly, for clients that use them."""
    first = JobSettings.model_validate(_job())
    second = JobSettings.model_validate(_job(description="other"))
    other = JobSettings.model_validate(_job(name="another job"))
    assert first.job_id == second.job_id != other.job_id
    assert 0 < first.job_id < 2**53


def test_defaults_are_those_of_databricks() -> None:
    """One run at a time, no queue, no retries, no timeout."""
    job = JobSettings.model_validate(_job())
    task = job.tasks[0]
    assert (job.max_concurrent_runs, job.queue.enabled, job.timeout_seconds) == (1, False, 0)
    assert (task.max_retries, task.timeout_seconds, task.retry_on_timeout) == (0, 0, False)


def test_named_parameters_become_arguments() -> None:
    """Named parameters are passed as --name=value."""
    wheel = {"package_name": "p", "entry_point": "e", "named_parameters": {"a": "1", "b": "two words"}}
    job = JobSettings.model_validate(_job({"task_key": "t", "python_wheel_task": wheel}))
    assert job.tasks[0].python_wheel_task.argument_templates == ("--a=1", "--b=two words")


@pytest.mark.parametrize(
    ("job", "complaint"),
    [
        (_job(_task("a"), _task("a")), "tasks.task_key: 'a' appears 2 times"),
        (_job(_task("a", depends_on=[{"task_key": "b"}])), "tasks.a.depends_on: no task 'b' in this job"),
        (
            _job(_task("a", depends_on=[{"task_key": "b"}]), _task("b", depends_on=[{"task_key": "a"}])),
            "tasks.depends_on: a circle of tasks",
        ),
        (_job(_task("a", job_cluster_key="big")), "tasks.a.job_cluster_key: no job cluster 'big' in this job"),
        (
            _job(_task("a", existing_cluster_id="1", new_cluster={})),
            "tasks.a: job_cluster_key, new_cluster and existing_cluster_id exclude each other",
        ),
        (_job(_task("a", "{{job.parameters.x}}")), "{{job.parameters.x}} is no reference that this job can resolve"),
        (_job(_task("a", "{{job.notebook}}")), "(declared parameters: none)"),
        (_job(parameters=[{"name": "x", "default": ""}] * 2), "parameters.name: 'x' appears 2 times"),
        (_job(_task("a", run_if="AT_LEAST_ONE_SUCCESS")), "Input should be 'ALL_SUCCESS'"),
        (_job(_task("a", max_retries=-2)), "greater than or equal to -1"),
        (_job(schedule={}), "Extra inputs are not permitted"),
        ({"name": "a", "tasks": []}, "at least 1 item"),
    ],
)
def test_rules(job: dict[str, Any], complaint: str) -> None:
    """A job that could not run as written is refused with the field, the value and the rule."""
    with pytest.raises(ValidationError) as caught:
        JobSettings.model_validate(job)
    assert complaint in str(caught.value)
