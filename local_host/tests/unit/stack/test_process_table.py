"""The record of processes."""

from __future__ import annotations

import os
from pathlib import Path

from local_host.stack.process_table import ComponentRecord, ProcessRecord, ProcessTable
from local_host.stack.state_folder import StateFolder, write_json


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    """With components that have a process and components that have none."""
    folder = StateFolder(tmp_path)
    assert ProcessTable.load(folder) is None
    table = ProcessTable(ProcessRecord.of(os.getpid()))
    table.components["azurite"] = ComponentRecord("azurite", ProcessRecord(1, 2.5), "ready", "azurite.log")
    table.components["mlflow"] = ComponentRecord("mlflow", None, "waiting", "mlflow.log", 3, "signal 9")
    table.save(folder)
    assert ProcessTable.load(folder) == table


def test_a_table_of_another_version_is_read(tmp_path: Path) -> None:
    """Version 0.1.0 also wrote whether a component's work survives a kill."""
    folder = StateFolder(tmp_path)
    component = {"name": "mlflow", "process": None, "state": "ready", "log": "m.log", "survives_kill": False}
    supervisor = {"pid": 1, "created_at": 2.5}
    write_json(folder.processes, {"supervisor": supervisor, "stack_id": "a", "components": {"mlflow": component}})
    found = ProcessTable.load(folder)
    assert found is not None
    assert found.components == {"mlflow": ComponentRecord("mlflow", None, "ready", "m.log")}


def test_a_process_is_found_by_pid_and_creation_time() -> None:
    """The same pid with another creation time is another process."""
    record = ProcessRecord.of(os.getpid())
    found = record.find()
    assert found is not None
    assert found.pid == os.getpid()
    assert ProcessRecord(record.pid, record.created_at - 60).find() is None
    assert ProcessRecord(2**22 + 1, record.created_at).find() is None
