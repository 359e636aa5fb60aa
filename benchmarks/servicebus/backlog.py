"""What the broker does in a second while thousands of messages wait: it must not slow down with the queue's length."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusReceiver, ServiceBusSender

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.servicebus.broker_process import QUEUE, running_broker

_BODY = b"x" * 1024
_BATCH = 200


def main() -> None:
    """Fills the queue, then receives and completes one message at a time, as a trigger without prefetch does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines for people")
    parser.add_argument("--backlog", type=int, default=30_000, help="messages that wait")
    parser.add_argument("--messages", type=int, default=1000, help="messages of one measurement")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_broker(Path(folder)) as connection,
        ServiceBusClient.from_connection_string(connection) as client,
        client.get_queue_sender(QUEUE) as sender,
        client.get_queue_receiver(QUEUE) as receiver,
    ):
        _fill(sender, 2 * options.messages)
        _receive(receiver, options.messages)
        short = _receive(receiver, options.messages)
        _fill(sender, options.backlog)
        long = _receive(receiver, options.messages)
    note = "1 kB messages, received and completed one at a time by one sync client"
    measurements = [
        _row("servicebus_one_at_a_time", short, f"{note}; up to {options.messages} wait"),
        _row("servicebus_one_at_a_time_backlog", long, f"{note}; {options.backlog} wait"),
    ]
    if options.json:
        print(json.dumps(measurements))
        return
    for found in measurements:
        print(f"{found['name']}: {found['value']} {found['unit']} ({found['note']})")


def _fill(sender: ServiceBusSender, messages: int) -> None:
    for _ in range(messages // _BATCH):
        sender.send_messages([ServiceBusMessage(_BODY) for _ in range(_BATCH)])


def _receive(receiver: ServiceBusReceiver, messages: int) -> float:
    """Messages per second."""
    started = time.perf_counter()
    done = 0
    while done < messages:
        for message in receiver.receive_messages(max_message_count=1, max_wait_time=10):
            receiver.complete_message(message)
            done += 1
    return messages / (time.perf_counter() - started)


def _row(name: str, value: float, note: str) -> dict[str, Any]:
    return {"name": name, "value": float(f"{value:.4g}"), "unit": "messages/s", "runs": 1, "note": note}


if __name__ == "__main__":
    main()
