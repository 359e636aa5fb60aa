"""Job runs in the state file."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local_host.databricks.database import Database
from local_host.databricks.definitions import JobSettings
from local_host.databricks.ending import SUCCEEDED, USER_CANCELED
from local_host.databricks.run_store import RunStore
from local_host.databricks.runs import RunOrder
from local_host.databricks.task_run_store import TaskRunStore


def _order(**settings: Any) -> RunOrder:
    wheel = {"package_name": "p", "entry_point": "e"}
    tasks = [
        {"task_key": "train", "python_wheel_task": wheel},
        {"task_key": "score", "python_wheel_task": wheel, "depends_on": [{"task_key": "train"}]},
    ]
    job = JobSettings.model_validate({"name": "a job", "tasks": tasks, **settings})
    return RunOrder(job.job_id, "JOB_RUN", job.name, job, {"model": "m"}, ("train", "score"))


@pytest.fixture
def runs(database: Database, clock: Callable[[], int]) -> RunStore:
    """A store over the empty state file."""
    return RunStore(database, clock)


@pytest.fixture
def task_runs(database: Database, clock: Callable[[], int]) -> TaskRunStore:
    """The store of the same file's task runs."""
    return TaskRunStore(database, clock)


def test_run_comes_back_as_ordered(runs: RunStore, task_runs: TaskRunStore) -> None:
    """Settings, parameters and choice survive; the first task is pending, the second blocked."""
    order = _order(tags={"a": "b"})
    run, new = runs.create(order, None)
    assert new is True
    assert runs.get(run.run_id) == run
    assert (run.settings, run.parameters, run.selected) == (order.settings, {"model": "m"}, ("train", "score"))
    assert [(t.task_key, t.life_cycle) for t in task_runs.of(run.run_id)] == [
        ("train", "PENDING"),
        ("score", "BLOCKED"),
    ]


def test_token_is_taken_once(runs: RunStore) -> None:
    """The same token gives the same run whatever is ordered, no token always a new one."""
    first, _ = runs.create(_order(max_concurrent_runs=9), "token")
    assert runs.create(replace(_order(), parameters={}), "token") == (first, False)
    assert runs.create(_order(max_concurrent_runs=9), "other")[1] is True
    assert runs.create(_order(max_concurrent_runs=9), None)[1] is True
    assert len(runs.unfinished()) == 3


def test_token_of_a_skipped_run_is_taken_too(runs: RunStore) -> None:
    """A skipped run is an answer; its token does not start another later."""
    first, _ = runs.create(_order(), None)
    skipped, _ = runs.create(_order(), "token")
    runs.finish(first.run_id, SUCCEEDED)
    assert runs.create(_order(), "token") == (skipped, False)
    assert skipped.life_cycle == "SKIPPED"


def test_nothing_is_kept_of_a_creation_that_fails(runs: RunStore, database: Database) -> None:
    """Run, task runs and token are one transaction."""
    database.connection.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON idempotency_tokens BEGIN SELECT raise(ABORT, 'no'); END"
    )
    with pytest.raises(Exception, match="no"):
        runs.create(_order(), "token")
    assert runs.unfinished() == []


def test_queue_keeps_order_and_limit(runs: RunStore) -> None:
    """Queued runs are admitted oldest first, one for each that ends."""
    order = _order(queue={"enabled": True})
    first, second, third = (runs.create(order, None)[0] for _ in range(3))
    assert [run.life_cycle for run in (first, second, third)] == ["PENDING", "QUEUED", "QUEUED"]
    assert runs.admit(order.job_id) is None
    runs.finish(first.run_id, SUCCEEDED)
    admitted = runs.admit(order.job_id)
    assert admitted is not None
    assert (admitted.run_id, admitted.life_cycle) == (second.run_id, "PENDING")
    assert runs.admit(order.job_id) is None


def test_first_ending_counts(runs: RunStore) -> None:
    """A run ends once."""
    run, _ = runs.create(_order(), None)
    runs.finish(run.run_id, SUCCEEDED)
    runs.finish(run.run_id, USER_CANCELED)
    runs.order_stop(run.run_id, USER_CANCELED)
    found = runs.get(run.run_id)
    assert found is not None
    assert (found.ending, found.stop_order) == (SUCCEEDED, None)


def test_a_run_of_an_earlier_version_is_read(runs: RunStore, database: Database) -> None:
    """Version 0.1.0 kept whom a webhook tells of a run's end."""
    run, _ = runs.create(_order(), None)
    settings = json.loads(run.settings.model_dump_json())
    settings |= {
        "webhook_notifications": {"on_success": [], "on_failure": [{"id": "told"}]},
        "notification_settings": {"no_alert_for_skipped_runs": False, "no_alert_for_canceled_runs": False},
    }
    with database.transaction() as db:
        db.execute("UPDATE runs SET settings = ?", (json.dumps(settings),))
    assert runs.get(run.run_id) == run


def test_stop_order_survives(runs: RunStore) -> None:
    """A restarted host must know that the run is to stop."""
    run, _ = runs.create(_order(), None)
    runs.order_stop(run.run_id, USER_CANCELED)
    assert [(found.stop_order, found.life_cycle) for found in runs.unfinished()] == [(USER_CANCELED, "TERMINATING")]


def test_select_newest_first(runs: RunStore) -> None:
    """Conditions and limit narrow the list."""
    ids = [runs.create(_order(max_concurrent_runs=9), None)[0].run_id for _ in range(3)]
    assert [run.run_id for run in runs.select([], 2)] == [ids[2], ids[1]]
    assert [run.run_id for run in runs.select([("run_id = ?", ids[0]), ("ended_ms IS NULL", True)], 5)] == [ids[0]]
