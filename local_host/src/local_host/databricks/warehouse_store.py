"""SQL warehouses: records of what would cost money on Databricks."""

import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from local_host.databricks.compute_settings import WarehouseSettings
from local_host.databricks.database import Database

State = Literal["STARTING", "RUNNING", "STOPPING", "STOPPED"]
_STATES: dict[tuple[bool, bool], State] = {
    (True, False): "STARTING",
    (True, True): "RUNNING",
    (False, False): "STOPPING",
    (False, True): "STOPPED",
}


@dataclass(frozen=True)
class Warehouse:
    """A SQL warehouse; ``sequence`` grows with creation."""

    sequence: int
    warehouse_id: str
    settings: WarehouseSettings
    state: State


class WarehouseStore:
    """Warehouses that survive the process.

    Args:
        settle_ms: how long one takes to start and to stop; read from the clock, so a restart loses no change of state.
    """

    def __init__(self, database: Database, now_ms: Callable[[], int], settle_ms: int) -> None:
        self._database = database
        self._now_ms = now_ms
        self._settle_ms = settle_ms

    def all(self) -> list[Warehouse]:
        """All warehouses, oldest first."""
        rows = self._database.connection.execute("SELECT * FROM warehouses ORDER BY sequence")
        return [self._warehouse(row) for row in rows]

    def get(self, warehouse_id: str) -> Warehouse | None:
        """A warehouse, or None."""
        sql = "SELECT * FROM warehouses WHERE warehouse_id = ?"
        row = self._database.connection.execute(sql, (warehouse_id,)).fetchone()
        return None if row is None else self._warehouse(row)

    def create(self, settings: WarehouseSettings) -> Warehouse:
        """Create a warehouse, which starts at once."""
        warehouse_id = secrets.token_hex(8)
        with self._database.transaction() as db:
            db.execute(
                "INSERT INTO warehouses (warehouse_id, settings, running, changed_ms) VALUES (?, ?, 1, ?)",
                (warehouse_id, settings.model_dump_json(), self._now_ms()),
            )
        warehouse = self.get(warehouse_id)
        assert warehouse is not None, "it has just been written"
        return warehouse

    def start(self, warehouse_id: str) -> None:
        """Start a warehouse; nothing happens to one that runs or starts."""
        self._turn(warehouse_id, running=True)

    def stop(self, warehouse_id: str) -> None:
        """Stop a warehouse; nothing happens to one that is stopped or stops."""
        self._turn(warehouse_id, running=False)

    def _turn(self, warehouse_id: str, *, running: bool) -> None:
        with self._database.transaction() as db:
            db.execute(
                "UPDATE warehouses SET running = ?, changed_ms = ? WHERE warehouse_id = ? AND running != ?",
                (running, self._now_ms(), warehouse_id, running),
            )

    def _warehouse(self, row: sqlite3.Row) -> Warehouse:
        settled = self._now_ms() >= row["changed_ms"] + self._settle_ms
        settings = WarehouseSettings.model_validate_json(row["settings"])
        return Warehouse(row["sequence"], row["warehouse_id"], settings, _STATES[bool(row["running"]), settled])
