"""The broker as a process of its own, for a measurement."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_host.servicebus.ready import broker_problem
from local_host.stack.endpoints import servicebus_connection_string
from local_host.stack.ports import LOOPBACK, choose_ports
from local_host.watchdog import children_ended

_READY_SECONDS = 30.0
QUEUE, PACED_QUEUE = "measured", "paced"


@contextmanager
def running_broker(folder: Path) -> Iterator[str]:
    """Starts a broker with two queues, yields its connection string and ends it.

    It, and what is started meanwhile, ends with this process, also if that is killed.
    """
    queues = folder / "queues.yml"
    queues.write_text(f"queues:\n  - name: {QUEUE}\n  - name: {PACED_QUEUE}\n", encoding="utf-8")
    port = choose_ports(["servicebus"], {})["servicebus"]
    command = [sys.executable, "-m", "local_host.servicebus", "--port", str(port)]
    with children_ended():
        with (folder / "broker.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "--state", str(folder / "state"), "--queues", str(queues)],
                cwd=Path(__file__).parents[2],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            deadline = time.monotonic() + _READY_SECONDS
            while (problem := broker_problem(LOOPBACK, port)) is not None:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the broker does not start: {problem}\n{(folder / 'broker.log').read_text()}")
                time.sleep(0.02)
            yield servicebus_connection_string(port)
        finally:
            process.terminate()
            process.wait()
