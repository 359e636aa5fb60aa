"""Who starts a stack or servers is killed with SIGKILL; nothing of it stays."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import yaml
from databricks.sdk import WorkspaceClient

from local_host.stack import Stack
from local_host.stack.endpoints import DEVELOPMENT_TOKEN, Endpoints
from local_host.stack.process_table import STACK_FOLDER
from local_host.stack.state_folder import StateFolder
from local_host.testing.example_jobs import ENTRY_POINTS, JOBS, STEPS
from local_host.testing.workspace_process import alive, run_now, started_process, summary
from local_host.watchdog.mark import VARIABLE, Mark, environments

Eventually = Callable[[Callable[[], bool]], None]
TESTS = Path(__file__).parents[2]

_STACK = """
import sys
from pathlib import Path
from local_host.stack import Stack

def tell(event):
    print(event.kind, event.component, flush=True)

stack = Stack(Path(sys.argv[1]), Path(sys.argv[2]), components=sys.argv[3:])
stack.up(tell)
input()
"""
_APP = """
mlflow = true
[servicebus]
queues = "queues.yml"
[databricks]
jobs = "jobs"
"""
_TESTS = """
import subprocess, sys, time
from pathlib import Path

def test_that_is_interrupted():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    (Path(__file__).parent / "child").write_text(str(child.pid))
    time.sleep(600)
"""


@contextmanager
def owner(*command: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that starts others; stays no longer than the block."""
    with subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def until_told(process: subprocess.Popen[str], line: str) -> None:
    """Reads until the process prints this line."""
    assert process.stdout is not None
    told = []
    while (words := process.stdout.readline()) and words.strip() != line:
        told.append(words)
    assert words, told


def of_folder(folder: Path) -> list[psutil.Process]:
    """The processes of the stack in a folder, whoever has started them."""
    return [process for process, environment in environments() if environment.get(STACK_FOLDER) == str(folder)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose job runs wait."""
    folder = tmp_path / "project"
    (folder / "jobs").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(ENTRY_POINTS)
    (folder / "steps.py").write_text(STEPS)
    for number, job in enumerate(JOBS):
        (folder / "jobs" / f"job_{number}.yml").write_text(yaml.safe_dump(job))
    (folder / "queues.yml").write_text("queues: [{name: work}]", encoding="utf-8")
    (folder / "local_host.toml").write_text(_APP, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("components", "moment"),
    [
        (("azurite", "servicebus"), "starting azurite"),
        (("azurite", "servicebus"), "ready servicebus"),
        (("azurite", "mlflow"), "starting mlflow"),
        (("azurite", "mlflow"), "up stack"),
    ],
)
def test_a_killed_start_leaves_nothing(
    root: Path, project: Path, tmp_path: Path, eventually: Eventually, components: tuple[str, ...], moment: str
) -> None:
    """During the start and after it; node and the workers of MLflow included."""
    state = tmp_path / "state"
    with owner(sys.executable, "-c", _STACK, str(project), str(state), *components, cwd=root) as process:
        until_told(process, moment)
        process.kill()
        process.wait()
        eventually(lambda: of_folder(state) == [])


def test_a_job_run_ends_with_a_killed_stack(root: Path, project: Path, tmp_path: Path, eventually: Eventually) -> None:
    """Although it has a session of its own, in which it outlives a Databricks host that is killed alone.

    It is no failure of the job's code, which nobody would try again.
    """
    state = tmp_path / "state"
    with owner(sys.executable, "-c", _STACK, str(project), str(state), "databricks", cwd=root) as process:
        until_told(process, "up stack")
        endpoints = Endpoints.load(StateFolder(state))
        assert endpoints is not None
        client = WorkspaceClient(host=endpoints.databricks_url, token=DEVELOPMENT_TOKEN, auth_type="pat")
        run = run_now(client, "waiting", folder=str(tmp_path))
        task = started_process(tmp_path)
        assert alive(task)
        process.kill()
        process.wait()
        eventually(lambda: of_folder(state) == [] and not alive(task))
    with Stack(project, state, components=["databricks"]):
        assert summary(client.jobs.get_run(run))[0] == "INTERNAL_ERROR"
    client.api_client._api_client._session.close()


def test_whatever_this_test_run_starts_ends_with_it() -> None:
    """The mark of this very process is in the environment that every fixture hands on."""
    assert Mark.parse(os.environ[VARIABLE]).owner == os.getpid()


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_a_killed_test_run_leaves_nothing(
    root: Path, tmp_path: Path, eventually: Eventually, workers: tuple[str, ...]
) -> None:
    """With workers, too: they end with the process that divides the tests among them, and their children with them."""
    (tmp_path / "test_interrupted.py").write_text(_TESTS)
    child = tmp_path / "child"
    # `-p conftest` stands for a test in this folder.
    command = (sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", *workers)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    with subprocess.Popen(
        [*command, "--rootdir", str(TESTS), "-c", str(TESTS.parent / "pyproject.toml"), str(tmp_path)],
        cwd=TESTS, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            eventually(lambda: child.exists() and child.read_text() != "")
            started = psutil.Process(int(child.read_text()))
            worker = started.parent()
            assert worker is not None
        finally:
            process.kill()
    eventually(lambda: not started.is_running() or started.status() == psutil.STATUS_ZOMBIE)
    eventually(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
