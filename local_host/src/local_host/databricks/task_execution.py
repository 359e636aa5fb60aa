"""Executes one task run: cluster, process, timeout, ending."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from local_host.databricks import ending as endings
from local_host.databricks.cluster_store import ClusterStore
from local_host.databricks.definitions import Task
from local_host.databricks.ending import Ending
from local_host.databricks.entry_points import EntryPointError, resolve_entry_point
from local_host.databricks.faults import Faults
from local_host.databricks.references import substitute
from local_host.databricks.runs import Run, TaskRun
from local_host.databricks.stop_signal import StopSignal
from local_host.databricks.task_process import TaskProcess
from local_host.databricks.task_run_store import TaskRunStore

logger = logging.getLogger(__name__)

WORKSPACE_ID = 1
_POLL_SECONDS = 0.05


class TaskExecution:
    """Runs task runs to their end, and knows which are on which cluster.

    Args:
        root: the project root that holds the entry points' code.
        entry_points: the pyproject.toml that names them.
        folder: where each task run gets a folder for its output.
        now_ms: the clock, milliseconds since 1970.
    """

    def __init__(
        self,
        *,
        task_runs: TaskRunStore,
        clusters: ClusterStore,
        faults: Faults,
        root: Path,
        entry_points: Path,
        folder: Path,
        now_ms: Callable[[], int],
    ) -> None:
        self._task_runs = task_runs
        self._clusters = clusters
        self._faults = faults
        self._root = root
        self._entry_points = entry_points
        self._folder = folder
        self._now_ms = now_ms
        self._on_cluster: dict[StopSignal, str] = {}

    def folder_of(self, task_run_id: int) -> Path:
        """The folder of a task run's output."""
        return self._folder / str(task_run_id)

    def stop_cluster(self, cluster_id: str) -> None:
        """End the tasks that run on a cluster."""
        for stop, used in self._on_cluster.items():
            if used == cluster_id:
                stop.order(endings.cluster_terminated(cluster_id))

    async def run(self, run: Run, task: Task, task_run: TaskRun, stop: StopSignal) -> Ending:
        """Bring a task run to its end and record it, wherever an earlier host left it."""
        if task_run.life_cycle == "RUNNING":
            ending = await self._watch(task, task_run, self._find(task_run), stop)
        else:
            ending = await self._start(run, task, task_run, stop)
        self._on_cluster.pop(stop, None)
        self._task_runs.finish(task_run, ending)
        logger.info(
            "task_run_ended run_id=%s task_run_id=%s task=%s attempt=%s state=%s result=%s code=%s",
            *(run.run_id, task_run.run_id, task.task_key, task_run.attempt_number),
            *(ending.life_cycle, ending.result, ending.code),
        )
        return ending

    async def _start(self, run: Run, task: Task, task_run: TaskRun, stop: StopSignal) -> Ending:
        cluster_id = self._clusters.acquire(run, task)
        if cluster_id is not None:
            self._on_cluster[stop] = cluster_id
        task_run = self._task_runs.pend(task_run, cluster_id)
        slow = self._faults.take_for_task("slow_start")
        starting = 0.0 if cluster_id is None else self._clusters.seconds_to_start(cluster_id)
        if await stop.wait(max(starting, (slow.delay or 0.0) if slow else 0.0)) and stop.ending is not None:
            return stop.ending
        if self._faults.take_for_task("cluster_start_failure"):
            if cluster_id is not None:
                self._clusters.terminate(cluster_id, "CLOUD_PROVIDER_LAUNCH_FAILURE")
            return endings.CLUSTER_START_FAILED
        wheel = task.python_wheel_task
        try:
            target = resolve_entry_point(self._entry_points, wheel.package_name, wheel.entry_point)
        except EntryPointError as error:
            return endings.misconfigured(str(error))
        values = _reference_values(run, task_run)
        arguments = [substitute(template, values) for template in wheel.argument_templates]
        task_run = self._task_runs.execute(task_run, arguments)
        process = TaskProcess.start(self.folder_of(task_run.run_id), target, arguments, self._root)
        logger.info(
            "task_process_started run_id=%s task_run_id=%s task=%s target=%s",
            *(run.run_id, task_run.run_id, task.task_key, target),
        )
        return await self._watch(task, task_run, process, stop)

    def _find(self, task_run: TaskRun) -> TaskProcess:
        process = TaskProcess.find(self.folder_of(task_run.run_id))
        logger.info("task_process_adopted task_run_id=%s running=%s", task_run.run_id, process.running)
        return process

    async def _watch(self, task: Task, task_run: TaskRun, process: TaskProcess, stop: StopSignal) -> Ending:
        if task_run.cluster_id is not None:
            self._on_cluster[stop] = task_run.cluster_id
        while process.running:
            elapsed = (self._now_ms() - (task_run.executed_ms or 0)) / 1000
            if task.timeout_seconds and elapsed >= task.timeout_seconds:
                stop.order(endings.timed_out(f"Task {task.task_key}", task.timeout_seconds))
            elif self._faults.take_for_task("spot_loss", elapsed):
                if task_run.cluster_id is not None:
                    self._clusters.terminate(task_run.cluster_id, "SPOT_INSTANCE_TERMINATION")
                stop.order(endings.SPOT_LOST)
            if await stop.wait(_POLL_SECONDS) and stop.ending is not None:
                await process.end()
                return stop.ending
        process.sweep()
        outcome = process.outcome()
        if outcome is None:
            return endings.PROCESS_LOST
        return endings.SUCCEEDED if outcome.error is None else endings.WORKLOAD_FAILED


def _reference_values(run: Run, task_run: TaskRun) -> dict[str, str]:
    started = datetime.fromtimestamp(run.created_ms / 1000, UTC)
    return {
        "job.id": str(run.job_id),
        "job.name": run.settings.name,
        "job.run_id": str(run.run_id),
        "job.start_time.iso_date": started.date().isoformat(),
        "job.start_time.iso_datetime": started.isoformat(timespec="seconds"),
        "job.start_time.timestamp_ms": str(run.created_ms),
        "job.trigger.type": "one_time",
        "task.execution_count": str(task_run.attempt_number + 1),
        "task.name": task_run.task_key,
        "task.run_id": str(task_run.run_id),
        "workspace.id": str(WORKSPACE_ID),
        **{f"job.parameters.{name}": value for name, value in run.parameters.items()},
    }
