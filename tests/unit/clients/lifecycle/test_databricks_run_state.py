"""What answers of the Jobs API become: platform or user, in both shapes, in words known and unknown."""

import json
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk.service.jobs import RunLifeCycleState, RunLifecycleStateV2State, RunResultState, TerminationTypeType

from nightshift.clients.lifecycle.databricks_run_state import ACTIVE, ENDED, RESULTS, TYPES, read_run_state
from nightshift.domain.lifecycle.job import FINISHED, JobState

CASES = json.loads((Path(__file__).parents[3] / "data" / "job_runs.json").read_text(encoding="utf-8"))
USER: dict[str, Any] = {"life_cycle_state": "TERMINATED", "result_state": "FAILED"}
PLATFORM: dict[str, Any] = {"life_cycle_state": "INTERNAL_ERROR", "result_state": "FAILED"}


def _status(code: str, blame: str, state: str = "TERMINATED") -> dict[str, Any]:
    return {"state": state, "termination_details": {"code": code, "type": blame, "message": "said so"}}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_recorded_answers(case: dict[str, Any]) -> None:
    """Each becomes what its record says."""
    read = read_run_state(case["run"])
    assert read.state == case["becomes"]["state"]
    assert case["becomes"]["message"] in read.message


@pytest.mark.parametrize("shape", ["INTERNAL_ERROR", "TERMINATED"])
@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ([{"task_key": "a", "state": USER}], "failed"),
        ([{"task_key": "a", "state": PLATFORM}, {"task_key": "b", "state": USER}], "failed"),
        ([{"task_key": "a", "status": _status("RUN_EXECUTION_ERROR", "CLIENT_ERROR")}], "failed"),
        ([{"task_key": "a", "status": _status("CLOUD_FAILURE", "CLOUD_FAILURE")}], "internal_error"),
        ([{"task_key": "a", "state": {"life_cycle_state": "TERMINATED", "result_state": "TIMEDOUT"}}], "timed_out"),
        ([{"task_key": "a", "state": {"life_cycle_state": "TERMINATED", "result_state": "CANCELED"}}], "canceled"),
    ],
)
def test_the_tasks_say_whose_fault_it_was(shape: str, tasks: list[dict[str, Any]], expected: JobState) -> None:
    """Whichever of the two shapes the run itself is told in."""
    read = read_run_state({"state": {"life_cycle_state": shape, "result_state": "FAILED"}, "tasks": tasks})
    assert read.state == expected
    assert read.culprit is not None


def test_the_last_attempt_at_a_task_counts() -> None:
    """One that failed and was retried by Databricks is not the cause."""
    lost = {"task_key": "a", "attempt_number": 0, "status": _status("CLOUD_FAILURE", "CLOUD_FAILURE"), "run_id": 1}
    failed = {"task_key": "a", "attempt_number": 1, "state": USER, "run_id": 2}
    for tasks in ([lost, failed], [failed, lost]):
        read = read_run_state({"state": PLATFORM, "tasks": tasks})
        assert (read.state, read.culprit) == ("failed", failed)


def test_a_task_that_did_not_run_is_no_cause() -> None:
    """It is a consequence, in both ways of telling."""
    skipped = {"task_key": "b", "status": _status("SKIPPED", "CLIENT_ERROR")}
    upstream = {"task_key": "c", "state": {"life_cycle_state": "SKIPPED", "result_state": "UPSTREAM_FAILED"}}
    lost = {"task_key": "a", "status": _status("CLUSTER_ERROR", "CLOUD_FAILURE")}
    assert read_run_state({"state": PLATFORM, "tasks": [skipped, upstream, lost]}).culprit == lost


