"""A storm: 10,000 alerts of 50 troubles, each delivered three times, on the local stack."""

import argparse
import json
import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from azure.servicebus import ServiceBusClient, ServiceBusMessage
from mlflow import MlflowClient

from benchmarks.responder.stack import Running, running
from local_host.stack.stack import Stack
from nightshift.domain.response.alert import QUEUES, AlertMessage
from tests.support.model_versions import make_champions, make_versions

_MODELS = tuple(f"storm_{number}" for number in range(10))
_DELIVERIES = 3
_BATCH = 100


def main() -> None:
    """Put every alert on its queue three times; wait until all are worked off; check what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines for people")
    parser.add_argument("--alerts", type=int, default=10_000)
    options = parser.parse_args()
    logging.disable(logging.INFO)
    with running(_MODELS) as stack:
        found = _measure(stack, options.alerts)
    if options.json:
        print(json.dumps(found))
        return
    for item in found:
        print(f"{item['name']}: {item['value']} {item['unit']} ({item['note']})")


def _alerts(count: int) -> Iterator[AlertMessage]:
    """Five troubles of each of ten models: a bad champion, drift, and three failing pipelines."""
    now = datetime.now(UTC)
    kinds: tuple[dict[str, Any], ...] = (
        {"category": "degradation", "metric": "rmse", "value": 3.0, "baseline": 1.0, "model_version": "2"},
        {"category": "drift", "metric": "psi", "value": 0.5},
        *({"category": "pipeline", "rule": f"pipeline-{name}", "severity": "warning"} for name in "abc"),
    )
    for number in range(count):
        kind = kinds[number // len(_MODELS) % len(kinds)]
        yield AlertMessage(
            alert_id=f"storm-{number}",
            model=_MODELS[number % len(_MODELS)],
            source="benchmark",
            title="a storm",
            fired_at=now,
            **kind,
        )


def _measure(stack: Running, count: int) -> list[dict[str, Any]]:
    client = MlflowClient(stack.endpoints.mlflow_url)
    for model in _MODELS:
        make_versions(client, model, 2, stack.folder)
        make_champions(stack.services, model, ("1", "2"))
    peak = _Peak(stack)
    started = time.perf_counter()
    _send(stack, list(_alerts(count)))
    sent = time.perf_counter() - started
    _await_all(stack, count)
    drained = time.perf_counter() - started
    memory = peak.stop()
    incidents = stack.services.incidents.all()
    _check(stack, count)
    note = (
        f"{count} alerts x {_DELIVERIES} deliveries: {len(incidents)} incidents, no second mitigation, nothing lost;"
        f" sent in {sent:.0f} s"
    )
    row = {"runs": 1, "note": note}
    return [
        {"name": "storm_alerts", "value": round(count * _DELIVERIES / drained), "unit": "messages/s", **row},
        {"name": "storm_drained", "value": round(drained, 1), "unit": "s", **row},
        {"name": "storm_memory", "value": round(memory), "unit": "MB", **row},
    ]


def _send(stack: Running, alerts: list[AlertMessage]) -> None:
    with ServiceBusClient.from_connection_string(stack.endpoints.servicebus_connection_string) as client:
        for queue in QUEUES.values():
            mine = [alert for alert in alerts if QUEUES[alert.category] == queue]
            with client.get_queue_sender(queue) as sender:
                for delivery in range(_DELIVERIES):
                    for start in range(0, len(mine), _BATCH):
                        # Message ids of their own: the queue's duplicate detection must not do our work.
                        sender.send_messages(
                            [
                                ServiceBusMessage(
                                    alert.model_dump_json().encode(), message_id=f"{alert.message_id}-{delivery}"
                                )
                                for alert in mine[start : start + _BATCH]
                            ]
                        )


def _await_all(stack: Running, count: int) -> None:
    deadline = time.monotonic() + 1800
    with ServiceBusClient.from_connection_string(stack.endpoints.servicebus_connection_string) as client:
        receivers = [client.get_queue_receiver(queue) for queue in QUEUES.values()]
        while any(receiver.peek_messages(max_message_count=1) for receiver in receivers):
            assert time.monotonic() < deadline, "not every alert of the storm was recorded in time"
            time.sleep(0.2)
        for receiver in receivers:
            receiver.close()
    while any(not _answered(stack, incident) for incident in stack.services.incidents.all()):
        assert time.monotonic() < deadline, "not every incident was answered in time"
        time.sleep(0.2)
    total = sum(incident.occurrences for incident in stack.services.incidents.all())
    assert total == count, f"{total} alerts recorded instead of {count}"


def _answered(stack: Running, incident: Any) -> bool:
    return bool(incident.actions)


def _check(stack: Running, count: int) -> None:
    incidents = stack.services.incidents.all()
    assert len(incidents) == 5 * len(_MODELS), f"{len(incidents)} incidents instead of {5 * len(_MODELS)}"
    for model in _MODELS:
        moves = [move for move in stack.services.champions.moves(model) if move.run != "made"]
        assert [(move.version, move.state) for move in moves] == [("1", "done")], f"moves of {model}: {moves}"
        assert stack.services.ledger.verify(model) is None, f"the ledger of {model} is broken"
    lines = (stack.folder / "state" / "functions" / "notifications.jsonl").read_text(encoding="utf-8").splitlines()
    doubled = [key for key, times in Counter(json.loads(line)["key"] for line in lines).items() if times > 1]
    assert not doubled, f"people were notified twice: {doubled}"


class _Peak:
    """Peak memory of the functions host, in MB, looked at five times a second."""

    def __init__(self, stack: Running) -> None:
        record = Stack.attach(stack.folder / "state").components()["functions"].process
        assert record is not None, "the host has no record, so it does not run"
        self._process = psutil.Process(record.pid)
        self._peak = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            self._peak = max(self._peak, self._process.memory_info().rss / 1_000_000)

    def stop(self) -> float:
        self._over.set()
        self._thread.join()
        return self._peak


if __name__ == "__main__":
    main()
