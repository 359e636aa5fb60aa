"""Runs from start to end through the real SDK."""

from pathlib import Path

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue
from databricks.sdk.service.jobs import (
    PythonWheelTask,
    RunLifeCycleState,
    RunLifecycleStateV2State,
    RunType,
    SubmitTask,
    TaskDependency,
    TerminationCodeCode,
    TerminationTypeType,
)

from local_host.testing.workspace_process import (
    Host,
    alive,
    ended,
    job_id,
    run_now,
    started_process,
    summary,
    task_runs,
    until,
)


def test_successful_run(client: WorkspaceClient, host: Host) -> None:
    """A run passes its parameters on, ends as SUCCESS, and its output can be read per task."""
    run_id = run_now(client, "echoing", word="two words")
    run = ended(client, run_id)
    assert summary(run) == ("TERMINATED", "SUCCESS")
    assert [summary(task) for task in run.tasks or []] == [("TERMINATED", "SUCCESS")] * 2
    assert [parameter.as_dict() for parameter in run.job_parameters or []] == [
        {"name": "word", "default": "hello", "value": "two words"},
        {"name": "other", "default": "", "value": ""},
    ]
    output = client.jobs.get_run_output(task_runs(run, "say")[0].run_id or 0)
    assert output.logs == (
        f"arguments --word=two words {run_id} say {run.job_id} {{{{foreign.thing}}}}\nfolder {host.root}\n"
    )
    assert (output.logs_truncated, output.error, output.error_trace) == (False, None, None)


def test_times_and_status(client: WorkspaceClient) -> None:
    """Times are in milliseconds and fit together; the newer status says the same as state."""
    run = ended(client, run_now(client, "echoing"))
    assert run.start_time is not None
    assert run.end_time is not None
    assert run.run_duration == run.end_time - run.start_time
    first, second = run.tasks or []
    for task in (first, second):
        spent = (task.setup_duration or 0) + (task.execution_duration or 0)
        assert spent == (task.end_time or 0) - (task.start_time or 0)
    assert (second.start_time or 0) >= (first.end_time or 0)
    assert run.status is not None
    assert run.status.termination_details is not None
    assert run.status.state == RunLifecycleStateV2State.TERMINATED
    assert run.status.termination_details.code == TerminationCodeCode.SUCCESS
    assert run.status.termination_details.type == TerminationTypeType.SUCCESS


def test_sdk_waits_for_a_run(client: WorkspaceClient) -> None:
    """The SDK's own waiting understands the states."""
    run = client.jobs.run_now_and_wait(job_id(client, "echoing"))
    assert summary(run) == ("TERMINATED", "SUCCESS")


def test_output_of_a_job_run_is_refused(client: WorkspaceClient) -> None:
    """Output belongs to task runs, as on Databricks."""
    run = ended(client, run_now(client, "echoing"))
    with pytest.raises(InvalidParameterValue, match="runs with multiple tasks is not supported"):
        client.jobs.get_run_output(run.run_id or 0)


def test_task_run_by_its_own_id(client: WorkspaceClient) -> None:
    """A task run can be asked for, and names its job run."""
    run = ended(client, run_now(client, "echoing"))
    task_run = client.jobs.get_run(task_runs(run, "repeat")[0].run_id or 0)
    assert (task_run.job_run_id, task_run.run_name, summary(task_run)) == (
        run.run_id,
        "repeat",
        ("TERMINATED", "SUCCESS"),
    )


def test_failed_task_skips_what_depends_on_it(client: WorkspaceClient) -> None:
    """User code that raises is FAILED with its error and trace; the task after it is UPSTREAM_FAILED."""
    run = ended(client, run_now(client, "failing"))
    train, score = task_runs(run, "train")[0], task_runs(run, "score")[0]
    assert [summary(run), summary(train), summary(score)] == [
        ("INTERNAL_ERROR", "FAILED"),
        ("TERMINATED", "FAILED"),
        ("TERMINATED", "UPSTREAM_FAILED"),
    ]
    assert run.state is not None
    assert run.state.state_message == (
        "Task train failed with message: Workload failed, see run output for details."
        " This caused all downstream tasks to get skipped."
    )
    output = client.jobs.get_run_output(train.run_id or 0)
    assert output.error == "ValueError: no such column: price"
    assert output.error_trace is not None
    assert output.error_trace.startswith("Traceback (most recent call last):")
    assert 'raise ValueError("no such column: price")' in output.error_trace
    assert "before the fault" in (output.logs or "")
    assert score.start_time == 0
    assert client.jobs.get_run_output(score.run_id or 0).error == "An upstream task failed"


