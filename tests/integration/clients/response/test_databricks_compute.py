"""Listing, pausing and resuming compute, through the real SDK against a local workspace."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from databricks.sdk.service.sql import EndpointTagPair, EndpointTags

from local_host.testing.workspace_process import Host, ended, run_now, started_process, summary, until
from nightshift.clients.response.databricks_compute import DatabricksCompute
from nightshift.domain.platform.errors import ConflictError, ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.response.compute import ComputeRef, ComputeResource, ComputeState
from tests.support.refusals import refusal

SPARK = "15.4.x-scala2.12"
TAG = "nightshift-essential"


@pytest.fixture(scope="module")
def shared_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A workspace whose compute changes its state at once."""
    host = Host(tmp_path_factory.mktemp("compute"), options=["--settle-seconds", "0"])
    host.start()
    yield host
    host.close()


@pytest.fixture
def host(shared_host: Host) -> Iterator[Host]:
    """The shared host without ordered faults."""
    yield shared_host
    shared_host.http("DELETE", "/faults").raise_for_status()


@pytest.fixture
def slow_host(tmp_path: Path) -> Iterator[Host]:
    """A workspace of the test's own, whose compute takes longer than any test to change."""
    host = Host(tmp_path, options=["--settle-seconds", "600"])
    host.start()
    yield host
    host.close()


def _compute(host: Host) -> DatabricksCompute:
    return DatabricksCompute(host.client(patience=2))


def _cluster(host: Host, name: str, tag: str = "false") -> ComputeRef:
    made = host.client().clusters.create(SPARK, cluster_name=name, num_workers=1, custom_tags={TAG: tag})
    return ComputeRef(kind="all_purpose_cluster", id=made.cluster_id)


def _warehouse(host: Host, name: str, tag: str = "false") -> ComputeRef:
    tags = EndpointTags([EndpointTagPair(key=TAG, value=tag)])
    made = host.client().warehouses.create(name=name, tags=tags).result()
    return ComputeRef(kind="sql_warehouse", id=made.id or "")


def _listed(compute: DatabricksCompute, ref: ComputeRef) -> ComputeResource:
    [found] = [item for item in compute.list_compute() if item.ref == ref]
    return found


def _job_cluster(compute: DatabricksCompute, run_id: int) -> ComputeResource:
    [found] = [item for item in compute.list_compute() if item.run_ids == (run_id,)]
    return found


def _reached(compute: DatabricksCompute, ref: ComputeRef, state: ComputeState) -> bool:
    return until(lambda: compute.state(ref) == state)


def test_all_kinds_are_listed(host: Host, tmp_path: Path) -> None:
    """With name, state, tags, and the runs that use a job cluster."""
    compute = _compute(host)
    cluster, warehouse = _cluster(host, "explore"), _warehouse(host, "reports", "true")
    run_id = run_now(host.client(), "waiting", folder=str(tmp_path))
    started_process(tmp_path)
    found = _listed(compute, cluster)
    assert (found.name, found.state, found.tags[TAG]) == ("explore", "running", "false")
    found = _listed(compute, warehouse)
    assert (found.name, found.state, found.tags) == ("reports", "running", {TAG: "true"})
    found = _job_cluster(compute, run_id)
    assert (found.kind, found.state, found.run_ids) == ("job_cluster", "running", (run_id,))
    (tmp_path / "go").touch()
    ended(host.client(), run_id)
    assert found.ref not in [item.ref for item in compute.list_compute()]


def test_many_clusters_are_listed(host: Host) -> None:
    """More than one page of them, each once."""
    names = {f"many {number}" for number in range(25)}
    for name in names:
        host.http("POST", "/api/2.1/clusters/create", json={"cluster_name": name, "spark_version": SPARK})
    listed = [item.name for item in _compute(host).list_compute() if item.name in names]
    assert sorted(listed) == sorted(names)


def test_a_cluster_is_paused_and_resumed(host: Host) -> None:
    """Each as often as wanted."""
    compute, ref = _compute(host), _cluster(host, "twice")
    compute.pause(ref)
    compute.pause(ref)
    assert compute.state(ref) == "stopped"
    compute.resume(ref)
    compute.resume(ref)
    assert compute.state(ref) == "running"


