"""The database: its tables, and how a connection to it is opened.

`history` has one row per turn (the JSON array of its records); `inbox` holds only messages that a committed
transaction left unread; `activities` and `timers` hold what is under way, so that a restart needs no replay to
know what to run. The tables of entities and the column `error_episode` are of earlier versions, which wrote them.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

_VERSION = 2

_TABLES = """
CREATE TABLE instances (
    instance_id TEXT PRIMARY KEY,
    execution_id TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT,
    runtime_status TEXT NOT NULL,
    input TEXT,
    output TEXT,
    custom_status TEXT,
    created_time TEXT NOT NULL,
    last_updated_time TEXT NOT NULL,
    parent_instance_id TEXT,
    parent_execution_id TEXT,
    parent_task_id INTEGER,
    error_episode INTEGER
);
CREATE INDEX instances_by_created_time ON instances (created_time, instance_id);
CREATE INDEX instances_to_begin ON instances (instance_id) WHERE runtime_status IN ('Pending', 'ContinuedAsNew');
CREATE TABLE history (
    instance_id TEXT NOT NULL,
    episode INTEGER NOT NULL,
    records TEXT NOT NULL,
    PRIMARY KEY (instance_id, episode)
) WITHOUT ROWID;
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id TEXT NOT NULL,
    execution_id TEXT,
    record TEXT NOT NULL
);
CREATE INDEX inbox_by_instance ON inbox (instance_id);
CREATE TABLE activities (
    instance_id TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    task_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    input TEXT,
    PRIMARY KEY (instance_id, execution_id, task_id)
) WITHOUT ROWID;
CREATE TABLE timers (
    instance_id TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    task_id INTEGER NOT NULL,
    fire_at TEXT NOT NULL,
    PRIMARY KEY (instance_id, execution_id, task_id)
) WITHOUT ROWID;
CREATE TABLE entities (
    entity_id TEXT PRIMARY KEY,
    state TEXT,
    created_time TEXT NOT NULL,
    last_updated_time TEXT NOT NULL
);
CREATE TABLE entity_inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    input TEXT,
    parent_instance_id TEXT,
    parent_execution_id TEXT
);
CREATE INDEX entity_inbox_by_entity ON entity_inbox (entity_id);
"""

# When an entity of the first version was used is not known.
_FROM_VERSION_1 = """
ALTER TABLE entities ADD COLUMN created_time TEXT NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z';
ALTER TABLE entities ADD COLUMN last_updated_time TEXT NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z';
"""


def open_writer(database: Path) -> sqlite3.Connection:
    """The one connection that writes; makes the tables in a new database.

    WAL with synchronous FULL: what was acknowledged survives a loss of power, not only of the process.
    ValueError if another version of the engine made the database, or has left entities in it.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(database, isolation_level=None, cached_statements=256)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA busy_timeout = 5000")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            connection.executescript(f"BEGIN;{_TABLES}PRAGMA user_version = {_VERSION};COMMIT;")
        elif version == 1:
            connection.executescript(f"BEGIN;{_FROM_VERSION_1}PRAGMA user_version = {_VERSION};COMMIT;")
        elif version != _VERSION:
            raise ValueError(f"database {database} has schema version {version}: this engine reads {_VERSION}")
        if connection.execute(
            "SELECT EXISTS (SELECT 1 FROM entity_inbox) OR EXISTS (SELECT 1 FROM entities)"
        ).fetchone()[0]:
            raise ValueError(f"database {database} holds entities: this engine does not run them")
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(database: Path) -> sqlite3.Connection:
    """A connection that sees what is committed and cannot write."""
    connection = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    connection.execute("PRAGMA busy_timeout = 5000")
    return connection
