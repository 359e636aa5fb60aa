"""Job runs in the state file. Every public call is one transaction."""

import json
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict

from local_host.databricks.database import Database
from local_host.databricks.definitions import JobSettings
from local_host.databricks.ending import Ending, LifeCycle, too_many_runs
from local_host.databricks.runs import Run, RunOrder

_EARLIER_SETTINGS = {"webhook_notifications", "notification_settings"}


class RunStore:
    """Job runs that survive the process.

    Args:
        now_ms: the clock, milliseconds since 1970.
    """

    def __init__(self, database: Database, now_ms: Callable[[], int]) -> None:
        self._database = database
        self._now_ms = now_ms

    def create(self, order: RunOrder, token: str | None) -> tuple[Run, bool]:
        """Create a run and its first task runs, once per idempotency token.

        Returns:
            The run, and whether it is new. A known token gives the run that it first gave, whatever the order says.
        """
        with self._database.transaction() as db:
            if token is not None:
                known = db.execute("SELECT run_id FROM idempotency_tokens WHERE token = ?", (token,)).fetchone()
                if known is not None:
                    return self._required(known["run_id"]), False
            run_id = new_run_id()
            life_cycle, ending = self._admission(db, order)
            self._insert_run(db, run_id, order, life_cycle, ending)
            if ending is None:
                _insert_task_runs(db, run_id, order, queued=life_cycle == "QUEUED")
            if token is not None:
                db.execute("INSERT INTO idempotency_tokens VALUES (?, ?)", (token, run_id))
            return self._required(run_id), True

    def admit(self, job_id: int) -> Run | None:
        """Let the oldest queued run of a job start if the job's limit permits."""
        with self._database.transaction() as db:
            row = db.execute(
                "SELECT * FROM runs WHERE job_id = ? AND life_cycle = 'QUEUED' ORDER BY sequence LIMIT 1", (job_id,)
            ).fetchone()
            if row is None or _active(db, job_id) >= _run(row).settings.max_concurrent_runs:
                return None
            values = (self._now_ms(), row["run_id"])
            db.execute("UPDATE runs SET life_cycle = 'PENDING', started_ms = ? WHERE run_id = ?", values)
            return self._required(row["run_id"])

    def get(self, run_id: int) -> Run | None:
        """A job run, or None."""
        row = self._database.connection.execute("SELECT * FROM runs WHERE run_id = ?", (run_id,)).fetchone()
        return None if row is None else _run(row)

    def unfinished(self) -> list[Run]:
        """All runs that have not ended, oldest first, queued ones too."""
        sql = "SELECT * FROM runs WHERE ended_ms IS NULL ORDER BY sequence"
        return [_run(row) for row in self._database.connection.execute(sql)]

    def select(self, conditions: Sequence[tuple[str, object]], limit: int) -> list[Run]:
        """Runs, newest first.

        Args:
            conditions: SQL conditions, each with at most one placeholder, and their values. The conditions are written
                in this host's code, never by a client.
        """
        where = f" WHERE {' AND '.join(condition for condition, _ in conditions)}" if conditions else ""
        sql = f"SELECT * FROM runs{where} ORDER BY sequence DESC LIMIT ?"  # noqa: S608 - conditions are our own text
        values = [value for condition, value in conditions if "?" in condition]
        return [_run(row) for row in self._database.connection.execute(sql, (*values, limit))]

    def order_stop(self, run_id: int, ending: Ending) -> None:
        """Note that an unfinished run must stop and how it will have ended; the first order counts."""
        with self._database.transaction() as db:
            db.execute(
                "UPDATE runs SET stop_order = ?, life_cycle = 'TERMINATING'"
                " WHERE run_id = ? AND ended_ms IS NULL AND stop_order IS NULL",
                (dump_ending(ending), run_id),
            )

    def finish(self, run_id: int, ending: Ending) -> None:
        """End a run; the first ending counts."""
        with self._database.transaction() as db:
            db.execute(
                "UPDATE runs SET life_cycle = ?, ending = ?, ended_ms = ? WHERE run_id = ? AND ended_ms IS NULL",
                (ending.life_cycle, dump_ending(ending), self._now_ms(), run_id),
            )

    def _admission(self, db: sqlite3.Connection, order: RunOrder) -> tuple[LifeCycle, Ending | None]:
        limit = order.settings.max_concurrent_runs
        # A submitted run belongs to no job whose limit could hold it back.
        if order.run_type == "SUBMIT_RUN" or _active(db, order.job_id) < limit:
            return "PENDING", None
        if order.settings.queue.enabled:
            return "QUEUED", None
        ending = too_many_runs(limit)
        return ending.life_cycle, ending

    def _insert_run(
        self, db: sqlite3.Connection, run_id: int, order: RunOrder, life_cycle: LifeCycle, ending: Ending | None
    ) -> None:
        now = self._now_ms()
        db.execute(
            "INSERT INTO runs (run_id, job_id, run_type, run_name, settings, parameters, selected, life_cycle, ending,"
            " created_ms, started_ms, ended_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run_id,
                order.job_id,
                order.run_type,
                order.run_name,
                order.settings.model_dump_json(exclude_unset=True),
                json.dumps(order.parameters),
                json.dumps(order.selected),
                life_cycle,
                None if ending is None else dump_ending(ending),
                now,
                None if life_cycle == "QUEUED" else now,
                None if ending is None else now,
            ),
        )

    def _required(self, run_id: int) -> Run:
        run = self.get(run_id)
        if run is None:
            raise LookupError(f"run_id {run_id} is named in the state file but has no row there")
        return run


def new_run_id() -> int:
    """A 15-digit id, random so that the ids of a deleted state folder do not come back for other runs."""
    return 10**14 + secrets.randbelow(9 * 10**14)


def dump_ending(ending: Ending) -> str:
    """An ending as the state file holds it."""
    return json.dumps(asdict(ending))


def load_ending(text: str | None) -> Ending | None:
    """An ending from the state file."""
    return None if text is None else Ending(**json.loads(text))


def _active(db: sqlite3.Connection, job_id: int) -> int:
    sql = "SELECT count(*) FROM runs WHERE job_id = ? AND ended_ms IS NULL AND life_cycle <> 'QUEUED'"
    return int(db.execute(sql, (job_id,)).fetchone()[0])


def _insert_task_runs(db: sqlite3.Connection, run_id: int, order: RunOrder, *, queued: bool) -> None:
    for task in order.settings.tasks:
        if task.task_key not in order.selected:
            continue
        waits = queued or any(dependency.task_key in order.selected for dependency in task.depends_on)
        task_run_id = new_run_id()
        db.execute(
            "INSERT INTO task_runs (run_id, job_run_id, task_key, attempt_number, original_run_id, life_cycle)"
            " VALUES (?, ?, ?, 0, ?, ?)",
            (task_run_id, run_id, task.task_key, task_run_id, "BLOCKED" if waits else "PENDING"),
        )


def _run(row: sqlite3.Row) -> Run:
    values = dict(row)
    settings = json.loads(values["settings"])
    # Earlier versions called a webhook at the end of a run, and kept here whom.
    kept = {name: value for name, value in settings.items() if name not in _EARLIER_SETTINGS}
    values["settings"] = JobSettings.model_validate_json(json.dumps(kept))
    values["parameters"] = json.loads(values["parameters"])
    values["selected"] = tuple(json.loads(values["selected"]))
    values["ending"] = load_ending(values["ending"])
    values["stop_order"] = load_ending(values["stop_order"])
    return Run(**values)
