"""What the command line imports before it knows which command it is: no more than plain pip installs for it."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_IMPORTED = """
import json, sys
import nightshift.cli.main
print(json.dumps(sorted(sys.modules)))
"""


def _imported() -> set[str]:
    command = [sys.executable, "-c", _IMPORTED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    return set(json.loads(done.stdout))


def test_neither_the_stack_nor_the_app_is_imported() -> None:
    """They are not there where the wheel is installed; and what reads data is slow to import."""
    rooms = ("functions", "pages", "services", "training", "triggers")
    absent = {"local_host", "agents", "activities", "orchestrators", "duckdb", "numpy", "pandas", "mlflow", "azure"}
    found = _imported()
    assert found & absent == set()
    assert found & {f"nightshift.{room}" for room in rooms} == set()


def test_the_wheel_leaves_out_what_is_not_imported() -> None:
    """And holds the rooms that are."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    left_out = {path.rpartition("/")[2] for path in wheel["exclude"]}
    rooms = {name.split(".")[1] for name in _imported() if name.startswith("nightshift.")}
    assert rooms & left_out == set()
    assert wheel["packages"] == ["nightshift"]
