"""Task processes: outcome, output, end, adoption."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from local_host.databricks.task_process import Outcome, TaskProcess, log_file

MODULE = """
import os, signal, sys, time
def good(): print(sys.argv, os.getcwd())
def bad(): raise KeyError("a\\nb")
def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("ready")
    time.sleep(600)
def leave(): sys.exit(0)
"""


async def _until(probe: Callable[[], bool]) -> None:
    async with asyncio.timeout(150):
        while not probe():
            await asyncio.sleep(0.01)


async def _run(tmp_path: Path, function: str, *arguments: str) -> TaskProcess:
    (tmp_path / "job_module.py").write_text(MODULE)
    process = TaskProcess.start(tmp_path / "run", f"job_module:{function}", arguments, tmp_path)
    await _until(lambda: not process.running)
    return process


async def test_success(tmp_path: Path) -> None:
    """The function sees its arguments and runs in the root."""
    process = await _run(tmp_path, "good", "--a=b c")
    assert process.outcome() == Outcome(None, None)
    assert log_file(tmp_path / "run").read_text() == f"['job_module', '--a=b c'] {tmp_path}\n"


async def test_exit_without_a_code(tmp_path: Path) -> None:
    """sys.exit(0) is success."""
    assert (await _run(tmp_path, "leave")).outcome() == Outcome(None, None)


async def test_failure(tmp_path: Path) -> None:
    """The error is the exception's line, the trace begins at the function."""
    outcome = (await _run(tmp_path, "bad")).outcome()
    assert outcome is not None
    assert outcome.error == "KeyError: 'a\\nb'"
    assert outcome.error_trace is not None
    assert "task_main" not in outcome.error_trace


async def test_missing_module(tmp_path: Path) -> None:
    """An entry point whose module does not exist fails like user code."""
    process = TaskProcess.start(tmp_path / "run", "no_such_module:main", [], tmp_path)
    await _until(lambda: not process.running)
    outcome = process.outcome()
    assert outcome is not None
    assert outcome.error == "ModuleNotFoundError: No module named 'no_such_module'"


async def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """After a grace period force is used; also on a process found by its folder."""
    (tmp_path / "job_module.py").write_text(MODULE)
    own = TaskProcess.start(tmp_path / "run", "job_module:stubborn", [], tmp_path)
    await _until(lambda: "ready" in log_file(tmp_path / "run").read_text())
    found = TaskProcess.find(tmp_path / "run")
    assert found.running is True
    await found.end()
    assert (found.running, own.running) == (False, False)
    assert found.outcome() is None


def test_nothing_to_find(tmp_path: Path) -> None:
    """A folder without a process gives one that does not run and left no word."""
    gone = TaskProcess.find(tmp_path)
    assert (gone.running, gone.outcome()) == (False, None)
