"""The record of processes."""

from __future__ import annotations

import os
from pathlib import Path

from local_host.stack.process_table import ComponentRecord, ProcessRecord, ProcessTable
from local_host.stack.state_folder import StateFolder


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    """With components that have a process and components that have none."""
    folder = StateFolder(tmp_path)
    assert ProcessTable.load(folder) is None
    table = ProcessTable(ProcessRecord.of(os.getpid()))
    table.components["azurite"] = ComponentRecord("azurite", ProcessRecord(1, 2.5), "ready", "azurite.log", False)
    table.components["mlflow"] = ComponentRecord("mlflow", None, "waiting", "mlflow.log", True, 3, "signal 9")
    table.save(folder)
    assert ProcessTable.load(folder) == table


def test_a_process_is_found_by_pid_and_creation_time() -> None:
    """The same pid with another creation time is another process."""
    record = ProcessRecord.of(os.getpid())
    found = record.find()
    assert found is not None
    assert found.pid == os.getpid()
    assert ProcessRecord(record.pid, record.created_at - 60).find() is None
    assert ProcessRecord(2**22 + 1, record.created_at).find() is None
