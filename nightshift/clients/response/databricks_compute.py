"""Clusters and SQL warehouses through databricks-sdk."""

import logging

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors.platform import InvalidState, NotFound
from databricks.sdk.service.compute import ClusterDetails, ClusterSource, ListClustersFilterBy
from databricks.sdk.service.compute import State as ClusterState
from databricks.sdk.service.sql import EndpointInfo
from databricks.sdk.service.sql import State as WarehouseState

from nightshift.clients.platform.databricks_errors import translated
from nightshift.domain.platform.errors import ConflictError, ServiceRefusedError
from nightshift.domain.response.compute import ComputeKind, ComputeRef, ComputeResource, ComputeState

logger = logging.getLogger(__name__)

_PERMISSION = "give the app's service principal CAN_MANAGE on the cluster and CAN_MANAGE on the SQL warehouse"

# Clusters of pipelines and of Databricks' own services are stopped through their owners, so they are not listed. Of
# job clusters only those count that still cost something: each run leaves one behind.
_ALL_PURPOSE = ListClustersFilterBy(cluster_sources=[ClusterSource.UI, ClusterSource.API])
_OF_JOBS = ListClustersFilterBy(
    cluster_sources=[ClusterSource.JOB],
    cluster_states=[
        *(ClusterState.PENDING, ClusterState.RUNNING, ClusterState.RESTARTING),
        *(ClusterState.RESIZING, ClusterState.TERMINATING),
    ],
)
_STOPPED_CLUSTER = frozenset({ClusterState.TERMINATED, ClusterState.ERROR})
_STOPPED_WAREHOUSE = frozenset({WarehouseState.STOPPED, WarehouseState.DELETING, WarehouseState.DELETED})


class DatabricksCompute:
    """Implements `ComputeService`. Nothing here waits: Databricks goes on after the answer."""

    def __init__(self, workspace: WorkspaceClient) -> None:
        self._workspace = workspace

    def list_compute(self) -> tuple[ComputeResource, ...]:
        """All-purpose clusters, clusters of unfinished job runs, and SQL warehouses, with tags and state."""
        with translated(_PERMISSION):
            clusters = [*self._workspace.clusters.list(filter_by=_ALL_PURPOSE)]
            of_jobs = [*self._workspace.clusters.list(filter_by=_OF_JOBS)]
            runs = self._runs_by_cluster() if of_jobs else {}
            warehouses = [*self._workspace.warehouses.list()]
        return (
            *(_cluster("all_purpose_cluster", item, ()) for item in clusters),
            *(_cluster("job_cluster", item, tuple(runs.get(item.cluster_id or "", ()))) for item in of_jobs),
            *(_warehouse(item) for item in warehouses),
        )

    def state(self, resource: ComputeRef) -> ComputeState:
        """The state of a resource now.

        Raises:
            ServiceRefusedError: there is no such cluster or warehouse.
        """
        with translated(_PERMISSION):
            state = self._find(resource)
        if state is None:
            hint = "it was deleted, or belongs to another workspace"
            raise ServiceRefusedError("Databricks", f"{resource.kind} {resource.id!r}: does not exist", hint)
        return state

    def pause(self, resource: ComputeRef) -> None:
        with translated(_PERMISSION):
            state = self._find(resource)
            if state is None:
                logger.info("compute_gone kind=%s id=%s", resource.kind, resource.id)
            elif state == "stopped":
                return
            elif resource.kind == "sql_warehouse":
                self._workspace.warehouses.stop(resource.id)
            elif resource.kind == "all_purpose_cluster":
                self._workspace.clusters.delete(resource.id)
            else:
                self._end_job_cluster(resource.id)

    def resume(self, resource: ComputeRef) -> None:
        if resource.kind == "job_cluster":
            hint = "its runs were canceled; start the job again"
            raise ServiceRefusedError("Databricks", f"job cluster {resource.id!r}: cannot be started", hint)
        if self.state(resource) == "running":
            return
        with translated(_PERMISSION):
            if resource.kind == "sql_warehouse":
                self._workspace.warehouses.start(resource.id)
                return
            try:
                self._workspace.clusters.start(resource.id)
            except InvalidState as error:
                # Databricks refuses unless the cluster is TERMINATED. One that starts, or runs by now, is what we want.
                found = self._workspace.clusters.get(resource.id).state
                if found in {ClusterState.TERMINATING, ClusterState.TERMINATED}:
                    raise ConflictError(
                        f"cluster {resource.id!r} = {found.value}: it can be started once it is TERMINATED",
                        cluster=resource.id,
                    ) from error

    def _find(self, resource: ComputeRef) -> ComputeState | None:
        try:
            if resource.kind == "sql_warehouse":
                return _warehouse_state(self._workspace.warehouses.get(resource.id).state)
            return _cluster_state(self._workspace.clusters.get(resource.id).state)
        except NotFound:
            return None

    def _end_job_cluster(self, cluster_id: str) -> None:
        run_ids = self._runs_by_cluster().get(cluster_id)
        for run_id in run_ids or ():
            self._workspace.jobs.cancel_run(run_id)
        if not run_ids:
            # Its run has ended meanwhile, and Databricks is about to take it down; make sure of it.
            self._workspace.clusters.delete(cluster_id)

    def _runs_by_cluster(self) -> dict[str, list[int]]:
        """Ids of unfinished job runs by the clusters that their tasks use."""
        found: dict[str, list[int]] = {}
        for run in self._workspace.jobs.list_runs(active_only=True, expand_tasks=True):
            used = {task.cluster_instance.cluster_id for task in run.tasks or [] if task.cluster_instance}
            if run.cluster_instance is not None:
                used.add(run.cluster_instance.cluster_id)
            for cluster_id in used:
                if cluster_id is not None and run.run_id is not None:
                    found.setdefault(cluster_id, []).append(run.run_id)
        return found


def _cluster(kind: ComputeKind, item: ClusterDetails, run_ids: tuple[int, ...]) -> ComputeResource:
    assert item.cluster_id is not None, "Databricks listed a cluster without an id"
    return ComputeResource(
        kind=kind,
        id=item.cluster_id,
        name=item.cluster_name or item.cluster_id,
        state=_cluster_state(item.state),
        # Tags of an instance pool reach a cluster as default tags.
        tags={**(item.default_tags or {}), **(item.custom_tags or {})},
        run_ids=tuple(sorted(run_ids)),
    )


def _warehouse(item: EndpointInfo) -> ComputeResource:
    assert item.id is not None, "Databricks listed a warehouse without an id"
    pairs = (item.tags.custom_tags if item.tags else None) or []
    return ComputeResource(
        kind="sql_warehouse",
        id=item.id,
        name=item.name or item.id,
        state=_warehouse_state(item.state),
        tags={pair.key: pair.value or "" for pair in pairs if pair.key is not None},
    )


def _cluster_state(state: ClusterState | None) -> ComputeState:
    if state == ClusterState.RUNNING:
        return "running"
    return "stopped" if state in _STOPPED_CLUSTER else "changing"


def _warehouse_state(state: WarehouseState | None) -> ComputeState:
    if state == WarehouseState.RUNNING:
        return "running"
    return "stopped" if state in _STOPPED_WAREHOUSE else "changing"
