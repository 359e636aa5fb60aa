"""Ordered faults, as the real SDK meets them."""

from pathlib import Path

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import OperationFailed, Unauthenticated
from databricks.sdk.service.compute import State
from databricks.sdk.service.jobs import Run, TerminationCodeCode, TerminationTypeType

from local_host.testing.workspace_process import (
    Host,
    alive,
    ended,
    job_id,
    run_now,
    started_process,
    summary,
    task_runs,
)


def _termination(run: Run) -> tuple[TerminationCodeCode | None, TerminationTypeType | None]:
    assert run.status is not None
    assert run.status.termination_details is not None
    return run.status.termination_details.code, run.status.termination_details.type


@pytest.mark.parametrize(("kind", "status"), [("too_many_requests", 429), ("service_unavailable", 503)])
def test_sdk_repeats_what_was_refused(host: Host, client: WorkspaceClient, kind: str, status: int) -> None:
    """429 and 503 carry Retry-After; the SDK repeats until the fault is used up."""
    host.order_fault(kind=kind, times=3, retry_after=0, path="/api/2.2/jobs/runs/list")
    answer = host.http("GET", "/api/2.2/jobs/runs/list")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "0")
    assert host.http("GET", "/api/2.2/jobs/list").status_code == 200
    list(client.jobs.list_runs(limit=1))
    assert host.http("GET", "/faults").json() == {"faults": []}


def test_unauthorized(host: Host, client: WorkspaceClient) -> None:
    """A token that expires: one call fails, the next works."""
    host.order_fault(kind="unauthorized")
    with pytest.raises(Unauthenticated, match="ordered fault"):
        client.current_user.me()
    assert client.current_user.me().active is True


def test_lost_response_drops_the_connection(host: Host) -> None:
    """The request is carried out and its connection ends without a byte of an answer."""
    host.order_fault(kind="lost_response", path="/api/2.1/clusters/create")
    body = {"cluster_name": "lost answer", "spark_version": "15.4.x-scala2.12"}
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        host.http("POST", "/api/2.1/clusters/create", json=body)
    names = [cluster["cluster_name"] for cluster in host.http("GET", "/api/2.1/clusters/list").json()["clusters"]]
    assert names.count("lost answer") == 1


def test_cluster_start_failure(host: Host, client: WorkspaceClient, folder: Path) -> None:
    """The run ends as INTERNAL_ERROR of the cloud before its code started; the SDK's waiting raises."""
    host.order_fault(kind="cluster_start_failure")
    waiting = client.jobs.run_now(job_id(client, "waiting"), job_parameters={"folder": str(folder)})
    with pytest.raises(OperationFailed, match="CLOUD_PROVIDER_LAUNCH_FAILURE"):
        waiting.result()
    run = client.jobs.get_run(waiting.run_id)
    assert summary(run) == ("INTERNAL_ERROR", "FAILED")
    assert _termination(run) == (TerminationCodeCode.CLUSTER_ERROR, TerminationTypeType.CLOUD_FAILURE)
    assert summary(task_runs(run, "after")[0]) == ("TERMINATED", "UPSTREAM_FAILED")
    assert not (folder / "started").exists()


def test_spot_loss(host: Host, client: WorkspaceClient, folder: Path) -> None:
    """The cluster is taken away under a running task: its process ends, the run is INTERNAL_ERROR."""
    run_id = run_now(client, "waiting", folder=str(folder))
    process = started_process(folder)
    host.order_fault(kind="spot_loss")
    run = ended(client, run_id)
    assert summary(run) == ("INTERNAL_ERROR", "FAILED")
    assert _termination(run) == (TerminationCodeCode.CLOUD_FAILURE, TerminationTypeType.CLOUD_FAILURE)
    assert run.state is not None
    assert "SPOT_INSTANCE_TERMINATION" in (run.state.state_message or "")
    assert not alive(process)
    instance = task_runs(run, "wait")[0].cluster_instance
    assert instance is not None
    assert client.clusters.get(instance.cluster_id or "").state == State.TERMINATED


def test_spot_loss_is_retried_if_the_task_has_retries(host: Host, client: WorkspaceClient, folder: Path) -> None:
    """The second attempt goes through."""
    run_id = run_now(client, "waiting with a retry", folder=str(folder))
    started_process(folder)
    host.order_fault(kind="spot_loss")
    started_process(folder, count=2)
    (folder / "go").touch()
    run = ended(client, run_id)
    assert summary(run) == ("TERMINATED", "SUCCESS")
    assert [summary(attempt) for attempt in task_runs(run, "wait")] == [
        ("INTERNAL_ERROR", "FAILED"),
        ("TERMINATED", "SUCCESS"),
    ]


def test_faults_are_listed_and_cleared(host: Host) -> None:
    """Orders can be read and taken back."""
    host.order_fault(kind="spot_loss", times=2, delay=1.5)
    expected = {"faults": [{"kind": "spot_loss", "times": 2, "delay": 1.5, "left": 2}]}
    assert host.http("GET", "/faults").json() == expected
    assert host.http("DELETE", "/faults").json() == {"faults": []}


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        ({"kind": "earthquake"}, "kind: Input should be"),
        ({"kind": "spot_loss", "times": 0}, "times: Input should be greater than or equal to 1"),
        ({"kind": "spot_loss", "path": "/api"}, "path: has no meaning for spot_loss"),
        ({"kind": "unauthorized", "retry_after": 1}, "retry_after: has no meaning for unauthorized"),
        ({"kind": "slow_start"}, "delay: slow_start needs the seconds"),
        ({"kind": "unauthorized", "delay": 1}, "delay: has no meaning for unauthorized"),
    ],
)
def test_bad_orders(host: Host, order: dict[str, object], complaint: str) -> None:
    """A fault that could not happen as ordered is refused."""
    answer = host.http("POST", "/faults", json=order)
    assert answer.status_code == 400
    assert complaint in answer.json()["message"]


def test_faults_need_the_token(host: Host) -> None:
    """Nobody without the token orders faults."""
    answer = httpx.post(f"{host.url}/faults", json={"kind": "unauthorized"}, trust_env=False)
    assert answer.status_code == 401
