"""The chain on DBOS Transact with SQLite, as shipped and with WAL + synchronous NORMAL.

Run with a Python that has `dbos==3.4.*`; it imports nothing of this project. Without --json it prints lines for
people. Each measurement runs in a process of its own, because DBOS is one per process.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

SETTINGS = ("shipped", "wal_normal")


class WalConnection(sqlite3.Connection):
    """A connection in WAL mode that does not wait for the disk at each commit."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.execute("PRAGMA journal_mode = WAL")
        self.execute("PRAGMA synchronous = NORMAL")


def launch(database: Path, setting: str, hold: Path | None = None) -> Any:
    """Launches DBOS on the database and gives the chain workflow; with `hold`, its third step waits for that file."""
    from dbos import DBOS

    config: dict[str, Any] = {
        "name": "chain",
        "system_database_url": f"sqlite:///{database}",
        "console_log_level": "ERROR",
        "log_level": "ERROR",
        "application_version": "1",
        "executor_id": "local",
        "run_admin_server": False,
    }
    if setting == "wal_normal":
        config["db_engine_kwargs"] = {"connect_args": {"factory": WalConnection}}
    DBOS(config=config)

    @DBOS.step()  # type: ignore[untyped-decorator]  # dbos is not in this environment
    def increment(value: int) -> int:
        return value + 1

    @DBOS.step()  # type: ignore[untyped-decorator]  # dbos is not in this environment
    def held(value: int) -> int:
        if hold is not None:
            while not hold.exists():
                time.sleep(0.001)
            stamp = hold.with_suffix(".went_on")
            if not stamp.exists():
                stamp.write_text(str(time.time()))
        return value + 1

    @DBOS.workflow()  # type: ignore[untyped-decorator]
    def chain(value: int) -> int:
        value = increment(value)
        value = increment(value)
        value = held(value)
        value = increment(value)
        result: int = increment(value)
        return result

    DBOS.launch()
    return chain


def measure(what: str, database: Path, setting: str, workflows: int) -> float:
    """One measurement in this process: workflows/s, or the median milliseconds of one workflow alone."""
    from dbos import DBOS

    chain = launch(database, setting)
    for _ in range(5):
        DBOS.start_workflow(chain, 0).get_result()
    if what == "latency":
        times = []
        for _ in range(50):
            began = time.perf_counter()
            result = DBOS.start_workflow(chain, 0).get_result(polling_interval_sec=0.001)
            times.append(time.perf_counter() - began)
            assert result == 5
        value = statistics.median(times) * 1000
    else:
        began = time.perf_counter()
        handles = [DBOS.start_workflow(chain, 0) for _ in range(workflows)]
        results = [handle.get_result(polling_interval_sec=0.01) for handle in handles]
        value = workflows / (time.perf_counter() - began)
        assert results == [5] * workflows
    DBOS.destroy()
    return value


def resume(setting: str) -> float:
    """Seconds from DBOS.launch having returned, after a kill -9, to the first held workflow going on."""
    with tempfile.TemporaryDirectory() as folder:
        hold, ready = Path(folder) / "hold", Path(folder) / "ready"
        command = [sys.executable, __file__, "--child", "resume", "--folder", folder, "--setting", setting]
        with subprocess.Popen(command) as first:
            while not ready.exists():
                time.sleep(0.005)
            os.kill(first.pid, signal.SIGKILL)
        ready.unlink()
        hold.touch()
        went_on = hold.with_suffix(".went_on")
        with subprocess.Popen(command) as second:
            while not (ready.exists() and went_on.exists() and went_on.read_text() and ready.read_text()):
                time.sleep(0.005)
            os.kill(second.pid, signal.SIGKILL)
        return max(0.0, float(went_on.read_text()) - float(ready.read_text()))


def resume_child(folder: Path, setting: str) -> None:
    """Starts held workflows (or recovers them) and stays until it is killed."""
    from dbos import DBOS

    hold, ready = folder / "hold", folder / "ready"
    chain = launch(folder / "hub.db", setting, hold)
    launched = time.time()
    if not hold.exists():
        handles = [DBOS.start_workflow(chain, 0) for _ in range(5)]
        while any(len(DBOS.list_workflow_steps(handle.workflow_id)) < 2 for handle in handles):
            time.sleep(0.01)
    ready.write_text(str(launched))
    time.sleep(600)


def in_child(what: str, setting: str, workflows: int) -> float:
    """A measurement in a new process on a new database."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--child", what, "--folder", folder]
        command += ["--setting", setting, "--workflows", str(workflows)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        return float(answer.stdout.splitlines()[-1])


def main() -> None:
    """Prints one measurement for each setting and quantity."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workflows", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", choices=["throughput", "latency", "resume"])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--setting", choices=SETTINGS)
    arguments = parser.parse_args()
    if arguments.child == "resume":
        resume_child(arguments.folder, arguments.setting)
        return
    if arguments.child is not None:
        print(measure(arguments.child, arguments.folder / "hub.db", arguments.setting, arguments.workflows))
        return
    found = []
    for setting in SETTINGS:
        note = f"DBOS {version('dbos')}, SQLite {'as shipped' if setting == 'shipped' else 'WAL + synchronous NORMAL'}"
        for what, unit in (("throughput", "workflows/s"), ("latency", "ms"), ("resume", "s")):
            values = [
                resume(setting) if what == "resume" else in_child(what, setting, arguments.workflows)
                for _ in range(arguments.runs)
            ]
            found.append(
                {
                    "name": f"engine_{what}_dbos_{setting}",
                    "value": round(statistics.median(values), 3),
                    "unit": unit,
                    "runs": arguments.runs,
                    "note": note,
                }
            )
    if arguments.json:
        print(json.dumps(found))
        return
    for measurement in found:
        print(f"{measurement['name']}: {measurement['value']} {measurement['unit']} ({measurement['note']})")


if __name__ == "__main__":
    main()
