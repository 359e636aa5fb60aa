"""The parts of the local workspace, put together."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_host.databricks.clock import now_ms
from local_host.databricks.cluster_store import ClusterStore
from local_host.databricks.database import Database
from local_host.databricks.definitions import JobSettings
from local_host.databricks.faults import Faults
from local_host.databricks.run_executor import RunExecutor
from local_host.databricks.run_store import RunStore
from local_host.databricks.task_execution import TaskExecution
from local_host.databricks.task_run_store import TaskRunStore
from local_host.databricks.webhooks import WebhookSender


@dataclass(frozen=True)
class Workspace:
    """Everything that requests need."""

    jobs: Mapping[int, JobSettings]
    database: Database
    runs: RunStore
    task_runs: TaskRunStore
    clusters: ClusterStore
    faults: Faults
    execution: TaskExecution
    webhooks: WebhookSender
    executor: RunExecutor

    def start(self) -> None:
        """Go on with what an earlier host left. Needs a running event loop."""
        self.executor.resume()
        self.webhooks.send_pending()

    async def close(self) -> None:
        """End all processes and close the state file."""
        await self.executor.close()
        await self.webhooks.close()
        self.database.close()


def open_workspace(jobs: Mapping[int, JobSettings], state: Path, root: Path, webhook: str | None) -> Workspace:
    """Open the workspace of a state folder, made if missing."""
    state.mkdir(parents=True, exist_ok=True)
    database = Database(state / "databricks.sqlite")
    runs, task_runs = RunStore(database, now_ms), TaskRunStore(database, now_ms)
    clusters, faults = ClusterStore(database, now_ms), Faults()
    execution = TaskExecution(
        task_runs=task_runs, clusters=clusters, faults=faults, root=root, folder=state / "task_runs", now_ms=now_ms
    )
    webhooks = WebhookSender(database, webhook, now_ms)
    executor = RunExecutor(
        runs=runs, task_runs=task_runs, clusters=clusters, execution=execution, webhooks=webhooks, now_ms=now_ms
    )
    return Workspace(jobs, database, runs, task_runs, clusters, faults, execution, webhooks, executor)