def test_one_end_in_every_shape(host: Host, client: WorkspaceClient) -> None:
    """The run of a failed task: INTERNAL_ERROR unless ordered otherwise; with one way of telling, or both."""
    run_id = run_now(client, "failing")
    ended(client, run_id)
    told: dict[str, tuple[object, object, bool]] = {}
    for shape in ("terminated", "status_only", "state_only", "internal_error"):
        host.answer(shape)
        run = host.http("GET", "/api/2.2/jobs/runs/get", params={"run_id": run_id}).json()
        details = run.get("status", {}).get("termination_details", {})
        same = all(("state" in task, "status" in task) == ("state" in run, "status" in run) for task in run["tasks"])
        told[shape] = (run.get("state", {}).get("life_cycle_state"), details.get("code"), same)
    assert told == {
        "terminated": ("TERMINATED", "RUN_EXECUTION_ERROR", True),
        "status_only": (None, "RUN_EXECUTION_ERROR", True),
        "state_only": ("INTERNAL_ERROR", None, True),
        "internal_error": ("INTERNAL_ERROR", "RUN_EXECUTION_ERROR", True),
    }
    assert host.http("PUT", "/answers", json={"shape": "kind"}).status_code == 400


def test_process_that_vanishes(client: WorkspaceClient) -> None:
    """A process that ends without a word is a failure that says how it ended."""
    run = ended(client, run_now(client, "vanishing"))
    assert summary(run) == ("INTERNAL_ERROR", "FAILED")
    error = client.jobs.get_run_output(task_runs(run, "vanish")[0].run_id or 0).error
    assert error == "The Python process ended without a result, with exit code 7"


def test_exit_with_a_message(client: WorkspaceClient) -> None:
    """sys.exit with anything but 0 is a failure."""
    run = ended(client, run_now(client, "refusing"))
    assert summary(run) == ("INTERNAL_ERROR", "FAILED")
    error = client.jobs.get_run_output(task_runs(run, "refuse")[0].run_id or 0).error
    assert error == "SystemExit: wrong arguments"


def test_unknown_entry_point(client: WorkspaceClient, host: Host) -> None:
    """A wheel task without such an entry point fails as misconfigured and says where it was looked for."""
    run = ended(client, run_now(client, "misnamed"))
    assert summary(run) == ("INTERNAL_ERROR", "FAILED")
    assert run.status is not None
    assert run.status.termination_details is not None
    assert run.status.termination_details.code == TerminationCodeCode.INVALID_RUN_CONFIGURATION
    assert run.state is not None
    said = f'[project.entry-points."steps"] no_such_entry in {host.root}/pyproject.toml'
    assert said in (run.state.state_message or "")


def test_leftover_processes_are_ended(client: WorkspaceClient, folder: Path) -> None:
    """What a task leaves running in its process group ends with it."""
    ended(client, run_now(client, "parent", folder=str(folder)))
    child = int((folder / "child").read_text())
    assert until(lambda: not alive(child)) is True


def test_retry_after_a_failure(client: WorkspaceClient, folder: Path) -> None:
    """max_retries of 1 makes the second attempt count; both attempts are shown."""
    run = ended(client, run_now(client, "flaky", folder=str(folder), calls="2"))
    assert summary(run) == ("TERMINATED", "SUCCESS")
    attempts = task_runs(run, "try")
    assert [(attempt.attempt_number, summary(attempt)[1]) for attempt in attempts] == [(0, "FAILED"), (1, "SUCCESS")]
    second = client.jobs.get_run(attempts[1].run_id or 0)
    assert second.original_attempt_run_id == attempts[0].run_id


def test_retries_are_limited(client: WorkspaceClient, folder: Path) -> None:
    """After the last retry the run fails."""
    run = ended(client, run_now(client, "flaky", folder=str(folder), calls="9"))
    assert summary(run) == ("INTERNAL_ERROR", "FAILED")
    assert (folder / "calls").read_text() == "2"


