"""A real local Databricks host in a process of its own, and questions to ask it through the real SDK."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import yaml
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks.sdk.service.jobs import Run, RunTask

from local_host.testing.example_jobs import ENTRY_POINTS, JOBS, STEPS

TOKEN = "token-of-this-test"
# Three test runs at once on two cores made a start take over a minute.
DEADLINE_SECONDS = 150.0
T = TypeVar("T")


def until(probe: Callable[[], T | None]) -> T:
    """Ask until the answer is neither None nor False."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        answer = probe()
        if answer is not None and answer is not False:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"no answer from {probe} within {DEADLINE_SECONDS} s")
        time.sleep(0.02)


class Host:
    """A local Databricks host over one state folder, which can be killed and started again."""

    def __init__(self, folder: Path, options: Sequence[str] = ()) -> None:
        self.root, self.jobs, self.state = folder / "root", folder / "jobs", folder / "state"
        self.options = options
        self.url = ""
        self.process: subprocess.Popen[bytes] | None = None
        self._log = folder / "host.log"
        self.root.mkdir(parents=True)
        (self.root / "pyproject.toml").write_text(ENTRY_POINTS)
        (self.root / "steps.py").write_text(STEPS)
        self.jobs.mkdir()
        for number, job in enumerate(JOBS):
            (self.jobs / f"job_{number}.yml").write_text(yaml.safe_dump(job))
        self._clients: list[WorkspaceClient] = []

    def command(self, port: int = 0) -> list[str]:
        """The command line that starts it."""
        folders = ["--state", str(self.state), "--jobs", str(self.jobs), "--root", str(self.root)]
        return [
            *(sys.executable, "-m", "local_host.databricks", "--port", str(port), "--token", TOKEN),
            *folders,
            *self.options,
        ]

    def start(self) -> None:
        """Start it on a free port and wait until it answers."""
        with self._log.open("wb") as log:
            # Which registry it serves from is the test's to say, whatever other tests have set.
            environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
            self.process = subprocess.Popen(self.command(), stderr=log, stdout=log, env=environment)
        self.url = until(self._announced_url)
        until(self._healthy)

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(signal.SIGKILL)

    def shut_down(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def client(self, token: str = TOKEN, patience: int = 15) -> WorkspaceClient:
        """A real SDK client that repeats what is refused for `patience` seconds; it waits long for an answer."""
        config = Config(
            host=self.url,
            token=token,
            auth_type="pat",
            retry_timeout_seconds=patience,
            http_timeout_seconds=2 * DEADLINE_SECONDS,
        )
        client = WorkspaceClient(config=config)
        self._clients.append(client)
        return client

    def http(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request without the SDK, with the token."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        whole = self.url + path
        return httpx.request(method, whole, headers=headers, trust_env=False, timeout=DEADLINE_SECONDS, **options)

    def order_fault(self, **fault: Any) -> None:
        """Order a fault."""
        self.http("POST", "/faults", json=fault).raise_for_status()

    def answer(self, shape: str) -> None:
        """Order the shape in which the ends of runs are told."""
        self.http("PUT", "/answers", json={"shape": shape}).raise_for_status()

    def close(self) -> None:
        """Close the clients' connections, end the host and every task process that it left."""
        for client in self._clients:
            client.api_client._api_client._session.close()
        if self.process is not None and self.process.poll() is None:
            self.shut_down()
        for process in psutil.process_iter():
            # What a killed host has left; its command line names the state folder.
            with suppress(psutil.Error):
                if any(str(self.state) in argument for argument in process.cmdline()):
                    process.kill()

    def log(self) -> str:
        """What it has logged since its last start."""
        return self._log.read_text()

    def _end(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(DEADLINE_SECONDS)

    def _announced_url(self) -> str | None:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        words = [word for line in self.log().splitlines() for word in line.split() if word.startswith("url=")]
        return words[0].removeprefix("url=") if words else None

    def _healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


def job_id(client: WorkspaceClient, name: str) -> int:
    """The id of a job by name."""
    found = [job.job_id for job in client.jobs.list(name=name)]
    assert len(found) == 1
    assert found[0] is not None
    return found[0]


def run_now(client: WorkspaceClient, job: str, /, token: str | None = None, **parameters: str) -> int:
    """Start a run of a job; its id."""
    answer = client.jobs.run_now(job_id(client, job), job_parameters=parameters or None, idempotency_token=token)
    assert isinstance(answer.run_id, int)
    return answer.run_id


def ended(client: WorkspaceClient, run_id: int) -> Run:
    """Wait for the end of a run."""

    def probe() -> Run | None:
        run = client.jobs.get_run(run_id)
        return run if run.end_time else None

    return until(probe)


def summary(run: Run | RunTask) -> tuple[str, str | None]:
    """Life cycle state and result of a run or task run."""
    assert run.state is not None
    assert run.state.life_cycle_state is not None
    result = run.state.result_state
    return run.state.life_cycle_state.value, result.value if result else None


def task_runs(run: Run, task_key: str) -> list[RunTask]:
    """All attempts at a task, first to last."""
    return [task for task in run.tasks or [] if task.task_key == task_key]


def started_process(folder: Path, count: int = 1) -> int:
    """Wait until the waiting step has been started so often; the id of the last process."""

    def probe() -> int | None:
        file = folder / "started"
        ids = file.read_text().split() if file.exists() else []
        return int(ids[count - 1]) if len(ids) >= count else None

    return until(probe)


def alive(process_id: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process_id}/stat")
    # Nobody may have collected it yet.
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
