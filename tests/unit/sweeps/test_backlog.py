"""What waits is counted only where somebody takes the count."""

import json
import subprocess
import sys
from pathlib import Path
from typing import cast

from nightshift.domain.platform.ports import Services
from nightshift.sweeps.backlog import measure_backlog

ROOT = Path(__file__).resolve().parents[3]
_PROGRAM = """
import json
from types import SimpleNamespace
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))
from nightshift.sweeps.backlog import measure_backlog
from nightshift.domain.uploads.upload_queue import QueueState
def listed(*items):
    return SimpleNamespace(all=lambda *_: items)
measure_backlog(SimpleNamespace(
    uploads=SimpleNamespace(states=lambda: [QueueState(model="m", generation=1, busy=True, waiting=2)]),
    dead_letters=SimpleNamespace(count_waiting=lambda queue, most: min({"model-alerts": 9_000}.get(queue, 0), most)),
    reviews=listed(1, 2, 3),
    incidents=SimpleNamespace(count_open=lambda: 0),
))
points = [
    [metric.name, metric.unit, point.value, dict(point.attributes)]
    for metric in reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    for point in metric.data.data_points
]
print(json.dumps(points))
"""


def test_every_queue_has_a_value() -> None:
    """Zero too, so that a graph comes down again."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], cwd=ROOT, check=True, capture_output=True, text=True)
    points = json.loads(done.stdout)
    assert ["nightshift.queue.depth", "{upload}", 2, {"model": "m"}] in points
    assert ["nightshift.reviews.open", "{review}", 3, {}] in points
    assert ["nightshift.incidents.open", "{incident}", 0, {}] in points
    dead_letters = {point[3]["queue"]: point[2] for point in points if point[0] == "nightshift.dead_letters.waiting"}
    idle = ("drift-alerts", "pipeline-alerts", "budget-alerts", "blob-events", "http-alerts")
    assert dead_letters == {"model-alerts": 1_000} | dict.fromkeys(idle, 0)


def test_nothing_is_read_for_nobody() -> None:
    """Off, the timer of every minute costs no read of these tables."""

    class Nothing:
        """Has no store to read."""

    measure_backlog(cast("Services", Nothing()))
