"""The state of the local Event Grid: blobs seen, deliveries and published events."""

from pathlib import Path

from local_host.state_database import StateDatabase

_SCHEMA = """
CREATE TABLE IF NOT EXISTS blobs (
    container TEXT NOT NULL,
    name TEXT NOT NULL,
    etag TEXT NOT NULL,
    created_at TEXT NOT NULL,
    size INTEGER NOT NULL,
    content_md5 TEXT,
    PRIMARY KEY (container, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    container TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead_lettered')),
    attempts INTEGER NOT NULL DEFAULT 0,
    outcome TEXT,
    seen_at REAL NOT NULL,
    due_at REAL NOT NULL,
    ended_at REAL
);
CREATE INDEX IF NOT EXISTS deliveries_pending ON deliveries (due_at) WHERE state = 'pending';
CREATE TABLE IF NOT EXISTS published (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    type TEXT NOT NULL,
    received_at TEXT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS published_by_type ON published (type, sequence);
"""


class Database(StateDatabase):
    """A state file with these tables."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, _SCHEMA)
