"""Hosts that are killed or shut down while runs are under way."""

import os
import signal
from pathlib import Path

from local_host.testing.workspace_process import (
    Host,
    alive,
    ended,
    run_now,
    started_process,
    summary,
    task_runs,
    until,
)


def test_task_goes_on_while_the_host_is_down(own_host: Host, folder: Path) -> None:
    """A killed host leaves the process; the next host adopts it and finishes the run with the task after it."""
    run_id = run_now(own_host.client(), "waiting", folder=str(folder))
    process = started_process(folder)
    own_host.kill()
    assert alive(process)
    own_host.start()
    client = own_host.client()
    assert summary(client.jobs.get_run(run_id)) == ("RUNNING", None)
    (folder / "go").touch()
    run = ended(client, run_id)
    assert [summary(run), *(summary(task) for task in run.tasks or [])] == [("TERMINATED", "SUCCESS")] * 3
    assert "went on" in (client.jobs.get_run_output(task_runs(run, "wait")[0].run_id or 0).logs or "")
    assert (folder / "started").read_text() == f"{process}\n"


def test_task_ends_while_the_host_is_down(own_host: Host, folder: Path) -> None:
    """The outcome that a process left is read by the next host."""
    run_id = run_now(own_host.client(), "waiting", folder=str(folder))
    process = started_process(folder)
    own_host.kill()
    (folder / "go").touch()
    until(lambda: not alive(process))
    own_host.start()
    assert summary(ended(own_host.client(), run_id)) == ("TERMINATED", "SUCCESS")
    assert (folder / "started").read_text() == f"{process}\n"


def test_task_dies_with_the_host(own_host: Host, folder: Path) -> None:
    """A process that is gone without an outcome makes the run INTERNAL_ERROR; it is not started again."""
    run_id = run_now(own_host.client(), "waiting", folder=str(folder))
    process = started_process(folder)
    own_host.kill()
    os.kill(process, signal.SIGKILL)
    own_host.start()
    run = ended(own_host.client(), run_id)
    assert summary(run) == ("INTERNAL_ERROR", "FAILED")
    assert run.state is not None
    assert "ended without a result while the local Databricks host was down" in (run.state.state_message or "")
    assert (folder / "started").read_text() == f"{process}\n"


def test_task_that_dies_with_the_host_is_retried_if_it_has_retries(own_host: Host, folder: Path) -> None:
    """A task with a retry gets its second attempt from the next host."""
    run_id = run_now(own_host.client(), "waiting with a retry", folder=str(folder))
    process = started_process(folder)
    own_host.kill()
    os.kill(process, signal.SIGKILL)
    own_host.start()
    started_process(folder, count=2)
    (folder / "go").touch()
    run = ended(own_host.client(), run_id)
    assert summary(run) == ("TERMINATED", "SUCCESS")
    assert [attempt.attempt_number for attempt in task_runs(run, "wait")] == [0, 1]


def test_adopted_task_can_be_canceled(own_host: Host, folder: Path) -> None:
    """A host ends a process that it did not start."""
    run_id = run_now(own_host.client(), "waiting", folder=str(folder))
    process = started_process(folder)
    own_host.kill()
    own_host.start()
    client = own_host.client()
    client.jobs.cancel_run(run_id)
    assert summary(ended(client, run_id)) == ("TERMINATED", "CANCELED")
    until(lambda: not alive(process))


def test_shutdown_ends_the_tasks(own_host: Host, folder: Path) -> None:
    """A host told to stop ends its processes; their runs are INTERNAL_ERROR and say why."""
    run_id = run_now(own_host.client(), "waiting", folder=str(folder))
    process = started_process(folder)
    own_host.shut_down()
    assert not alive(process)
    own_host.start()
    run = own_host.client().jobs.get_run(run_id)
    assert summary(run) == ("INTERNAL_ERROR", "FAILED")
    assert run.state is not None
    assert "The local Databricks host was shut down" in (run.state.state_message or "")


def test_queue_survives(own_host: Host, folder: Path) -> None:
    """A queued run waits through a crash and starts when its turn comes."""
    client = own_host.client()
    first = run_now(client, "one at a time, queued", folder=str(folder))
    second = run_now(client, "one at a time, queued", folder=str(folder))
    started_process(folder)
    own_host.kill()
    own_host.start()
    client = own_host.client()
    assert summary(client.jobs.get_run(second)) == ("QUEUED", None)
    (folder / "go").touch()
    assert [summary(ended(client, run_id)) for run_id in (first, second)] == [("TERMINATED", "SUCCESS")] * 2


def test_queued_run_starts_after_a_shutdown(own_host: Host, folder: Path) -> None:
    """A shutdown ends the running one and keeps the queued one, which the next host starts."""
    client = own_host.client()
    first = run_now(client, "one at a time, queued", folder=str(folder))
    second = run_now(client, "one at a time, queued", folder=str(folder))
    started_process(folder)
    own_host.shut_down()
    (folder / "go").touch()
    own_host.start()
    client = own_host.client()
    assert summary(client.jobs.get_run(first)) == ("INTERNAL_ERROR", "FAILED")
    assert summary(ended(client, second)) == ("TERMINATED", "SUCCESS")
