"""Drives one job run through its tasks."""

import asyncio
from collections.abc import Callable

from local_host.databricks import ending as endings
from local_host.databricks.definitions import Task
from local_host.databricks.ending import Ending
from local_host.databricks.runs import Run
from local_host.databricks.stop_signal import StopSignal
from local_host.databricks.task_execution import TaskExecution
from local_host.databricks.task_run_store import TaskRunStore


class RunDriver:
    """Starts each task when those before it have succeeded, retries it as the job says, and sums up.

    It reads where the run stands from the state file, so that a restarted host goes on with it.
    """

    def __init__(
        self,
        run: Run,
        task_runs: TaskRunStore,
        execution: TaskExecution,
        stop: StopSignal,
        now_ms: Callable[[], int],
    ) -> None:
        self._run = run
        self._task_runs = task_runs
        self._execution = execution
        self._stop = stop
        self._now_ms = now_ms
        self._endings: dict[str, Ending] = {}

    async def drive(self) -> Ending:
        """Run all tasks; the ending of the job run. Recording that ending is the caller's part."""
        if self._run.stop_order is not None:
            self._stop.order(self._run.stop_order)
        limit = self._run.settings.timeout_seconds
        started = self._run.started_ms or self._run.created_ms
        alarm = None
        if limit:
            left = started / 1000 + limit - self._now_ms() / 1000
            alarm = asyncio.get_running_loop().call_later(
                max(left, 0.0), self._stop.order, endings.timed_out("The job run", limit)
            )
        try:
            await self._run_tasks()
        finally:
            if alarm is not None:
                alarm.cancel()
        return self._stop.ending or endings.run_ending(self._endings)

    async def _run_tasks(self) -> None:
        waiting = {task.task_key: task for task in self._run.tasks}
        active: dict[asyncio.Task[Ending], str] = {}
        try:
            while waiting or active:
                for task in self._ready(waiting):
                    del waiting[task.task_key]
                    obstacle = self._obstacle(task)
                    if obstacle is None:
                        active[asyncio.create_task(self._run_task(task))] = task.task_key
                    else:
                        self._task_runs.finish(self._task_runs.latest(self._run.run_id, task.task_key), obstacle)
                        self._endings[task.task_key] = obstacle
                if active:
                    done, _ = await asyncio.wait(active, return_when=asyncio.FIRST_COMPLETED)
                    for finished in done:
                        self._endings[active.pop(finished)] = finished.result()
        except BaseException as error:
            # A fault of this host in one task must not leave the processes of the others behind.
            self._stop.order(endings.host_fault(error))
            await asyncio.gather(*active, return_exceptions=True)
            raise

    def _ready(self, waiting: dict[str, Task]) -> list[Task]:
        return [
            task for task in waiting.values() if all(upstream in self._endings for upstream in self._upstream(task))
        ]

    def _upstream(self, task: Task) -> list[str]:
        # With ``only``, tasks outside the choice count as satisfied.
        return [d.task_key for d in task.depends_on if d.task_key in self._run.selected]

    def _obstacle(self, task: Task) -> Ending | None:
        latest = self._task_runs.latest(self._run.run_id, task.task_key)
        if self._stop.ending is not None and latest.executed_ms is None:
            return endings.NEVER_STARTED
        upstream = [self._endings[key] for key in self._upstream(task)]
        if any("CANCELED" in end.result for end in upstream):
            return endings.NEVER_STARTED
        return None if all(end.successful for end in upstream) else endings.UPSTREAM_FAILED

    async def _run_task(self, task: Task) -> Ending:
        task_run = self._task_runs.latest(self._run.run_id, task.task_key)
        while True:
            stop = self._stop.child()
            ending = task_run.ending or await self._execution.run(self._run, task, task_run, stop)
            if self._stop.ending is not None or not _deserves_retry(task, task_run.attempt_number, ending):
                return ending
            task_run = self._task_runs.retry(task_run)
            if await self._stop.wait(task.min_retry_interval_millis / 1000):
                self._task_runs.finish(task_run, endings.NEVER_STARTED)
                return ending


def _deserves_retry(task: Task, attempt_number: int, ending: Ending) -> bool:
    if task.max_retries != -1 and attempt_number >= task.max_retries:
        return False
    return ending.result == "FAILED" or (ending.result == "TIMEDOUT" and task.retry_on_timeout)
