"""Clusters through the real SDK."""

from pathlib import Path

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, InvalidState, ResourceDoesNotExist
from databricks.sdk.service import jobs
from databricks.sdk.service.compute import ClusterSource, ListClustersFilterBy, State, TerminationReasonCode

from local_host.testing.workspace_process import (
    alive,
    ended,
    run_now,
    started_process,
    summary,
    task_runs,
)


def test_a_cluster_may_have_no_name(client: WorkspaceClient) -> None:
    """Its name is empty then, as in the API."""
    made = client.clusters.create("15.4.x-scala2.12", num_workers=1)
    assert client.clusters.get(made.cluster_id or "").cluster_name == ""
    client.clusters.delete(made.cluster_id or "")


def test_job_cluster_lives_as_long_as_its_run(client: WorkspaceClient, folder: Path) -> None:
    """Tasks with the same key share a cluster, which is listed while the run lasts and terminated after it."""
    run_id = run_now(client, "waiting", folder=str(folder))
    started_process(folder)
    running = ListClustersFilterBy(cluster_states=[State.RUNNING])
    mine = [c for c in client.clusters.list(filter_by=running) if f"-run-{run_id}-" in (c.cluster_name or "")]
    assert [cluster.cluster_source for cluster in mine] == [ClusterSource.JOB]
    assert mine[0].node_type_id == "Standard_D4ds_v5"
    (folder / "go").touch()
    run = ended(client, run_id)
    instances = {task.cluster_instance.cluster_id for task in run.tasks or [] if task.cluster_instance}
    assert instances == {mine[0].cluster_id}
    cluster = client.clusters.get(mine[0].cluster_id or "")
    assert cluster.state == State.TERMINATED
    assert cluster.termination_reason is not None
    assert cluster.termination_reason.code == TerminationReasonCode.JOB_FINISHED


def test_deleting_the_cluster_under_a_task(client: WorkspaceClient, folder: Path) -> None:
    """The task's process ends and its run is INTERNAL_ERROR."""
    run_id = run_now(client, "waiting", folder=str(folder))
    process = started_process(folder)
    instance = task_runs(client.jobs.get_run(run_id), "wait")[0].cluster_instance
    assert instance is not None
    client.clusters.delete(instance.cluster_id or "")
    run = ended(client, run_id)
    assert summary(run) == ("INTERNAL_ERROR", "FAILED")
    assert run.state is not None
    assert f"Cluster {instance.cluster_id} was terminated by a user" in (run.state.state_message or "")
    assert not alive(process)


def test_interactive_cluster(client: WorkspaceClient) -> None:
    """A client's own cluster is created running, terminated, and started again."""
    made = client.clusters.create(
        "15.4.x-scala2.12", cluster_name="explore", num_workers=1, custom_tags={"essential": "false"}
    ).result()
    assert (made.state, made.cluster_source) == (State.RUNNING, ClusterSource.API)
    assert made.custom_tags == {"essential": "false"}
    stopped = client.clusters.delete(made.cluster_id or "").result()
    assert stopped.termination_reason is not None
    assert stopped.termination_reason.code == TerminationReasonCode.USER_REQUEST
    assert client.clusters.start(made.cluster_id or "").result().state == State.RUNNING


def test_starting_what_is_not_terminated(client: WorkspaceClient) -> None:
    """Databricks refuses, whatever its documentation says."""
    made = client.clusters.create("15.4.x-scala2.12", cluster_name="twice", num_workers=1)
    with pytest.raises(InvalidState, match="is in unexpected state Pending"):
        client.clusters.start(made.cluster_id)
    client.clusters.wait_get_cluster_running(made.cluster_id)
    with pytest.raises(InvalidState, match="is in unexpected state Running"):
        client.clusters.start(made.cluster_id)


def test_job_cluster_cannot_be_started(client: WorkspaceClient, folder: Path) -> None:
    """Its run is over."""
    (folder / "go").touch()
    run = ended(client, run_now(client, "waiting", folder=str(folder)))
    instance = task_runs(run, "wait")[0].cluster_instance
    assert instance is not None
    with pytest.raises(InvalidParameterValue, match="was launched to run a job and cannot be started"):
        client.clusters.start(instance.cluster_id or "")


def test_clusters_in_pages(client: WorkspaceClient) -> None:
    """The SDK follows the pages; each cluster comes once, newest first."""
    made = [
        client.clusters.create("15.4.x-scala2.12", cluster_name=f"page {number}", num_workers=1).cluster_id
        for number in range(5)
    ]
    listed = [cluster.cluster_id for cluster in client.clusters.list(page_size=2) if cluster.cluster_id in made]
    assert listed == made[::-1]


def test_task_waits_for_its_cluster(client: WorkspaceClient, folder: Path) -> None:
    """A run on a terminated cluster starts it, and its task runs when the cluster does."""
    made = client.clusters.create("15.4.x-scala2.12", cluster_name="asleep", num_workers=1)
    client.clusters.delete(made.cluster_id).result()
    wheel = jobs.PythonWheelTask(package_name="steps", entry_point="wait", parameters=[str(folder)])
    task = jobs.SubmitTask(task_key="wait", existing_cluster_id=made.cluster_id, python_wheel_task=wheel)
    run_id = client.jobs.submit(run_name="wakes", tasks=[task]).run_id
    started_process(folder)
    assert client.clusters.get(made.cluster_id).state == State.RUNNING
    (folder / "go").touch()
    assert summary(ended(client, run_id)) == ("TERMINATED", "SUCCESS")


def test_unknown_cluster(client: WorkspaceClient) -> None:
    """Reading a missing cluster is ResourceDoesNotExist, deleting it InvalidParameterValue, as on Databricks."""
    with pytest.raises(ResourceDoesNotExist, match="Cluster none does not exist"):
        client.clusters.get("none")
    with pytest.raises(InvalidParameterValue, match="Cluster none does not exist"):
        client.clusters.delete("none")
