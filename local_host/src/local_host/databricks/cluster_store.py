"""Clusters: records of what would cost money on Databricks; locally nothing runs on them but the tasks' processes."""

import json
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from local_host.databricks.database import Database
from local_host.databricks.definitions import Task
from local_host.databricks.runs import Run

Source = Literal["JOB", "API"]
State = Literal["PENDING", "RUNNING", "TERMINATING", "TERMINATED"]
Reason = Literal["JOB_FINISHED", "USER_REQUEST", "CLOUD_PROVIDER_LAUNCH_FAILURE", "SPOT_INSTANCE_TERMINATION"]


@dataclass(frozen=True)
class Cluster:
    """A cluster.

    Attributes:
        sequence: grows with creation.
        source: JOB for one that a run brought along, API for one made by a client.
    """

    sequence: int
    cluster_id: str
    cluster_name: str
    source: Source
    spec: dict[str, Any]
    job_run_id: int | None
    cluster_key: str | None
    state: State
    started_ms: int
    terminated_ms: int | None
    reason: Reason | None


class ClusterStore:
    """Clusters that survive the process.

    The state file holds where a cluster is going and since when; that it is on its way is read from the clock, so a
    restart loses no change of state.

    Args:
        settle_ms: how long a client's own cluster takes to start and to terminate. Those of runs take no time.
    """

    def __init__(self, database: Database, now_ms: Callable[[], int], settle_ms: int) -> None:
        self._database = database
        self._now_ms = now_ms
        self._settle_ms = settle_ms

    def all(self) -> list[Cluster]:
        """All clusters, newest first."""
        sql = "SELECT rowid AS sequence, * FROM clusters ORDER BY rowid DESC"
        return [self._cluster(row) for row in self._database.connection.execute(sql)]

    def get(self, cluster_id: str) -> Cluster | None:
        """A cluster, or None."""
        sql = "SELECT rowid AS sequence, * FROM clusters WHERE cluster_id = ?"
        row = self._database.connection.execute(sql, (cluster_id,)).fetchone()
        return None if row is None else self._cluster(row)

    def seconds_to_start(self, cluster_id: str) -> float:
        """How long a cluster is still PENDING."""
        cluster = self.get(cluster_id)
        if cluster is None or cluster.state != "PENDING":
            return 0.0
        return (cluster.started_ms + self._settle_ms - self._now_ms()) / 1000

    def create(self, name: str, spec: Mapping[str, Any]) -> Cluster:
        """Start a cluster of a client's own."""
        return self._required(self._start(name, "API", spec, None, None))

    def acquire(self, run: Run, task: Task) -> str | None:
        """The id of the running cluster for a task, started if need be; None for a task that names no cluster."""
        if task.existing_cluster_id is not None:
            self.start(task.existing_cluster_id)
            return task.existing_cluster_id
        if task.new_cluster is not None:
            key, spec = f"task:{task.task_key}", task.new_cluster
        elif task.job_cluster_key is not None:
            specs = {cluster.job_cluster_key: cluster.new_cluster for cluster in run.settings.job_clusters}
            key, spec = task.job_cluster_key, specs[task.job_cluster_key]
        else:
            return None
        sql = "SELECT cluster_id FROM clusters WHERE job_run_id = ? AND cluster_key = ?"
        row = self._database.connection.execute(sql, (run.run_id, key)).fetchone()
        if row is not None:
            self.start(row["cluster_id"])
            return str(row["cluster_id"])
        name = f"job-{run.job_id}-run-{run.run_id}-{key}"
        return self._start(name, "JOB", spec, run.run_id, key)

    def start(self, cluster_id: str) -> None:
        """Start a terminated cluster again; nothing happens to one that runs."""
        with self._database.transaction() as db:
            db.execute(
                "UPDATE clusters SET state = 'RUNNING', started_ms = ?, terminated_ms = NULL, reason = NULL"
                " WHERE cluster_id = ? AND state = 'TERMINATED'",
                (self._now_ms(), cluster_id),
            )

    def terminate(self, cluster_id: str, reason: Reason) -> None:
        """Terminate a cluster; nothing happens to one that is terminated."""
        self._terminate("cluster_id = ?", cluster_id, reason)

    def release(self, run_id: int) -> None:
        """Terminate the clusters that a run brought along."""
        self._terminate("job_run_id = ?", run_id, "JOB_FINISHED")

    def _terminate(self, condition: str, value: object, reason: Reason) -> None:
        sql = f"UPDATE clusters SET state = 'TERMINATED', terminated_ms = ?, reason = ? WHERE state = 'RUNNING' AND {condition}"  # noqa: E501, S608 - the condition is our own text
        with self._database.transaction() as db:
            db.execute(sql, (self._now_ms(), reason, value))

    def _start(self, name: str, source: Source, spec: Mapping[str, Any], run_id: int | None, key: str | None) -> str:
        cluster_id = f"local-{secrets.token_hex(6)}"
        with self._database.transaction() as db:
            db.execute(
                "INSERT INTO clusters VALUES (?, ?, ?, ?, ?, ?, 'RUNNING', ?, NULL, NULL)",
                (cluster_id, name, source, json.dumps(dict(spec)), run_id, key, self._now_ms()),
            )
        return cluster_id

    def _required(self, cluster_id: str) -> Cluster:
        cluster = self.get(cluster_id)
        assert cluster is not None, "clusters are never deleted"
        return cluster

    def _cluster(self, row: sqlite3.Row) -> Cluster:
        values = dict(row)
        values["spec"] = json.loads(values["spec"])
        since: int = values["started_ms"] if values["state"] == "RUNNING" else values["terminated_ms"]
        if values["source"] == "API" and self._now_ms() < since + self._settle_ms:
            values["state"] = "PENDING" if values["state"] == "RUNNING" else "TERMINATING"
        return Cluster(**values)
