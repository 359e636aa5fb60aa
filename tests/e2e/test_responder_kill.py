"""Host and broker are killed with SIGKILL at random moments while 200 alerts flow."""

import gc
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from mlflow import MlflowClient

from local_host.stack.errors import StackError
from local_host.stack.stack import Stack
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.response.alert import AlertMessage
from nightshift.domain.response.incident import Incident
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.e2e.conftest import ROOT
from tests.support.model_versions import make_champions, make_versions

if TYPE_CHECKING:
    from nightshift.clients.response.alert_queues import ServiceBusAlertQueues

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("kill"),
    pytest.mark.timeout(900),
    # The Service Bus SDK leaves the socket of a connection that the broker refused to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]

ALERTS, KILLS = 200, 8
MODELS = tuple(f"killed_{number}" for number in range(10))
VICTIMS = ("functions", "servicebus")


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LazyServices]:
    """A stack of ten models, each with a champion 2 after a champion 1; the supervisor starts again what is killed."""
    specs = tmp_path / "specs"
    specs.mkdir()
    shipped = (ROOT / "model_specs" / "revenue_forecast.yaml").read_text(encoding="utf-8")
    for model in MODELS:
        text = shipped.replace("name: revenue_forecast", f"name: {model}", 1)
        (specs / f"{model}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("NIGHTSHIFT_MODEL_SPECS", str(specs))
    with Stack(ROOT, tmp_path / "state") as endpoints:
        services = LazyServices(read_settings({**os.environ, **endpoints.environment()}, ROOT))
        client = MlflowClient(endpoints.mlflow_url, endpoints.mlflow_url)
        for model in MODELS:
            make_versions(client, model, 2, tmp_path)
            make_champions(services, model, ("1", "2"))
        yield services
        cast("ServiceBusAlertQueues", services.alert_queues).close()
        gc.collect()


def test_every_incident_gets_exactly_one_mitigation(stack: LazyServices, tmp_path: Path) -> None:
    """200 alerts of 20 troubles: ten rollbacks, ten pages, nothing lost, nothing done twice."""
    seed = random.SystemRandom().randrange(10_000)
    print(f"moments of the kills from seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    over = threading.Event()
    killer = threading.Thread(target=_kill, args=(tmp_path / "state", random.Random(seed), over))
    killer.start()
    try:
        for alert in _alerts():
            _send(stack, alert)
            time.sleep(0.02)
        over.wait()
    finally:
        over.set()
        killer.join()
    incidents = _settled(stack)
    assert Counter(incident.category for incident in incidents) == {"degradation": 10, "pipeline": 10}
    assert sum(incident.occurrences for incident in incidents) == ALERTS
    for model in MODELS:
        moves = [move for move in stack.champions.moves(model) if move.run != "made"]
        assert [(move.version, move.previous, move.state) for move in moves] == [("1", "2", "done")]
        orders = stack.ledger.of_kind(model, "mitigation")
        assert [entry.key for entry in orders] == [f"rollback:{model}:2"]
        assert stack.ledger.verify(model) is None
    lines = (tmp_path / "state" / "functions" / "notifications.jsonl").read_text(encoding="utf-8").splitlines()
    told = Counter(json.loads(line)["key"] for line in lines)
    pipelines = [incident.incident_id for incident in incidents if incident.category == "pipeline"]
    assert {key: told[key] for key in told if key.endswith(":page")} == {f"{name}:page": 1 for name in pipelines}


def _alerts() -> Iterator[AlertMessage]:
    now = datetime.now(UTC)
    for number in range(ALERTS):
        model = MODELS[number % len(MODELS)]
        if number // len(MODELS) % 2:
            yield AlertMessage(
                alert_id=f"a{number}", category="pipeline", model=model, source="test", title="failed", fired_at=now
            )
        else:
            yield AlertMessage(
                alert_id=f"a{number}",
                category="degradation",
                model=model,
                model_version="2",
                source="test",
                metric="rmse",
                value=3.0,
                baseline=1.0,
                title="error tripled",
                fired_at=now,
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


def _kill(state: Path, moments: random.Random, over: threading.Event) -> None:
    for number in range(KILLS):
        if over.wait(moments.uniform(0.5, 4)):
            return
        try:
            process = Stack.attach(state).components()[VICTIMS[number % 2]].process
            if process is not None:
                os.kill(process.pid, signal.SIGKILL)
        except (StackError, ProcessLookupError):
            continue  # it is down already: the next moment is as good
    over.set()


def _settled(services: LazyServices) -> tuple[Incident, ...]:
    """All incidents, once each has been answered and every alert is counted."""
    deadline = time.monotonic() + 240
    incidents: tuple[Incident, ...] = ()
    while time.monotonic() < deadline:
        incidents = services.incidents.all()
        counted = sum(incident.occurrences for incident in incidents)
        if counted == ALERTS and all(_answered(incident) for incident in incidents):
            return incidents
        time.sleep(0.5)
    counts = [(incident.model, incident.category, incident.occurrences, incident.actions) for incident in incidents]
    raise AssertionError(f"not settled: {counts}")


def _answered(incident: Incident) -> bool:
    done = {action.mitigation for action in incident.actions if action.state == "done"}
    return done >= ({"rollback", "notify"} if incident.category == "degradation" else {"page"})
