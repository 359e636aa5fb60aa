"""The deployed app: light to import, every function once."""

import json
import subprocess
import sys
from pathlib import Path

from nightshift.domain.watch.sweep import SWEEPS

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("mlflow", "pandas", "databricks", "duckdb", "numpy", "azure.identity", "azure.storage", "azure.data")
_PROBE = f"""
import json, sys
import function_app
names = [function.get_function_name() for function in function_app.app.get_functions()]
print(json.dumps({{"names": names, "heavy": [name for name in {HEAVY!r} if name in sys.modules]}}))
"""


def test_importing_and_indexing_the_app_imports_nothing_heavy() -> None:
    """Neither mlflow, pandas and databricks nor a storage client is loaded before a call needs it."""
    done = subprocess.run([sys.executable, "-c", _PROBE], cwd=ROOT, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert found["heavy"] == []
    assert len(found["names"]) == len(set(found["names"]))
    assert {"lifecycle", "model_queue", "on_blob_created", "decide_action"} <= set(found["names"])


def test_every_timer_is_a_sweep_whose_runs_are_judged() -> None:
    """A timer that is not in the table of sweeps could stop, and health would not say so."""
    probe = """
import json
import function_app
timers = [f for f in function_app.app.get_functions() if f.get_trigger().type == "timerTrigger"]
print(json.dumps({f.get_function_name(): f.get_trigger().schedule for f in timers}))
"""
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=True, capture_output=True, text=True)
    minutes = {name: _minutes(schedule) for name, schedule in json.loads(done.stdout).items()}
    assert minutes == {name: interval.total_seconds() / 60 for name, interval in SWEEPS.items()}


def _minutes(schedule: str) -> int:
    """The interval of an NCRONTAB expression that differs in its minutes only; one minute is once an hour."""
    _, minutes, *rest = schedule.split()
    assert rest == ["*"] * 4, schedule
    if minutes.isdecimal():
        return 60
    return 1 if minutes == "*" else int(minutes.removeprefix("*/"))
