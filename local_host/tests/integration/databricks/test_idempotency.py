"""One token, one run: through repeats, lost responses and restarts."""

from pathlib import Path

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue
from databricks.sdk.service.jobs import PythonWheelTask, SubmitTask

from local_host.testing.workspace_process import Host, ended, job_id, run_now, summary


def _count(client: WorkspaceClient, job: str) -> int:
    return len(list(client.jobs.list_runs(job_id=job_id(client, job))))


def test_same_token_gives_the_same_run(client: WorkspaceClient) -> None:
    """A repeat gives the first run, even with other parameters and after the end of the run."""
    before = _count(client, "echoing")
    first = run_now(client, "echoing", token="token-a", word="one")
    ended(client, first)
    assert run_now(client, "echoing", token="token-a", word="two") == first
    assert _count(client, "echoing") == before + 1


def test_tokens_hold_for_submitted_runs(client: WorkspaceClient) -> None:
    """runs/submit knows tokens too."""
    tasks = [SubmitTask(task_key="a", python_wheel_task=PythonWheelTask(package_name="steps", entry_point="echo"))]
    run_ids = {client.jobs.submit(tasks=tasks, idempotency_token="token-b").run_id for _ in range(2)}
    assert len(run_ids) == 1


def test_token_length(client: WorkspaceClient) -> None:
    """A token has at most 64 characters."""
    assert run_now(client, "echoing", token="t" * 64) > 0
    with pytest.raises(InvalidParameterValue, match="idempotency_token: String should have at most 64 characters"):
        run_now(client, "echoing", token="t" * 65)


def test_lost_response_with_a_token(host: Host, client: WorkspaceClient) -> None:
    """The answer is lost after the run was created; the SDK's repeat finds that run."""
    before = _count(client, "echoing")
    host.order_fault(kind="lost_response")
    run_id = run_now(client, "echoing", token="token-c")
    assert summary(ended(client, run_id)) == ("TERMINATED", "SUCCESS")
    assert _count(client, "echoing") == before + 1


def test_lost_response_without_a_token(host: Host, client: WorkspaceClient) -> None:
    """Without a token the SDK's repeat makes a second run: the reason for tokens."""
    before = _count(client, "echoing")
    host.order_fault(kind="lost_response")
    run_now(client, "echoing")
    assert _count(client, "echoing") == before + 2


def test_token_after_a_crash(own_host: Host, folder: Path) -> None:
    """Tokens outlive the host."""
    first = run_now(own_host.client(), "waiting", token="token-d", folder=str(folder))
    own_host.kill()
    own_host.start()
    client = own_host.client()
    assert run_now(client, "waiting", token="token-d", folder=str(folder)) == first
    (folder / "go").touch()
    assert summary(ended(client, first)) == ("TERMINATED", "SUCCESS")
    assert (folder / "started").read_text().count("\n") == 1
