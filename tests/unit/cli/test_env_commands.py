"""The commands that keep where environments are."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.delivery.environments import OUTPUT

ROOT = Path(__file__).resolve().parents[3]


def _env(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nightshift.cli", "env", *arguments],
        cwd=ROOT,
        env={**os.environ, "NIGHTSHIFT_ENVIRONMENTS": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """What `terraform output -json` writes."""
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps({"environment": {"sensitive": False, "value": OUTPUT}}), encoding="utf-8")
    return path


def test_an_environment_is_kept_and_listed(outputs: Path, tmp_path: Path) -> None:
    """With its app, and the command that comes next."""
    added = _env(tmp_path / "kept", "add", "dev", "--from", str(outputs))
    assert added.returncode == 0, added.stderr
    assert "nightshift --env dev doctor" in added.stdout
    listed = json.loads(_env(tmp_path / "kept", "list", "--json").stdout)
    assert [item["app_url"] for item in listed["items"]] == [OUTPUT["app_url"]]
    assert OUTPUT["app_url"] in _env(tmp_path / "kept", "list").stdout


def test_the_outputs_of_another_environment_are_refused(outputs: Path, tmp_path: Path) -> None:
    """Nothing is kept."""
    done = _env(tmp_path / "kept", "add", "prod", "--from", str(outputs))
    assert done.returncode == 1
    assert "is that of 'dev'" in " ".join(done.stderr.split())
    assert not (tmp_path / "kept").exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Field, value and reason."""
    done = _env(tmp_path, "add", "dev", "--from", "none.json")
    assert done.returncode == 1
    assert "--from = 'none.json': cannot be read" in done.stderr
