"""The command line: help that teaches, errors in one line."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import cast

import pytest

from nightshift.triggers.api.parameters import OUTCOME
from tests.support.loopback_server import Answering, LoopbackServer

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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("arguments", [("spec", "schema"), ("env", "list", "--json"), ("--version",)])
def test_an_output_that_cannot_be_written_is_one_error(arguments: tuple[str, ...]) -> None:
    """Whether it is found out while the command prints or at its end."""
    command = [sys.executable, "-m", "nightshift.cli", *arguments]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=170
        )
    said = " ".join(done.stderr.split())
    assert (done.returncode, said.count("No space left on device")) == (1, 1)
    assert "is it standard output" in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said


def test_a_reader_that_has_seen_enough_is_told_nothing() -> None:
    """As after `| head`."""
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-m", "nightshift.cli", "--version"]
    done = subprocess.run(command, cwd=ROOT, stdout=writes, stderr=subprocess.PIPE, text=True, check=False, timeout=170)
    os.close(writes)
    assert (done.returncode, done.stderr) == (1, "")


# As in a terminal: what a background job starts ignores Ctrl-C, and so would these.
_INTERRUPTIBLE = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
# Put before everything else: it holds the import of a module of the command until the process is ended.
_HOLD = """
import sys, time
from pathlib import Path

class Hold:
    def find_spec(self, name, path=None, target=None):
        if name == "nightshift.cli.rendering":
            Path({ready!r}).touch()
            time.sleep(60)

sys.meta_path.insert(0, Hold())
import nightshift.cli.__main__ as command
command.main()
"""


def test_an_interrupt_while_the_command_loads_is_no_traceback(tmp_path: Path) -> None:
    """Exit code 130, as a shell says it."""
    ready = tmp_path / "ready"
    code = f"{_INTERRUPTIBLE}\n{_HOLD.format(ready=str(ready))}"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True) as running:
        while not ready.exists():
            assert running.poll() is None
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (130, "")


def test_an_interrupt_while_the_command_runs_is_no_traceback() -> None:
    """As while it waits for the app."""
    asked, over = threading.Event(), threading.Event()

    class Handler(Answering):
        """Lets the caller wait."""

        def do_GET(self) -> None:
            asked.set()
            over.wait(60)

    server = LoopbackServer(Handler)
    run = "import nightshift.cli.__main__ as command; command.main()"
    command = [sys.executable, "-c", f"{_INTERRUPTIBLE}; {run}", "runs"]
    environment = os.environ | {"NIGHTSHIFT_URL": server.url}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as running:
        assert asked.wait(60)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    over.set()
    server.close()
    assert (running.returncode, said) == (130, "")