def test_cancel(client: WorkspaceClient, folder: Path) -> None:
    """A canceled run ends its process, and the task after it never starts."""
    run_id = run_now(client, "waiting", folder=str(folder))
    process = started_process(folder)
    running = client.jobs.get_run(run_id)
    assert summary(running) == ("RUNNING", None)
    assert summary(task_runs(running, "after")[0]) == ("BLOCKED", None)
    assert running.end_time == 0
    client.jobs.cancel_run(run_id)
    run = ended(client, run_id)
    assert [summary(run), *(summary(task) for task in run.tasks or [])] == [
        ("TERMINATED", "CANCELED"),
        ("TERMINATED", "CANCELED"),
        ("TERMINATED", "UPSTREAM_CANCELED"),
    ]
    assert run.state is not None
    assert run.state.user_cancelled_or_timedout is True
    assert run.status is not None
    assert run.status.termination_details is not None
    assert run.status.termination_details.code == TerminationCodeCode.USER_CANCELED
    assert not alive(process)


def test_cancel_after_the_end(client: WorkspaceClient) -> None:
    """Canceling a run that has ended changes nothing."""
    run_id = run_now(client, "echoing")
    ended(client, run_id)
    client.jobs.cancel_run(run_id)
    assert summary(client.jobs.get_run(run_id)) == ("TERMINATED", "SUCCESS")


def test_a_task_run_is_not_canceled_by_its_own_id(client: WorkspaceClient) -> None:
    """Refused with the id that would do: this host cancels whole runs only."""
    run = ended(client, run_now(client, "echoing"))
    with pytest.raises(InvalidParameterValue, match=f"cancels only job runs, this one's is {run.run_id}"):
        client.jobs.cancel_run(task_runs(run, "repeat")[0].run_id or 0)


def test_task_timeout(client: WorkspaceClient, folder: Path) -> None:
    """A task beyond its timeout is TIMEDOUT and its process is gone."""
    run = ended(client, run_now(client, "task timeout", folder=str(folder)))
    assert summary(run) == ("INTERNAL_ERROR", "FAILED")
    assert summary(task_runs(run, "wait")[0]) == ("TERMINATED", "TIMEDOUT")
    assert run.state is not None
    assert run.state.state_message == "Task wait failed with message: Task wait exceeded its 5 s timeout"
    # On a loaded machine it may not have come to its first line.
    started = folder / "started"
    assert not any(alive(int(process)) for process in (started.read_text().split() if started.exists() else ()))


def test_job_timeout(client: WorkspaceClient, folder: Path) -> None:
    """The timeout of the job ends all its tasks."""
    run = ended(client, run_now(client, "job timeout", folder=str(folder)))
    assert [summary(run), *(summary(task) for task in run.tasks or [])] == [
        ("TERMINATED", "TIMEDOUT"),
        ("TERMINATED", "TIMEDOUT"),
        ("TERMINATED", "UPSTREAM_CANCELED"),
    ]


def test_only_some_tasks(client: WorkspaceClient) -> None:
    """With ``only``, a dependency outside the choice counts as satisfied."""
    answer = client.jobs.run_now(job_id(client, "failing"), only=["score"])
    run = ended(client, answer.run_id)
    assert summary(run) == ("TERMINATED", "SUCCESS")
    assert [task.task_key for task in run.tasks or []] == ["score"]


def test_only_an_unknown_task(client: WorkspaceClient) -> None:
    """A task key that the job does not have is refused."""
    with pytest.raises(InvalidParameterValue, match=r"has no task 'evaluate' \(tasks: train, score\)"):
        client.jobs.run_now(job_id(client, "failing"), only=["evaluate"])


def test_undeclared_parameter(client: WorkspaceClient) -> None:
    """A parameter that the job does not declare is refused."""
    with pytest.raises(InvalidParameterValue, match=r"'speed' is not defined in job \d+ \(defined: word, other\)"):
        run_now(client, "echoing", speed="high")


def test_skipped_when_the_job_is_busy(client: WorkspaceClient, folder: Path) -> None:
    """Without a queue a run beyond max_concurrent_runs is SKIPPED at once."""
    first = run_now(client, "one at a time", folder=str(folder))
    second = ended(client, run_now(client, "one at a time", folder=str(folder)))
    assert summary(second) == ("SKIPPED", "MAXIMUM_CONCURRENT_RUNS_REACHED")
    assert second.status is not None
    assert second.status.termination_details is not None
    assert second.status.termination_details.code == TerminationCodeCode.MAX_CONCURRENT_RUNS_EXCEEDED
    (folder / "go").touch()
    assert summary(ended(client, first)) == ("TERMINATED", "SUCCESS")


