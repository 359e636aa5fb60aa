"""Task runs in the state file. Every public call is one transaction."""

import json
import sqlite3
from collections.abc import Callable, Sequence

from local_host.databricks.database import Database
from local_host.databricks.ending import Ending
from local_host.databricks.run_store import dump_ending, load_ending, new_run_id
from local_host.databricks.runs import TaskRun


class TaskRunStore:
    """Attempts at tasks that survive the process.

    Args:
        now_ms: the clock, milliseconds since 1970.
    """

    def __init__(self, database: Database, now_ms: Callable[[], int]) -> None:
        self._database = database
        self._now_ms = now_ms

    def of(self, job_run_id: int) -> list[TaskRun]:
        """All attempts of a job run in order of creation."""
        return self._query("WHERE job_run_id = ? ORDER BY sequence", job_run_id)

    def get(self, task_run_id: int) -> TaskRun | None:
        """A task run, or None."""
        found = self._query("WHERE run_id = ?", task_run_id)
        return found[0] if found else None

    def latest(self, job_run_id: int, task_key: str) -> TaskRun:
        """The last attempt at a task of a run; raises LookupError if the run does not execute that task."""
        found = self._query(
            "WHERE job_run_id = ? AND task_key = ? ORDER BY attempt_number DESC LIMIT 1", job_run_id, task_key
        )
        if not found:
            raise LookupError(f"run_id {job_run_id} has no task run for task_key {task_key!r}")
        return found[0]

    def pend(self, task_run: TaskRun, cluster_id: str | None) -> TaskRun:
        """Its turn has come: the cluster is being prepared."""
        self._update(
            task_run,
            "life_cycle = 'PENDING', cluster_id = ?, started_ms = coalesce(started_ms, ?)",
            cluster_id,
            self._now_ms(),
        )
        return self._current(task_run)

    def execute(self, task_run: TaskRun, arguments: Sequence[str]) -> TaskRun:
        """Its process is about to be started. Committed before, so that no crash can lead to a second process."""
        with self._database.transaction() as db:
            db.execute(
                "UPDATE task_runs SET life_cycle = 'RUNNING', arguments = ?, executed_ms = ?"
                " WHERE run_id = ? AND ending IS NULL",
                (json.dumps(list(arguments)), self._now_ms(), task_run.run_id),
            )
            db.execute(
                "UPDATE runs SET life_cycle = 'RUNNING' WHERE run_id = ? AND life_cycle = 'PENDING'",
                (task_run.job_run_id,),
            )
        return self._current(task_run)

    def finish(self, task_run: TaskRun, ending: Ending) -> None:
        """End a task run; one that has ended keeps its ending."""
        changes = "life_cycle = ?, ending = ?, ended_ms = ?"
        self._update(task_run, changes, ending.life_cycle, dump_ending(ending), self._now_ms())

    def retry(self, ended: TaskRun) -> TaskRun:
        """Add the next attempt after one that ended."""
        task_run_id = new_run_id()
        with self._database.transaction() as db:
            db.execute(
                "INSERT INTO task_runs (run_id, job_run_id, task_key, attempt_number, original_run_id, life_cycle)"
                " VALUES (?, ?, ?, ?, ?, 'WAITING_FOR_RETRY')",
                (task_run_id, ended.job_run_id, ended.task_key, ended.attempt_number + 1, ended.original_run_id),
            )
        return self.latest(ended.job_run_id, ended.task_key)

    def _current(self, task_run: TaskRun) -> TaskRun:
        return self._query("WHERE run_id = ?", task_run.run_id)[0]

    def _update(self, task_run: TaskRun, changes: str, *values: object) -> None:
        sql = f"UPDATE task_runs SET {changes} WHERE run_id = ? AND ending IS NULL"  # noqa: S608 - changes are our own text
        with self._database.transaction() as db:
            db.execute(sql, (*values, task_run.run_id))

    def _query(self, tail: str, *values: object) -> list[TaskRun]:
        sql = f"SELECT * FROM task_runs {tail}"  # noqa: S608 - tail is our own text
        return [_task_run(row) for row in self._database.connection.execute(sql, values)]


def _task_run(row: sqlite3.Row) -> TaskRun:
    values = dict(row)
    del values["sequence"]
    values["ending"] = load_ending(values["ending"])
    values["arguments"] = None if values["arguments"] is None else tuple(json.loads(values["arguments"]))
    return TaskRun(**values)
