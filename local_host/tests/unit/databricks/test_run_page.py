"""The page of a run."""

from local_host.databricks.definitions import JobSettings
from local_host.databricks.ending import WORKLOAD_FAILED
from local_host.databricks.run_page import render_run, render_runs
from local_host.databricks.runs import Run, TaskRun

HOSTILE = "<img src=x onerror=alert(1)>$title ${body}"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;$title ${body}"


def _run(ended: bool) -> Run:
    job = JobSettings.model_validate(
        {"name": HOSTILE, "tasks": [{"task_key": "t", "python_wheel_task": {"package_name": "p", "entry_point": "e"}}]}
    )
    ending = WORKLOAD_FAILED if ended else None
    life_cycle = ending.life_cycle if ending else "RUNNING"
    end = 2 if ended else None
    return Run(1, 7, 8, "JOB_RUN", HOSTILE, job, {"word": HOSTILE}, ("t",), life_cycle, ending, None, 1, 1, end)


def test_everything_is_escaped() -> None:
    """Names, values and logs are text, whatever they contain."""
    task_run = TaskRun(9, 7, "t", 0, 9, "TERMINATED", WORKLOAD_FAILED, (), None, 1, 1, 2)
    page = render_run(_run(ended=True), [(task_run, HOSTILE)])
    assert page.count(ESCAPED) == 4
    assert "<img" not in page
    assert "<img" not in render_runs([_run(ended=True)])


def test_only_a_live_run_reloads() -> None:
    """The page of an ended run stays still."""
    assert 'http-equiv="refresh"' in render_run(_run(ended=False), [])
    assert 'http-equiv="refresh"' not in render_run(_run(ended=True), [])


def test_no_runs() -> None:
    """The list says that it is empty."""
    assert "No run yet." in render_runs([])
