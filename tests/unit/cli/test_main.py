"""The command line: help that teaches, errors in one line."""

import json
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from nightshift.triggers.api.parameters import OUTCOME

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = [
    "demo",
    "upload",
    "handover",
    "runs",
    "show",
    "explain",
    "models",
    "ledger",
    "reviews",
    "review",
    "approve",
    "reject",
    "ask-improvement",
    "incidents",
    "alert",
    "acknowledge",
    "resolve",
    "undo",
    "dlq",
    "up",
    "down",
    "doctor",
    "env",
    "smoke",
]


def _nightshift(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nightshift.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=170)


def test_help_lists_every_command() -> None:
    """A newcomer finds all of them at once."""
    done = _nightshift("--help")
    assert done.returncode == 0
    assert [name for name in COMMANDS if f" {name} " not in done.stdout] == []


def test_without_a_stack_a_reading_command_says_what_to_do(tmp_path: Path) -> None:
    """One message on stderr, exit code 1, no traceback."""
    done = _nightshift("runs", "--state", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: no local stack has been started in")
    assert "Traceback" not in done.stderr


def test_the_doctor_prints_one_object(tmp_path: Path) -> None:
    """As every command with --json does; a stack that was never started is not "ok"."""
    done = _nightshift("doctor", "--json", "--state", str(tmp_path))
    found = json.loads(done.stdout)
    assert (done.returncode, found["ok"]) == (1, False)
    (stack,) = [item for item in found["items"] if item["component"] == "stack"]
    assert (stack["ok"], stack["detail"]) == (False, f"never started in {tmp_path}")


@pytest.mark.parametrize(("model", "rule"), [("Revenue", "MODEL"), ("revenue_forecast", "FILE")])
def test_a_bad_argument_of_upload_is_named(tmp_path: Path, model: str, rule: str) -> None:
    """Field, value and rule, before anything is uploaded."""
    done = _nightshift("upload", model, str(tmp_path / "none.csv"), "--state", str(tmp_path))
    assert done.returncode == 1
    assert f"error: {rule} = " in done.stderr


def test_an_unknown_environment_says_how_to_add_it() -> None:
    """One message, with the command."""
    done = _nightshift("--env", "nowhere", "runs")
    assert (done.returncode, done.stdout) == (1, "")
    assert "environment = 'nowhere': is not known here" in done.stderr
    assert "nightshift env add nowhere" in " ".join(done.stderr.split())


def test_the_local_stack_is_in_no_environment() -> None:
    """`up` with --env would do something else than it says."""
    done = _nightshift("--env", "dev", "up")
    assert done.returncode == 1
    assert done.stderr.startswith("error: --env = 'dev': `up` is about this machine")


def test_alone_it_helps() -> None:
    """That is no error."""
    done = _nightshift()
    assert (done.returncode, "Start here" in done.stdout, done.stderr) == (0, True, "")


def test_with_json_an_error_is_json(tmp_path: Path) -> None:
    """On stderr, so that stdout holds results alone."""
    done = _nightshift("runs", "--json", "--state", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    error = json.loads(done.stderr)["error"]
    assert error["code"] == "app_unreachable"
    assert error["message"].startswith("no local stack has been started in")


def test_every_outcome_is_named() -> None:
    """The help of `runs` knows those that the API takes."""
    outcomes = cast("list[str]", OUTCOME.schema["enum"])
    said = " ".join(_nightshift("runs", "--help").stdout.replace("│", " ").split())
    assert f"Filter by outcome: {', '.join(outcomes)}." in said


@pytest.mark.parametrize("beside", [["drift"], ["--severity", "critical"], ["--resolve"]])
def test_nothing_is_ignored_beside_a_file(tmp_path: Path, beside: list[str]) -> None:
    """The document says everything."""
    file = tmp_path / "alert.json"
    file.write_text("{}", encoding="utf-8")
    done = _nightshift("alert", *beside, "--file", str(file))
    assert done.returncode == 1
    assert "leave it out" in done.stderr
