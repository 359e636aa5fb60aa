"""Serving endpoints in the state file."""

import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from local_host.databricks.api_error import ApiError
from local_host.databricks.database import Database
from local_host.databricks.serving_config import EndpointConfig, EndpointSettings

ConfigUpdate = Literal["NOT_UPDATING", "IN_PROGRESS", "UPDATE_FAILED"]


@dataclass(frozen=True)
class Endpoint:
    """A serving endpoint.

    Attributes:
        config: what it serves; None until its first update has succeeded.
        pending_config: what the update under way, or the last one if it failed, brings.
        failure: why the last update failed.
    """

    name: str
    endpoint_id: str
    settings: EndpointSettings
    config: EndpointConfig | None
    config_version: int
    pending_config: EndpointConfig | None
    pending_since_ms: int | None
    config_update: ConfigUpdate
    failure: str
    created_ms: int
    updated_ms: int


class EndpointStore:
    """Endpoints that survive the process; an update is in the file before it is answered."""

    def __init__(self, database: Database, now_ms: Callable[[], int]) -> None:
        self._database = database
        self._now_ms = now_ms

    def all(self) -> list[Endpoint]:
        """All endpoints, oldest first."""
        rows = self._database.connection.execute("SELECT * FROM serving_endpoints ORDER BY sequence")
        return [_endpoint(row) for row in rows]

    def get(self, name: str) -> Endpoint | None:
        """An endpoint, or None."""
        sql = "SELECT * FROM serving_endpoints WHERE name = ?"
        row = self._database.connection.execute(sql, (name,)).fetchone()
        return None if row is None else _endpoint(row)

    def create(self, settings: EndpointSettings) -> Endpoint:
        """Create an endpoint; its configuration is its first update.

        Raises:
            ApiError: 409 RESOURCE_ALREADY_EXISTS.
        """
        now = self._now_ms()
        with self._database.transaction() as db:
            if self.get(settings.name) is not None:
                message = f"Endpoint with name '{settings.name}' already exists."
                raise ApiError(409, "RESOURCE_ALREADY_EXISTS", message)
            db.execute(
                "INSERT INTO serving_endpoints (name, endpoint_id, settings, config_version, config_update, failure,"
                " created_ms, updated_ms) VALUES (?, ?, ?, 0, 'NOT_UPDATING', '', ?, ?)",
                (settings.name, secrets.token_hex(16), settings.model_dump_json(exclude={"config"}), now, now),
            )
            if settings.config is not None:
                _set_pending(db, settings.name, settings.config, now)
        return self._required(settings.name)

    def begin_update(self, name: str, config: EndpointConfig) -> Endpoint:
        """Note an update that is under way from now on.

        Raises:
            ApiError: 404 if there is no such endpoint, 409 RESOURCE_CONFLICT while another update is under way.
        """
        with self._database.transaction() as db:
            endpoint = self._required(name)
            if endpoint.config_update == "IN_PROGRESS":
                message = f"Endpoint '{name}' is being updated; wait until the update has ended."
                raise ApiError(409, "RESOURCE_CONFLICT", message)
            _set_pending(db, name, config, self._now_ms())
        return self._required(name)

    def complete_update(self, name: str) -> None:
        """Serve what was pending."""
        with self._database.transaction() as db:
            db.execute(
                "UPDATE serving_endpoints SET config = pending_config, config_version = config_version + 1,"
                " pending_config = NULL, pending_since_ms = NULL, config_update = 'NOT_UPDATING', updated_ms = ?"
                " WHERE name = ? AND config_update = 'IN_PROGRESS'",
                (self._now_ms(), name),
            )

    def fail_update(self, name: str, failure: str) -> None:
        """Go on serving what was served, and say why."""
        with self._database.transaction() as db:
            db.execute(
                "UPDATE serving_endpoints SET config_update = 'UPDATE_FAILED', failure = ?, updated_ms = ?"
                " WHERE name = ? AND config_update = 'IN_PROGRESS'",
                (failure, self._now_ms(), name),
            )

    def _required(self, name: str) -> Endpoint:
        endpoint = self.get(name)
        if endpoint is None:
            raise unknown_endpoint(name)
        return endpoint


def unknown_endpoint(name: str) -> ApiError:
    """404 as Databricks words it."""
    return ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"The endpoint with name '{name}' does not exist.")


def _set_pending(db: sqlite3.Connection, name: str, config: EndpointConfig, now: int) -> None:
    db.execute(
        "UPDATE serving_endpoints SET pending_config = ?, pending_since_ms = ?, config_update = 'IN_PROGRESS',"
        " failure = '', updated_ms = ? WHERE name = ?",
        (config.model_dump_json(), now, now, name),
    )


def _endpoint(row: sqlite3.Row) -> Endpoint:
    values = dict(row)
    del values["sequence"]
    values["settings"] = EndpointSettings.model_validate_json(values["settings"])
    for name in ("config", "pending_config"):
        values[name] = None if values[name] is None else EndpointConfig.model_validate_json(values[name])
    return Endpoint(**values)
