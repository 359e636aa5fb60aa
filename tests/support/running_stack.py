"""A whole local stack, shared by all tests of the group ``stack``, with specs that some of them need."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from databricks.sdk import WorkspaceClient

from local_host.stack.endpoints import DEVELOPMENT_TOKEN, Endpoints
from local_host.stack.stack import Stack
from nightshift.cli.app_client import AppClient
from nightshift.cli.demo.data.source import REVENUE, SyntheticSource
from nightshift.cli.demo.data.uploads import table, upload
from nightshift.cli.upload_command import await_run, follow, put
from nightshift.domain.lifecycle.run import RunOutcome

_ENDED = {"completed", "failed", "terminated"}
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class RunningApp:
    """The app of a running stack."""

    endpoints: Endpoints
    state: Path
    app: AppClient
    specs: Path

    def upload(self, model: str, file: Path) -> str:
        """Upload a file and return the run that takes it."""
        return await_run(self.app, model, put(model, file, "synthetic: a test", self.state).identity, seconds=240)

    def outcome(self, run: str) -> RunOutcome:
        """Wait for the end of a run."""
        return RunOutcome.model_validate(follow(self.app, run, lambda _: None, seconds=240).output)

    def order_fault(self, **fault: Any) -> None:
        """Order a fault of Databricks for what comes next.

        The stack is shared and a fault hits whoever comes first, so this waits until no run of an earlier test goes on.
        """
        deadline = time.monotonic() + 240
        while going_on := [item["run"] for item in self._runs() if item["state"] not in _ENDED]:
            assert time.monotonic() < deadline, going_on
            time.sleep(0.2)
        answer = httpx.post(
            f"{self.endpoints.databricks_url}/faults",
            headers={"Authorization": f"Bearer {DEVELOPMENT_TOKEN}"},
            json=fault,
        )
        answer.raise_for_status()

    def job_runs(self, run: str) -> list[int]:
        """Every job run that was started for a run of the lifecycle and its loop, whoever knows of it; sorted."""
        runs = {run, run.replace("lifecycle-", "improvement-", 1)}
        workspace = WorkspaceClient(host=self.endpoints.databricks_url, token=DEVELOPMENT_TOKEN)
        found = [
            item.run_id
            for item in workspace.jobs.list_runs()
            if item.run_id is not None
            and any(given.name == "lifecycle_run" and given.value in runs for given in item.job_parameters or [])
        ]
        workspace.api_client._api_client._session.close()
        return sorted(found)

    def _runs(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.app.get("runs", limit=1000)["items"]
        return items

    def until(self, found: Callable[[], Any], what: str, seconds: float = 240) -> Any:
        """Wait until there is something, and return it."""
        deadline = time.monotonic() + seconds
        while not (answer := found()):
            assert time.monotonic() < deadline, f"{what} did not come to be as it should"
            time.sleep(0.2)
        return answer

    def incidents(self, run: str, seconds: float = 240) -> list[str]:
        """Titles of the alerts of a run, from the incidents they belong to; waits for the first."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = [
                str(alert["title"])
                for item in self.app.get("incidents", limit=1000)["items"]
                for alert in self.app.get(f"incidents/{item['incident_id']}")["occurrences"]
                if alert["run"] == run
            ]
            if found:
                return found
            time.sleep(0.2)
        return []


def good_file(folder: Path, number: int, name: str = "first") -> Path:
    """A good upload for revenue_forecast; each number leaves out another row, so that no two have the same content."""
    rows = table(upload(REVENUE, name), SyntheticSource(1))
    path = folder / f"{name}-{number}.csv"
    rows.drop(index=number).to_csv(path, index=False)
    return path


def _specs(folder: Path) -> None:
    """The shipped specs, a copy whose job does not exist, one with a low inline limit, one with a misspelt key.

    And the spec that the cases are held against, which has a column of every dtype.
    """
    shutil.copytree(ROOT / "model_specs", folder)
    shutil.copy(ROOT / "tests" / "data" / "cases" / "lab.yaml", folder)
    shipped = yaml.safe_load((folder / "revenue_forecast.yaml").read_text(encoding="utf-8"))
    for name, change in {
        "jobless": {"job": {**shipped.get("job", {}), "name": "no-such-job"}},
        "misspelt": {"evalution": shipped["evaluation"]},
        "oversize": {"source": {"max_inline_megabytes": 1}},
    }.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({**shipped, "name": name, **change}), encoding="utf-8")


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A running stack; tests that use it stay together by the xdist group ``stack``."""
    folder = tmp_path_factory.mktemp("stack")
    _specs(folder / "specs")
    settings = {
        "NIGHTSHIFT_MODEL_SPECS": str(folder / "specs"),
        "NIGHTSHIFT_RETRY_SECONDS": "0.5",
        "NIGHTSHIFT_RETRY_ATTEMPTS": "4",
    }
    with running_on(folder / "state", folder / "specs", settings) as app:
        yield app


@contextmanager
def running_on(state: Path, specs: Path, settings: Mapping[str, str]) -> Iterator[RunningApp]:
    """The app of a whole stack that is started on a state folder with these settings."""
    with started_with(settings, state) as endpoints, AppClient(endpoints.app_url) as app:
        yield RunningApp(endpoints, state, app, specs)


@contextmanager
def started_with(settings: Mapping[str, str], state: Path) -> Iterator[Endpoints]:
    """A whole stack that is started with these settings, which this process then has no longer."""
    stack = Stack(ROOT, state)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        endpoints = stack.up(lambda event: None)
    try:
        yield endpoints
    finally:
        stack.down()
