"""How task endings make a run's ending, and how both are shown."""

import pytest

from local_host.databricks.ending import (
    NEVER_STARTED,
    SPOT_LOST,
    SUCCEEDED,
    UPSTREAM_FAILED,
    WORKLOAD_FAILED,
    Ending,
    LifeCycle,
    run_ending,
    state_json,
    status_json,
    timed_out,
    too_many_runs,
)


def test_success_only_if_all_succeed() -> None:
    """A run of successes is a success."""
    assert run_ending({"a": SUCCEEDED, "b": SUCCEEDED}) == SUCCEEDED


def test_message_names_the_task_and_the_consequence() -> None:
    """The wording is that of Databricks."""
    ending = run_ending({"a": WORKLOAD_FAILED, "b": UPSTREAM_FAILED})
    assert (ending.life_cycle, ending.result) == ("TERMINATED", "FAILED")
    assert ending.message == (
        "Task a failed with message: Workload failed, see run output for details."
        " This caused all downstream tasks to get skipped."
    )


@pytest.mark.parametrize(
    ("tasks", "task"),
    [
        ({"a": SPOT_LOST, "b": WORKLOAD_FAILED}, "b"),
        ({"a": timed_out("Task a", 5), "b": SPOT_LOST}, "a"),
        ({"a": SPOT_LOST, "b": NEVER_STARTED}, "a"),
    ],
)
def test_gravest_task_speaks_for_the_run(tasks: dict[str, Ending], task: str) -> None:
    """Failed user code first, since a repeat would fail too; otherwise the first in task order."""
    ending = run_ending(tasks)
    assert ending.message.startswith(f"Task {task} failed with message: {tasks[task].message}")
    assert (ending.life_cycle, ending.code) == (tasks[task].life_cycle, tasks[task].code)


@pytest.mark.parametrize(
    ("life_cycle", "ending", "status"),
    [
        ("PENDING", None, "PENDING"),
        ("BLOCKED", None, "BLOCKED"),
        ("WAITING_FOR_RETRY", None, "WAITING"),
        ("TERMINATED", SUCCEEDED, "TERMINATED"),
        ("INTERNAL_ERROR", SPOT_LOST, "TERMINATED"),
        ("SKIPPED", too_many_runs(1), "TERMINATED"),
    ],
)
def test_both_ways_of_showing(life_cycle: LifeCycle, ending: Ending | None, status: str) -> None:
    """``state`` keeps the old words, ``status`` has the new ones and the termination details."""
    assert state_json(life_cycle, ending)["life_cycle_state"] == life_cycle
    shown = status_json(life_cycle, ending)
    assert shown["state"] == status
    assert ("termination_details" in shown) == (ending is not None)


def test_timeouts_and_cancels_are_marked() -> None:
    """``user_cancelled_or_timedout`` tells them from failures."""
    assert state_json("TERMINATED", timed_out("Task a", 5))["user_cancelled_or_timedout"] is True
    assert state_json("TERMINATED", WORKLOAD_FAILED)["user_cancelled_or_timedout"] is False
