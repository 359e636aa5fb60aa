"""The parts of the local workspace, put together."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_host.databricks.answer_shape import AnswerShape, Shape
from local_host.databricks.clock import now_ms
from local_host.databricks.cluster_store import ClusterStore
from local_host.databricks.compute_settings import WarehouseSettings
from local_host.databricks.database import Database
from local_host.databricks.definitions import JobSettings
from local_host.databricks.endpoint_store import EndpointStore
from local_host.databricks.endpoint_updates import EndpointUpdates
from local_host.databricks.faults import Faults
from local_host.databricks.model_workers import ModelWorkers
from local_host.databricks.registry import Registry
from local_host.databricks.run_executor import RunExecutor
from local_host.databricks.run_store import RunStore
from local_host.databricks.task_execution import TaskExecution
from local_host.databricks.task_run_store import TaskRunStore
from local_host.databricks.warehouse_store import WarehouseStore
from local_host.databricks.workspace_file import WorkspaceFile


@dataclass(frozen=True)
class Workspace:
    """Everything that requests need."""

    jobs: Mapping[int, JobSettings]
    database: Database
    runs: RunStore
    task_runs: TaskRunStore
    clusters: ClusterStore
    warehouses: WarehouseStore
    endpoints: EndpointStore
    endpoint_updates: EndpointUpdates
    model_workers: ModelWorkers
    registry: Registry
    faults: Faults
    answers: AnswerShape
    execution: TaskExecution
    executor: RunExecutor

    def start(self) -> None:
        """Go on with what an earlier host left. Needs a running event loop."""
        self.executor.resume()
        self.endpoint_updates.resume()

    async def close(self) -> None:
        """End all processes and close the state file."""
        await self.executor.close()
        await self.endpoint_updates.close()
        await self.model_workers.close()
        await self.registry.close()
        self.database.close()


def open_workspace(
    jobs: Mapping[int, JobSettings],
    listed: WorkspaceFile,
    state: Path,
    root: Path,
    entry_points: Path,
    *,
    registry_url: str | None,
    settle_ms: int,
    shape: Shape,
) -> Workspace:
    """Open the workspace of a state folder, made if missing.

    Args:
        listed: what a fresh workspace has; what exists by name stays as it is.
        settle_ms: how long clusters and warehouses take to start and to stop, and endpoints to be updated.
        shape: how the end of a run is told until another shape is ordered.
    """
    state.mkdir(parents=True, exist_ok=True)
    database = Database(state / "databricks.sqlite")
    runs, task_runs = RunStore(database, now_ms), TaskRunStore(database, now_ms)
    clusters, faults = ClusterStore(database, now_ms, settle_ms), Faults()
    warehouses, endpoints = WarehouseStore(database, now_ms, settle_ms), EndpointStore(database, now_ms)
    _create_missing(listed, clusters, warehouses, endpoints)
    registry = Registry(registry_url)
    execution = TaskExecution(
        task_runs=task_runs,
        clusters=clusters,
        faults=faults,
        root=root,
        entry_points=entry_points,
        folder=state / "task_runs",
        now_ms=now_ms,
    )
    return Workspace(
        jobs=jobs,
        database=database,
        runs=runs,
        task_runs=task_runs,
        clusters=clusters,
        warehouses=warehouses,
        endpoints=endpoints,
        endpoint_updates=EndpointUpdates(endpoints, registry, faults, now_ms, settle_ms),
        model_workers=ModelWorkers(registry, state / "served_models"),
        registry=registry,
        faults=faults,
        answers=AnswerShape(shape),
        execution=execution,
        executor=RunExecutor(runs=runs, task_runs=task_runs, clusters=clusters, execution=execution, now_ms=now_ms),
    )


def _create_missing(
    listed: WorkspaceFile, clusters: ClusterStore, warehouses: WarehouseStore, endpoints: EndpointStore
) -> None:
    existing = {cluster.cluster_name for cluster in clusters.all() if cluster.source == "API"}
    for cluster in listed.clusters:
        if cluster.cluster_name not in existing:
            spec = cluster.model_dump(mode="json", exclude={"state"}, exclude_none=True)
            made = clusters.create(cluster.cluster_name, spec)
            if cluster.state == "TERMINATED":
                clusters.terminate(made.cluster_id, "USER_REQUEST")
    existing = {warehouse.settings.name for warehouse in warehouses.all()}
    for warehouse in listed.sql_warehouses:
        if warehouse.name not in existing:
            settings = WarehouseSettings.model_validate(warehouse.model_dump(exclude={"state"}))
            made_id = warehouses.create(settings).warehouse_id
            if warehouse.state == "STOPPED":
                warehouses.stop(made_id)
    for endpoint in listed.serving_endpoints:
        if endpoints.get(endpoint.name) is None:
            endpoints.create(endpoint)