@pytest.mark.parametrize(
    ("code", "blame", "expected"),
    [
        ("SUCCESS", "SUCCESS", "succeeded"),
        ("RUN_EXECUTION_ERROR", "CLIENT_ERROR", "failed"),
        ("LIBRARY_INSTALLATION_ERROR", "CLIENT_ERROR", "failed"),
        ("LIBRARY_INSTALLATION_ERROR", "CLOUD_FAILURE", "internal_error"),
        ("DRIVER_ERROR", "INTERNAL_ERROR", "internal_error"),
        ("CLUSTER_TERMINATED_BY_USER", "CLIENT_ERROR", "failed"),
        ("INVENTED_LATER", "CLOUD_FAILURE", "internal_error"),
        ("INVENTED_LATER", "CLIENT_ERROR", "failed"),
        ("INVENTED_LATER", "INVENTED_LATER", "failed"),
        ("USER_CANCELED", "SUCCESS", "canceled"),
        ("CANCELED", "CLIENT_ERROR", "timed_out"),
        ("MAX_CONCURRENT_RUNS_EXCEEDED", "CLIENT_ERROR", "skipped"),
        ("CLUSTER_REQUEST_LIMIT_EXCEEDED", "CLIENT_ERROR", "skipped"),
    ],
)
def test_termination_details_alone_decide(code: str, blame: str, expected: JobState) -> None:
    """An answer without the deprecated ``state`` says as much, and its words reach people."""
    read = read_run_state({"status": _status(code, blame)})
    assert read.state == expected
    assert "said so" in read.message


def test_a_run_that_the_platform_broke_after_success_did_not_succeed() -> None:
    """SUCCESS beside INTERNAL_ERROR contradicts itself; nothing is promoted on it."""
    state = {"life_cycle_state": "INTERNAL_ERROR", "result_state": "SUCCESS"}
    assert read_run_state({"state": state}).state == "internal_error"
    assert read_run_state({"state": state, "status": _status("SUCCESS", "SUCCESS")}).state == "succeeded"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Library installation failed for library due to user error.", "failed"),
        ("The spark driver has stopped unexpectedly and is restarting.", "failed"),
        ("Unexpected failure while waiting for the cluster to be ready.", "internal_error"),
    ],
)
def test_without_details_the_text_reports_some_faults_of_the_user(message: str, expected: JobState) -> None:
    """All that an older answer has; anything else is taken for the platform's."""
    task = {"task_key": "train", "state": PLATFORM | {"state_message": message}}
    assert read_run_state({"state": PLATFORM, "tasks": [task]}).state == expected


@pytest.mark.parametrize("place", ["state", "status"])
def test_an_unknown_life_cycle_waits_only_without_an_end(place: str) -> None:
    """Pending, by name, until the caller's deadline; with an end it has failed."""
    words = {"life_cycle_state": "INVENTED_LATER"} if place == "state" else {"state": "INVENTED_LATER"}
    waiting = read_run_state({place: words, "end_time": 0})
    assert (waiting.state, "'INVENTED_LATER'" in waiting.message) == ("pending", True)
    ended = read_run_state({place: words, "end_time": 1_700_000_000_000})
    assert (ended.state, "'INVENTED_LATER'" in ended.message) == ("failed", True)


def test_the_newer_status_is_believed_before_the_deprecated_state() -> None:
    """Where one of the two words is unknown, the other one counts."""
    running = {"status": {"state": "RUNNING"}, "state": {"life_cycle_state": "INVENTED_LATER"}}
    assert read_run_state(running).state == "running"
    queued = {"status": {"state": "INVENTED_LATER"}, "state": {"life_cycle_state": "QUEUED"}}
    assert read_run_state(queued).state == "pending"


def test_no_word_of_the_sdk_is_forgotten() -> None:
    """A newer SDK with another word fails here, not at night."""
    assert {word.value for word in RunLifeCycleState} <= ACTIVE.keys() | ENDED
    assert {word.value for word in RunLifecycleStateV2State} <= ACTIVE.keys() | ENDED
    assert {word.value for word in RunResultState} <= RESULTS.keys() | {"FAILED"}
    assert {word.value for word in TerminationTypeType} <= TYPES.keys()
    assert set(RESULTS.values()) <= FINISHED


@pytest.mark.parametrize("tasks", [[None], ["train"], {}, 1, [{"task_key": "train", "attempt_number": "first"}] * 2])
def test_tasks_that_cannot_be_read_leave_the_runs_own_state(tasks: object) -> None:
    """An answer of a form that the API does not promise is no failure of the app."""
    read = read_run_state({"state": {"life_cycle_state": "TERMINATED", "result_state": "FAILED"}, "tasks": tasks})
    assert read.state == "failed"
