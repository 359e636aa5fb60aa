"""Executes all job runs: one driver each, queue, stop, restart."""

import asyncio
import logging
from collections.abc import Callable

from local_host.databricks import ending as endings
from local_host.databricks.cluster_store import ClusterStore
from local_host.databricks.run_driver import RunDriver
from local_host.databricks.run_store import RunStore
from local_host.databricks.runs import Run, RunOrder
from local_host.databricks.stop_signal import StopSignal
from local_host.databricks.task_execution import TaskExecution
from local_host.databricks.task_run_store import TaskRunStore

logger = logging.getLogger(__name__)


class RunExecutor:
    """Creates, drives and stops runs. All methods belong to one event loop."""

    def __init__(
        self,
        *,
        runs: RunStore,
        task_runs: TaskRunStore,
        clusters: ClusterStore,
        execution: TaskExecution,
        now_ms: Callable[[], int],
    ) -> None:
        self._runs = runs
        self._task_runs = task_runs
        self._clusters = clusters
        self._execution = execution
        self._now_ms = now_ms
        self._drivers: dict[int, tuple[StopSignal, asyncio.Task[None]]] = {}
        self._closing = False

    def resume(self) -> None:
        """Go on with every run that an earlier host left unfinished."""
        for run in self._runs.unfinished():
            if run.life_cycle != "QUEUED":
                logger.info("run_resumed run_id=%s job=%s state=%s", run.run_id, run.settings.name, run.life_cycle)
                self._launch(run)
        for job_id in {run.job_id for run in self._runs.unfinished() if run.life_cycle == "QUEUED"}:
            self._admit_queued(job_id)

    def submit(self, order: RunOrder, token: str | None) -> Run:
        """Create a run and start it; a known idempotency token gives its run and starts nothing."""
        run, new = self._runs.create(order, token)
        logger.info(
            "run_submitted run_id=%s job=%s state=%s new=%s", run.run_id, run.settings.name, run.life_cycle, new
        )
        if new and run.life_cycle == "PENDING":
            self._launch(run)
        return run

    def cancel(self, run: Run) -> None:
        """Stop a run as a user's wish; nothing happens to one that has ended."""
        self._runs.order_stop(run.run_id, endings.USER_CANCELED)
        if run.run_id in self._drivers:
            self._drivers[run.run_id][0].order(endings.USER_CANCELED)
        elif run.ended_ms is None:
            # A queued run has no driver; one is started to end its tasks and itself.
            queued = self._runs.get(run.run_id)
            if queued is not None:
                self._launch(queued)

    def stop_cluster(self, cluster_id: str) -> None:
        """Terminate a cluster and the tasks on it."""
        self._clusters.terminate(cluster_id, "USER_REQUEST")
        self._execution.stop_cluster(cluster_id)

    async def close(self) -> None:
        """End all processes; their runs end as INTERNAL_ERROR. Queued runs stay queued."""
        self._closing = True
        active = list(self._drivers.values())
        for stop, _ in active:
            stop.order(endings.HOST_SHUT_DOWN)
        await asyncio.gather(*(driver for _, driver in active))

    def _launch(self, run: Run) -> None:
        stop = StopSignal()
        self._drivers[run.run_id] = (stop, asyncio.create_task(self._drive(run, stop)))

    async def _drive(self, run: Run, stop: StopSignal) -> None:
        driver = RunDriver(run, self._task_runs, self._execution, stop, self._now_ms)
        try:
            ending = await driver.drive()
        except Exception as error:
            logger.exception("run_driver_failed run_id=%s job=%s", run.run_id, run.settings.name)
            ending = endings.host_fault(error)
        for task_run in self._task_runs.of(run.run_id):
            self._task_runs.finish(task_run, ending)
        self._clusters.release(run.run_id)
        self._runs.finish(run.run_id, ending)
        del self._drivers[run.run_id]
        logger.info(
            "run_ended run_id=%s job=%s state=%s result=%s code=%s",
            *(run.run_id, run.settings.name, ending.life_cycle, ending.result, ending.code),
        )
        self._admit_queued(run.job_id)

    def _admit_queued(self, job_id: int) -> None:
        while not self._closing and (run := self._runs.admit(job_id)) is not None:
            self._launch(run)
