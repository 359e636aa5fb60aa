"""From an alert put on its queue to the champion alias moved and read back, on the local stack."""

import argparse
import json
import logging
import statistics
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from mlflow import MlflowClient

from benchmarks.responder.stack import Running, running
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.response.alert import AlertMessage
from tests.support.model_versions import make_champions, make_versions

_MODEL = "rolled_back"
_POLL_SECONDS = 0.005


def main() -> None:
    """Roll a model back through all its champions, one alert after the other; print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines for people")
    parser.add_argument("--alerts", type=int, default=200)
    options = parser.parse_args()
    logging.disable(logging.INFO)
    with running((_MODEL,)) as stack:
        found = _measure(stack, options.alerts)
    if options.json:
        print(json.dumps(found))
        return
    for item in found:
        print(f"{item['name']}: {item['value']} {item['unit']} ({item['note']})")


def _measure(stack: Running, alerts: int) -> list[dict[str, Any]]:
    client = MlflowClient(stack.endpoints.mlflow_url)
    make_versions(client, _MODEL, alerts + 2, stack.folder)
    make_champions(stack.services, _MODEL, tuple(str(number) for number in range(1, alerts + 3)))
    _roll_back(stack, client, alerts + 2)  # the first opens connections and imports clients
    times = [_roll_back(stack, client, version) for version in range(alerts + 1, 1, -1)]
    own = [_two_calls(client, str(number % 2 + 1)) for number in range(alerts)]
    moves = [move for move in stack.services.champions.moves(_MODEL) if move.run != "made"]
    assert len(moves) == alerts + 1, "the alerts and the champion moves differ in number"
    note = f"{alerts} alerts, one after the other; MLflow on SQLite, Azurite, the local broker and engine"
    return [
        _row("alert_to_alias_median", statistics.median(times), alerts, note),
        _row("alert_to_alias_p99", statistics.quantiles(times, n=100)[98], alerts, note),
        _row("mlflow_two_calls_median", statistics.median(own), alerts, "set the alias, read it back: no more"),
    ]


def _row(name: str, seconds: float, runs: int, note: str) -> dict[str, Any]:
    return {"name": name, "value": round(seconds, 4), "unit": "s", "runs": runs, "note": note}


def _roll_back(stack: Running, client: MlflowClient, version: int) -> float:
    alert = AlertMessage(
        alert_id=str(uuid.uuid4()),
        category="degradation",
        model=_MODEL,
        model_version=str(version),
        source="benchmark",
        metric="rmse",
        value=3.0,
        baseline=1.0,
        title=f"version {version} is bad",
        # Each in a window of its own, so that each is an incident of its own.
        fired_at=datetime.fromtimestamp(datetime.now(UTC).timestamp() - 7200 * version, UTC),
    )
    started = time.perf_counter()
    stack.services.alert_queues.send(alert)
    deadline = started + 60
    while str(client.get_model_version_by_alias(_MODEL, CHAMPION).version) == str(version):
        assert time.perf_counter() < deadline, f"version {version} was not rolled back"
        time.sleep(_POLL_SECONDS)
    return time.perf_counter() - started


def _two_calls(client: MlflowClient, version: str) -> float:
    started = time.perf_counter()
    client.set_registered_model_alias(_MODEL, "measured", version)
    client.get_model_version_by_alias(_MODEL, "measured")
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
