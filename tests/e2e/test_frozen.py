"""Functions host, broker and Databricks host are stopped (SIGSTOP) while a run trains and alerts flow."""

import gc
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import httpx
import pytest

from local_host.stack.endpoints import DEVELOPMENT_TOKEN, Endpoints
from local_host.stack.process_table import ComponentRecord
from local_host.stack.stack import Stack
from nightshift.cli.app_client import AppClient, AppUnreachableError
from nightshift.cli.demo.data.source import REVENUE
from nightshift.cli.upload_command import await_run, put
from nightshift.domain.lifecycle.run import RunOutcome
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.response.alert import AlertMessage
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.e2e.conftest import ROOT, good_file

if TYPE_CHECKING:
    from nightshift.clients.response.alert_queues import ServiceBusAlertQueues

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("kill"),
    pytest.mark.timeout(900),
    # The Service Bus SDK leaves the socket of a connection that the broker refused to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]

FROZEN = ("functions", "servicebus", "databricks")
ALERTS = 20


@dataclass(frozen=True)
class _Stack:
    state: Path
    endpoints: Endpoints
    app: AppClient
    services: LazyServices

    def components(self) -> dict[str, ComponentRecord]:
        return Stack.attach(self.state).components()


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[_Stack]:
    """A whole stack of this test's own."""
    state = tmp_path / "state"
    with Stack(ROOT, state) as endpoints, AppClient(endpoints.app_url) as app:
        services = LazyServices(read_settings({**os.environ, **endpoints.environment()}, ROOT))
        yield _Stack(state, endpoints, app, services)
        cast("ServiceBusAlertQueues", services.alert_queues).close()
        gc.collect()


def test_components_that_stop_answering_are_restarted_and_nothing_is_lost(stack: _Stack, tmp_path: Path) -> None:
    """One job run, the run's end, each alert once; the records say why the components were restarted."""
    identity, _ = put(REVENUE, good_file(tmp_path, 1), "synthetic: a test", stack.state)
    run = await_run(stack.app, REVENUE, identity, seconds=240)
    _until(lambda: "RUNNING" in _job_states(stack.endpoints), "a job run")
    alerts = [_alert(number) for number in range(ALERTS)]
    for alert in alerts[: ALERTS // 2]:
        _send(stack.services, alert)
    for name in FROZEN:
        process = stack.components()[name].process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
    _until(lambda: all(_is_back(stack.components()[name]) for name in FROZEN), "restarted components")
    for alert in alerts[ALERTS // 2 :]:
        _send(stack.services, alert)
    _until(lambda: _state(stack.app, run) == "completed", "the end of the run")
    outcome = RunOutcome.model_validate(stack.app.get(f"runs/{run}")["output"])
    assert (outcome.outcome, len(outcome.job_runs)) == ("promoted", 1)
    assert _job_states(stack.endpoints) == ["TERMINATED"]
    _until(lambda: sum(item.occurrences for item in stack.services.incidents.all()) >= ALERTS, "all alerts")
    assert [item.occurrences for item in stack.services.incidents.all()] == [ALERTS]
    for name, record in stack.components().items():
        assert record.restarts == (1 if name in FROZEN else 0), (name, record)


def _is_back(record: ComponentRecord) -> bool:
    reason = record.last_exit or ""
    return record.restarts == 1 and record.state == "ready" and reason.startswith("no answer to 3 questions in a row")


def _alert(number: int) -> AlertMessage:
    return AlertMessage(
        alert_id=f"a{number}",
        category="pipeline",
        model=REVENUE,
        source="test",
        title="failed",
        fired_at=datetime.now(UTC),
    )


def _send(services: LazyServices, alert: AlertMessage) -> None:
    deadline = time.monotonic() + 240
    while True:
        try:
            services.alert_queues.send(alert)
            return
        except ServiceUnavailableError:
            assert time.monotonic() < deadline, "the broker did not come back"
            time.sleep(0.2)


def _job_states(endpoints: Endpoints) -> list[str]:
    answer = httpx.get(
        f"{endpoints.databricks_url}/api/2.2/jobs/runs/list?limit=25",
        headers={"Authorization": f"Bearer {DEVELOPMENT_TOKEN}"},
    )
    answer.raise_for_status()
    return [run["status"]["state"] for run in answer.json().get("runs", [])]


def _state(app: AppClient, run: str) -> str | None:
    try:
        return str(app.get(f"runs/{run}")["state"])
    except AppUnreachableError:
        return None


def _until(condition: Callable[[], bool], what: str, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.3)
