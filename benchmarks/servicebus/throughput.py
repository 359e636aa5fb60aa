"""What the broker does in a second, by the real SDK: sends, batches, receives with completes, and end to end."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusReceiver, ServiceBusSender

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.servicebus.broker_process import PACED_QUEUE, QUEUE, running_broker

_BODY = b"x" * 1024
_BATCH = 100
_PREFETCH = 200


def main() -> None:
    """Measures each several times on one broker and prints the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines for people")
    parser.add_argument("--messages", type=int, default=1000, help="messages of one run")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_broker(Path(folder)) as connection:
        measurements = _measure(connection, options.messages, options.runs)
    if options.json:
        print(json.dumps(measurements))
        return
    for found in measurements:
        print(f"{found['name']}: {found['value']} {found['unit']} ({found['runs']} runs; {found['note']})")


def _measure(connection: str, messages: int, runs: int) -> list[dict[str, Any]]:
    found: dict[str, list[float]] = {"send": [], "batch": [], "receive": []}
    latencies: list[float] = []
    with (
        ServiceBusClient.from_connection_string(connection) as client,
        client.get_queue_sender(QUEUE) as sender,
        client.get_queue_receiver(QUEUE, prefetch_count=_PREFETCH) as receiver,
        # A receiver that prefetches waits for more before it hands over what it has.
        client.get_queue_sender(PACED_QUEUE) as paced_sender,
        client.get_queue_receiver(PACED_QUEUE) as paced_receiver,
    ):
        for run in range(runs + 1):
            rates = {
                "send": _rate(messages, lambda: _send_each(sender, messages)),
                "receive": _rate(messages, lambda: _receive(receiver, messages)),
                "batch": _rate(messages, lambda: _send_batches(sender, messages)),
            }
            _receive(receiver, messages)
            # The first run warms up.
            if run > 0:
                for name, rate in rates.items():
                    found[name].append(rate)
                latencies += _end_to_end(paced_sender, paced_receiver, messages // 5)
    cuts = statistics.quantiles(latencies, n=20)
    note = "1 kB messages, one sync client"
    return [
        _row("servicebus_send", statistics.median(found["send"]), "messages/s", runs, f"{note}, each acknowledged"),
        _row(
            "servicebus_send_batch", statistics.median(found["batch"]), "messages/s", runs, f"{note}, {_BATCH} a batch"
        ),
        _row(
            "servicebus_receive_complete",
            statistics.median(found["receive"]),
            "messages/s",
            runs,
            f"{note}, prefetch {_PREFETCH}, each complete confirmed",
        ),
        _row("servicebus_end_to_end_p50", statistics.median(latencies), "ms", runs, "sent to received, 100 sends/s"),
        _row("servicebus_end_to_end_p95", cuts[18], "ms", runs, "sent to received, 100 sends/s"),
    ]


def _row(name: str, value: float, unit: str, runs: int, note: str) -> dict[str, Any]:
    return {"name": name, "value": float(f"{value:.4g}"), "unit": unit, "runs": runs, "note": note}


def _rate(messages: int, work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return messages / (time.perf_counter() - started)


def _send_each(sender: ServiceBusSender, messages: int) -> None:
    for _ in range(messages):
        sender.send_messages(ServiceBusMessage(_BODY))


def _send_batches(sender: ServiceBusSender, messages: int) -> None:
    for _ in range(messages // _BATCH):
        sender.send_messages([ServiceBusMessage(_BODY) for _ in range(_BATCH)])


def _receive(receiver: ServiceBusReceiver, messages: int) -> None:
    done = 0
    while done < messages:
        for message in receiver.receive_messages(max_message_count=_PREFETCH, max_wait_time=10):
            receiver.complete_message(message)
            done += 1


def _end_to_end(sender: ServiceBusSender, receiver: ServiceBusReceiver, messages: int) -> list[float]:
    """Milliseconds from the call of send to the message in hand, at a steady pace."""

    def send() -> None:
        for _ in range(messages):
            sender.send_messages(ServiceBusMessage(str(time.perf_counter()).encode()))
            time.sleep(0.01)

    thread = threading.Thread(target=send)
    thread.start()
    latencies: list[float] = []
    while len(latencies) < messages:
        for message in receiver.receive_messages(max_message_count=1, max_wait_time=10):
            latencies.append(1000 * (time.perf_counter() - float(b"".join(message.body))))
            receiver.complete_message(message)
    thread.join()
    return latencies


if __name__ == "__main__":
    main()