def test_a_warehouse_is_paused_and_resumed(host: Host) -> None:
    """Each as often as wanted."""
    compute, ref = _compute(host), _warehouse(host, "twice")
    compute.pause(ref)
    compute.pause(ref)
    assert compute.state(ref) == "stopped"
    compute.resume(ref)
    compute.resume(ref)
    assert compute.state(ref) == "running"


def test_pausing_a_job_cluster_cancels_its_runs(host: Host, tmp_path: Path) -> None:
    """The run ends as canceled and its cluster with it; a second pause is success; it cannot be resumed."""
    compute = _compute(host)
    run_id = run_now(host.client(), "waiting", folder=str(tmp_path))
    started_process(tmp_path)
    ref = _job_cluster(compute, run_id).ref
    compute.pause(ref)
    assert summary(ended(host.client(), run_id)) == ("TERMINATED", "CANCELED")
    assert _reached(compute, ref, "stopped")
    compute.pause(ref)
    with refusal(ServiceRefusedError, "start the job again", service="Databricks"):
        compute.resume(ref)


def test_compute_on_its_way(slow_host: Host) -> None:
    """It changes; what starts can be paused and resumed, what terminates cannot be started yet."""
    compute, ref = _compute(slow_host), _cluster(slow_host, "slow")
    assert compute.state(ref) == "changing"
    compute.resume(ref)
    compute.pause(ref)
    compute.pause(ref)
    assert compute.state(ref) == "changing"
    with refusal(ConflictError, "= TERMINATING: ", " TERMINATED") as caught:
        compute.resume(ref)
    assert caught.value.retryable


def test_what_is_gone(host: Host) -> None:
    """Pausing it is success, since it costs nothing; reading or resuming it is not."""
    compute = _compute(host)
    for ref in (ComputeRef(kind="all_purpose_cluster", id="none"), ComputeRef(kind="sql_warehouse", id="none")):
        compute.pause(ref)
        with pytest.raises(ServiceRefusedError, match=f"{ref.kind} 'none': does not exist"):
            compute.state(ref)
        with pytest.raises(ServiceRefusedError, match=f"{ref.kind} 'none': does not exist"):
            compute.resume(ref)


def test_pause_survives_a_crash_of_the_workspace(tmp_path: Path) -> None:
    """What was stopped is stopped after kill -9."""
    host = Host(tmp_path, options=["--settle-seconds", "0"])
    host.start()
    try:
        refs = (_cluster(host, "explore"), _warehouse(host, "reports"))
        for ref in refs:
            _compute(host).pause(ref)
        host.kill()
        host.start()
        assert [_compute(host).state(ref) for ref in refs] == ["stopped", "stopped"]
    finally:
        host.close()


def test_unauthenticated(host: Host) -> None:
    """A refused token will be refused again, and the answer says what to do."""
    compute = DatabricksCompute(host.client(token="wrong", patience=2))
    with pytest.raises(ServiceRefusedError, match="401 Invalid access token.*add it as a service principal"):
        compute.list_compute()


@pytest.mark.parametrize("kind", ["internal_error", "service_unavailable", "too_many_requests"])
def test_errors_that_pass(host: Host, kind: str) -> None:
    """They are retryable, and the next call works."""
    compute, ref = _compute(host), _cluster(host, f"faulty {kind}")
    host.order_fault(kind=kind, times=100)
    with pytest.raises(ServiceUnavailableError, match="ordered fault"):
        compute.pause(ref)
    host.http("DELETE", "/faults").raise_for_status()
    compute.pause(ref)
    assert compute.state(ref) == "stopped"


def test_nobody_listens(tmp_path: Path) -> None:
    """A workspace that is down is not available, within the client's timeout."""
    host = Host(tmp_path)
    host.start()
    try:
        compute = _compute(host)
        host.kill()
        with pytest.raises(ServiceUnavailableError, match="Connection refused"):
            compute.list_compute()
    finally:
        host.close()
