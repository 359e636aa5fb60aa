"""``nightshift demo`` on both sources of data: exit 0, and a report in which every step matched."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from nightshift.cli.demo.data.source import DATA_FOLDER
from nightshift.cli.demo.story import CHAPTERS
from tests.e2e.conftest import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            "real",
            marks=[
                pytest.mark.xdist_group("demo-real"),
                pytest.mark.skipif(DATA_FOLDER not in os.environ, reason=f"{DATA_FOLDER} names no folder of real data"),
            ],
        ),
        pytest.param("synthetic", marks=pytest.mark.xdist_group("demo-synthetic")),
    ],
)
def test_the_story_comes_out_as_expected(data: str, tmp_path: Path) -> None:
    """Seventeen chapters, each observed as expected; the stack is gone afterwards."""
    command = [sys.executable, "-m", "nightshift.cli", "demo", "--data", data, "--stop", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=800)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [step["step"] for step in report] == [chapter.title for chapter in CHAPTERS]
    assert [(step["observed"], step["ok"]) for step in report] == [(chapter.expected, True) for chapter in CHAPTERS]
    assert f"revenue_forecast: {data}" in done.stdout
    processes = json.loads((tmp_path / "state" / "processes.json").read_text(encoding="utf-8"))
    left = [record for record in processes["components"].values() if psutil.pid_exists(record["process"]["pid"])]
    assert left == []
