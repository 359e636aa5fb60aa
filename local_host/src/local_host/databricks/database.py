"""The state of the local Databricks: runs, clusters, SQL warehouses, serving endpoints."""

from pathlib import Path

from local_host.state_database import StateDatabase

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    sequence INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL UNIQUE,
    job_id INTEGER NOT NULL,
    run_type TEXT NOT NULL,
    run_name TEXT NOT NULL,
    settings TEXT NOT NULL,
    parameters TEXT NOT NULL,
    selected TEXT NOT NULL,
    life_cycle TEXT NOT NULL,
    ending TEXT,
    stop_order TEXT,
    created_ms INTEGER NOT NULL,
    started_ms INTEGER,
    ended_ms INTEGER
);
CREATE INDEX IF NOT EXISTS runs_active ON runs (job_id) WHERE ended_ms IS NULL;
CREATE TABLE IF NOT EXISTS task_runs (
    sequence INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL UNIQUE,
    job_run_id INTEGER NOT NULL REFERENCES runs (run_id),
    task_key TEXT NOT NULL,
    attempt_number INTEGER NOT NULL,
    original_run_id INTEGER NOT NULL,
    life_cycle TEXT NOT NULL,
    ending TEXT,
    arguments TEXT,
    cluster_id TEXT,
    started_ms INTEGER,
    executed_ms INTEGER,
    ended_ms INTEGER,
    UNIQUE (job_run_id, task_key, attempt_number)
);
CREATE TABLE IF NOT EXISTS idempotency_tokens (
    token TEXT PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs (run_id)
);
CREATE TABLE IF NOT EXISTS clusters (
    cluster_id TEXT PRIMARY KEY,
    cluster_name TEXT NOT NULL,
    source TEXT NOT NULL,
    spec TEXT NOT NULL,
    job_run_id INTEGER,
    cluster_key TEXT,
    state TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    terminated_ms INTEGER,
    reason TEXT,
    UNIQUE (job_run_id, cluster_key)
);
CREATE TABLE IF NOT EXISTS warehouses (
    sequence INTEGER PRIMARY KEY,
    warehouse_id TEXT NOT NULL UNIQUE,
    settings TEXT NOT NULL,
    running INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS serving_endpoints (
    sequence INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    endpoint_id TEXT NOT NULL,
    settings TEXT NOT NULL,
    config TEXT,
    config_version INTEGER NOT NULL,
    pending_config TEXT,
    pending_since_ms INTEGER,
    config_update TEXT NOT NULL,
    failure TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
);
"""


class Database(StateDatabase):
    """A state file with these tables."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, _SCHEMA)
