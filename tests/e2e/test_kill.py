"""The functions host is killed with SIGKILL at twenty random moments while uploads are worked on."""

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_host.stack.catalogue import COMPONENT_NAMES
from local_host.stack.endpoints import DEVELOPMENT_TOKEN, Endpoints
from local_host.stack.stack import Stack
from nightshift.cli.app_client import AppClient, AppUnreachableError
from nightshift.cli.demo.data.source import REVENUE, source
from nightshift.cli.demo.data.uploads import upload, write
from nightshift.cli.upload_command import put
from nightshift.domain.lifecycle.run import RunOutcome
from nightshift.domain.platform.view import ModelView
from tests.e2e.killable_host import ROOT, Host

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kill"), pytest.mark.timeout(1800)]

KILLS = 20
UPLOADS = ("first", "next_period", "corrupt", "kill")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[tuple[Endpoints, Host]]:
    """A stack whose functions host is the test's to kill."""
    others = tuple(name for name in COMPONENT_NAMES if name != "functions")
    with Stack(ROOT, tmp_path / "state", components=others) as endpoints:
        host = Host(endpoints, tmp_path / "state")
        try:
            yield endpoints, host
        finally:
            host.stop()


def test_twenty_kills_give_no_second_job_no_lost_upload_and_the_right_champion(
    stack: tuple[Endpoints, Host], tmp_path: Path
) -> None:
    """Every upload gets one run, every run one job run, and the champion is the one that the evidence chose."""
    endpoints, host = stack
    seed = random.SystemRandom().randrange(10_000)
    print(f"moments of the kills from seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    over = threading.Event()
    killer = threading.Thread(target=_kill, args=(host, random.Random(seed), over))
    data = source("auto")
    killer.start()
    outcomes = []
    with AppClient(endpoints.app_url) as app:
        try:
            for name in UPLOADS:
                file = write(upload(REVENUE, name), data, tmp_path)
                identity, _ = put(REVENUE, file, data.label(REVENUE), tmp_path / "state")
                outcomes.append(_outcome(app, identity))
            over.wait()
        finally:
            over.set()
            killer.join()
        runs = _get(app, "runs")["items"]
        model = ModelView.model_validate(_get(app, f"models/{REVENUE}"))
        checks = _get(app, "ledger/verification")["items"]
    assert [outcome.outcome for outcome in outcomes] == ["promoted", "promoted", "halted", "promoted"]
    assert len(runs) == len(UPLOADS)
    assert sorted(_job_runs(endpoints)) == sorted(run for outcome in outcomes for run in outcome.job_runs)
    assert [len(outcome.job_runs) for outcome in outcomes] == [1, 1, 0, 1]
    assert model.champion == "3"
    assert [(move.version, move.state) for move in model.moves] == [("1", "done"), ("2", "done"), ("3", "done")]
    assert len(model.versions) == 3
    assert [check["fault"] for check in checks] == [None]


def _kill(host: Host, moments: random.Random, over: threading.Event) -> None:
    for _ in range(KILLS):
        if over.wait(moments.uniform(0.2, 6)):
            return
        host.kill()
    over.set()


def _outcome(app: AppClient, identity: str) -> RunOutcome:
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        run = _get(app, f"uploads/{REVENUE}/{identity}")["run"]
        found = {item["run"]: item for item in _get(app, "runs")["items"]}
        if run in found and found[run]["state"] == "completed":
            return RunOutcome.model_validate(_get(app, f"runs/{run}")["output"])
        time.sleep(0.3)
    raise AssertionError(f"the upload {identity} was lost: no run of it ended")


def _get(app: AppClient, path: str) -> Any:
    """Ask until the host answers: most of the time it is dead or starting."""
    deadline = time.monotonic() + 240
    while True:
        try:
            return app.get(path)
        except AppUnreachableError:
            assert time.monotonic() < deadline, "the host did not come back"
            time.sleep(0.2)


def _job_runs(endpoints: Endpoints) -> list[int]:
    answer = httpx.get(
        f"{endpoints.databricks_url}/api/2.2/jobs/runs/list?limit=25",
        headers={"Authorization": f"Bearer {DEVELOPMENT_TOKEN}"},
    )
    answer.raise_for_status()
    return [run["run_id"] for run in answer.json().get("runs", [])]
