"""Task runs in the state file."""

import pytest

from local_host.databricks.database import Database
from local_host.databricks.definitions import JobSettings
from local_host.databricks.ending import SPOT_LOST, SUCCEEDED
from local_host.databricks.run_store import RunStore
from local_host.databricks.runs import RunOrder, TaskRun
from local_host.databricks.task_run_store import TaskRunStore

from .conftest import Clock


@pytest.fixture
def task_runs(database: Database, clock: Clock) -> TaskRunStore:
    """A store with one task run."""
    job = JobSettings.model_validate(
        {"name": "j", "tasks": [{"task_key": "t", "python_wheel_task": {"package_name": "p", "entry_point": "e"}}]}
    )
    RunStore(database, clock).create(RunOrder(job.job_id, "JOB_RUN", "j", job, {}, ("t",)), None)
    return TaskRunStore(database, clock)


@pytest.fixture
def task_run(task_runs: TaskRunStore, database: Database) -> TaskRun:
    """That task run."""
    job_run_id = database.connection.execute("SELECT run_id FROM runs").fetchone()[0]
    return task_runs.latest(job_run_id, "t")


def test_times_of_a_task_run(task_runs: TaskRunStore, task_run: TaskRun, clock: Clock) -> None:
    """Its turn, its process and its end are noted as they come; its job run becomes RUNNING with it."""
    begin = clock.milliseconds
    pending = task_runs.pend(task_run, "cluster")
    clock.milliseconds += 5
    running = task_runs.execute(pending, ["--a=b"])
    clock.milliseconds += 7
    task_runs.finish(running, SUCCEEDED)
    ended = task_runs.get(task_run.run_id)
    assert ended is not None
    assert (ended.started_ms, ended.executed_ms, ended.ended_ms) == (begin, begin + 5, begin + 12)
    assert (ended.arguments, ended.cluster_id, ended.ending) == (("--a=b",), "cluster", SUCCEEDED)


def test_job_run_follows(task_runs: TaskRunStore, task_run: TaskRun, database: Database) -> None:
    """The job run is RUNNING once a process is started."""
    task_runs.execute(task_run, [])
    assert database.connection.execute("SELECT life_cycle FROM runs").fetchone()[0] == "RUNNING"


def test_first_ending_counts(task_runs: TaskRunStore, task_run: TaskRun) -> None:
    """An ended task run keeps its ending."""
    task_runs.finish(task_run, SPOT_LOST)
    task_runs.finish(task_run, SUCCEEDED)
    found = task_runs.get(task_run.run_id)
    assert found is not None
    assert found.ending == SPOT_LOST


def test_retry_refers_to_the_first_attempt(task_runs: TaskRunStore, task_run: TaskRun) -> None:
    """Attempts are numbered, and every one names the original."""
    task_runs.finish(task_run, SPOT_LOST)
    third = task_runs.retry(task_runs.retry(task_run))
    assert (third.attempt_number, third.original_run_id) == (2, task_run.run_id)
    assert [attempt.attempt_number for attempt in task_runs.of(task_run.job_run_id)] == [0, 1, 2]
    assert task_runs.latest(task_run.job_run_id, "t") == third


def test_unknown_task(task_runs: TaskRunStore, task_run: TaskRun) -> None:
    """A task that the run does not execute is an error, not None."""
    with pytest.raises(LookupError, match="has no task run for task_key 'x'"):
        task_runs.latest(task_run.job_run_id, "x")
