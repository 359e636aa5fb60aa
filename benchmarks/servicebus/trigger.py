"""How many messages a second the local host's Service Bus trigger takes: received, run and completed."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from azure.servicebus import ServiceBusClient, ServiceBusMessage

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.servicebus.broker_process import QUEUE, running_broker

_APP = f"""
import azure.functions as func

app = func.FunctionApp()

@app.service_bus_queue_trigger(arg_name="message", queue_name="{QUEUE}", connection="BUS")
async def on_message(message: func.ServiceBusMessage) -> None:
    message.get_body()
"""
_HOST_JSON = {"version": "2.0", "extensions": {"serviceBus": {"maxConcurrentCalls": 16, "prefetchCount": 0}}}
_BATCH = 100
_SECONDS = 120.0


class _HostEndedError(Exception):
    """The functions host is not there any more."""


def main() -> None:
    """Sends a batch of messages to a running host several times, and takes the time until its queue is empty."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines for people")
    parser.add_argument("--messages", type=int, default=1000, help="messages of one run")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_broker(Path(folder)) as connection,
        _running_host(Path(folder), connection) as host,
        ServiceBusClient.from_connection_string(connection) as client,
    ):
        # The first run waits for the host and warms up.
        rates = [_rate(client, host, options.messages) for _ in range(options.runs + 1)][1:]
    found = {
        "name": "servicebus_trigger",
        "value": float(f"{statistics.median(rates):.4g}"),
        "unit": "messages/s",
        "runs": options.runs,
        "note": "1 kB messages through an async function that does nothing, 16 calls at once, sending included",
    }
    print(json.dumps([found]) if options.json else f"{found['name']}: {found['value']} {found['unit']}")


@contextmanager
def _running_host(folder: Path, connection: str) -> Iterator[subprocess.Popen[bytes]]:
    """The functions host over an app of one function; its log is host.log in the folder."""
    root = folder / "app"
    root.mkdir()
    (root / "function_app.py").write_text(_APP, encoding="utf-8")
    (root / "host.json").write_text(json.dumps(_HOST_JSON), encoding="utf-8")
    command = [sys.executable, "-m", "local_host.functions", "--root", str(root), "--port", "0"]
    with (folder / "host.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--state", str(folder / "host")],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "BUS": connection},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    except _HostEndedError:
        raise RuntimeError(f"the host has ended:\n{(folder / 'host.log').read_text()}") from None
    finally:
        process.terminate()
        process.wait()


def _rate(client: ServiceBusClient, host: subprocess.Popen[bytes], messages: int) -> float:
    """Messages per second, until nothing is left in the queue."""
    with client.get_queue_sender(QUEUE) as sender, client.get_queue_receiver(QUEUE) as receiver:
        started = time.perf_counter()
        for _ in range(messages // _BATCH):
            sender.send_messages([ServiceBusMessage(b"x" * 1024) for _ in range(_BATCH)])
        while receiver.peek_messages(1, sequence_number=1):
            if host.poll() is not None:
                raise _HostEndedError
            if time.perf_counter() - started > _SECONDS:
                raise RuntimeError(f"the host has not taken {messages} messages within {_SECONDS:.0f} s")
            time.sleep(0.005)
        return messages / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