def test_queued_when_the_job_is_busy(client: WorkspaceClient, folder: Path, tmp_path: Path) -> None:
    """With a queue the run waits; a queued one can be canceled; the rest run in order."""
    first = run_now(client, "one at a time, queued", folder=str(folder))
    second = run_now(client, "one at a time, queued", folder=str(folder))
    third = run_now(client, "one at a time, queued", folder=str(tmp_path))
    waiting = client.jobs.get_run(second)
    assert summary(waiting) == ("QUEUED", None)
    assert waiting.status is not None
    assert waiting.status.queue_details is not None
    assert waiting.status.state == RunLifecycleStateV2State.QUEUED
    client.jobs.cancel_run(third)
    assert summary(ended(client, third)) == ("TERMINATED", "CANCELED")
    (folder / "go").touch()
    assert [summary(ended(client, run_id)) for run_id in (first, second)] == [("TERMINATED", "SUCCESS")] * 2
    assert not (tmp_path / "started").exists()


def test_submitted_run(client: WorkspaceClient) -> None:
    """A run without a job executes its tasks in order."""
    wheel = PythonWheelTask(package_name="steps", entry_point="echo", named_parameters={"a": "b"})
    tasks = [
        SubmitTask(task_key="second", python_wheel_task=wheel, depends_on=[TaskDependency(task_key="first")]),
        SubmitTask(task_key="first", python_wheel_task=wheel),
    ]
    answer = client.jobs.submit(run_name="once", tasks=tasks)
    run = ended(client, answer.run_id)
    assert (summary(run), run.run_name, run.run_type) == (("TERMINATED", "SUCCESS"), "once", RunType.SUBMIT_RUN)
    first, second = task_runs(run, "first")[0], task_runs(run, "second")[0]
    assert (second.start_time or 0) >= (first.end_time or 0)
    assert (client.jobs.get_run_output(first.run_id or 0).logs or "").startswith("arguments --a=b\n")


def test_submitted_run_with_other_kinds_of_tasks(client: WorkspaceClient) -> None:
    """A kind of task that this host does not run is refused, not ignored."""
    from databricks.sdk.service.jobs import NotebookTask

    with pytest.raises(InvalidParameterValue, match="notebook_task: Extra inputs are not permitted"):
        client.jobs.submit(tasks=[SubmitTask(task_key="a", notebook_task=NotebookTask(notebook_path="/x"))])


def test_list_runs(client: WorkspaceClient, folder: Path) -> None:
    """Runs are listed newest first across pages, by job, and by whether they have ended."""
    done = [run_now(client, "vanishing") for _ in range(3)]
    for run_id in done:
        ended(client, run_id)
    active = run_now(client, "waiting", folder=str(folder))
    vanishing = job_id(client, "vanishing")
    listed = [run.run_id for run in client.jobs.list_runs(job_id=vanishing, limit=2)]
    assert listed[:3] == done[::-1]
    assert len(set(listed)) == len(listed)
    assert active in [run.run_id for run in client.jobs.list_runs(active_only=True)]
    assert active not in [run.run_id for run in client.jobs.list_runs(completed_only=True)]
    expanded = next(iter(client.jobs.list_runs(job_id=vanishing, expand_tasks=True, run_type=RunType.JOB_RUN)))
    assert [task.task_key for task in expanded.tasks or []] == ["vanish"]
    (folder / "go").touch()
    assert summary(ended(client, active)) == ("TERMINATED", "SUCCESS")


def test_run_states_on_the_way(client: WorkspaceClient, host: Host, folder: Path) -> None:
    """A run is PENDING while its cluster starts, then RUNNING."""
    host.order_fault(kind="slow_start", delay=600)
    run_id = run_now(client, "waiting", folder=str(folder))
    until(lambda: host.http("GET", "/faults").json()["faults"] == [])
    pending = client.jobs.get_run(run_id)
    assert pending.state is not None
    assert pending.state.life_cycle_state == RunLifeCycleState.PENDING
    client.jobs.cancel_run(run_id)
    assert summary(ended(client, run_id)) == ("TERMINATED", "CANCELED")
    assert not (folder / "started").exists()
