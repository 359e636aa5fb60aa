"""Each metric of the table is written as the table says, by the real SDK in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nightshift.domain.platform.telemetry import METRICS

ROOT = Path(__file__).resolve().parents[4]
_PROGRAM = """
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))
from nightshift.services.platform import app_metrics
from nightshift.services.response.keep_action import keep_action
from activities.lifecycle.publish_event import publish_event
from nightshift.domain.response.incident import IncidentAction
from nightshift.domain.lifecycle.run import RunEvent

at = datetime(2026, 11, 1, tzinfo=UTC)
services = SimpleNamespace(
    events=SimpleNamespace(publish=lambda _: None),
    incidents=SimpleNamespace(change=lambda *_: None),
)
for kind in ("started", "promoted"):
    publish_event(services, RunEvent(kind=kind, model="m", run="r", data={}))
incident = SimpleNamespace(model="m", incident_id="i", recorded_at=at)
for state in ("begun", "done"):
    action = IncidentAction(mitigation="rollback", state=state, detail="", at=at + timedelta(seconds=7))
    keep_action(services, incident, action)
keep_action(services, incident, action, actor="a person")
app_metrics.record_review("m", "approved", 60.0)
app_metrics.count_failed_call("validate_data", "service_unavailable")
app_metrics.count_internal_error("m", "retrain")
app_metrics.count_process_start()
app_metrics.record_heartbeat()
app_metrics.set_waiting(uploads={"m": 2}, dead_letters={"model-alerts": 0}, reviews=1, incidents=0)
points = {}
for metric in reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics:
    point = metric.data.data_points[0]
    assert len(metric.data.data_points) == 1, metric.name
    value = point.sum if hasattr(point, "sum") else point.value
    points[metric.name] = [type(metric.data).__name__, metric.unit, metric.description, value, dict(point.attributes)]
again = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
repeated = sorted(metric.name for metric in again if type(metric.data).__name__ == "Gauge")
print(json.dumps({"points": points, "repeated": repeated}))
"""
_KINDS = {"counter": "Sum", "gauge": "Gauge", "histogram": "Histogram"}


@pytest.fixture(scope="module")
def reported() -> dict[str, Any]:
    """What the program has printed."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], cwd=ROOT, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


@pytest.fixture
def points(reported: dict[str, Any]) -> dict[str, Any]:
    """Name -> kind, unit, description, value, attributes."""
    return dict(reported["points"])


def test_what_is_written_is_what_the_table_says(points: dict[str, Any]) -> None:
    """Kind, unit, description and attributes, of every metric that the app writes and of no other."""
    written = {name: (kind, unit, text, sorted(at)) for name, (kind, unit, text, _, at) in points.items()}
    assert written == {
        metric.name: (_KINDS[metric.kind], metric.unit, metric.description, sorted(metric.attributes))
        for metric in METRICS
        if metric.written_by == "app"
    }


def test_a_run_counts_at_its_end(points: dict[str, Any]) -> None:
    """Its start is no outcome."""
    assert points["nightshift.runs"][3:] == [1, {"model": "m", "outcome": "promoted"}]


def test_a_mitigation_is_measured_from_the_alerts_arrival(points: dict[str, Any]) -> None:
    """Once it has ended; what a person does to it is none of ours."""
    assert points["nightshift.mitigation.latency"][3:] == [
        7.0,
        {"model": "m", "mitigation": "rollback", "state": "done"},
    ]


def test_a_gauge_says_its_value_once(reported: dict[str, Any]) -> None:
    """Otherwise the instance that had the timer before would go on saying what it saw last."""
    assert reported["repeated"] == []
