"""A lower bound for the storm: a Celery worker that takes messages from Redis and only stores each of them.

Redis appends to a file and syncs it at every command, because our broker does not lose an accepted message either; the
worker commits each message to SQLite, and acknowledges it afterwards.
"""

import json
import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from celery import Celery

MESSAGES, RUNS = 3_000, 3
BODY = json.dumps({"category": "drift", "model": "storm_1", "title": "a storm", "value": 0.5, "detail": "x" * 200})

app = Celery(broker=os.environ.get("PEER_BROKER", "redis://127.0.0.1:1/0"))
app.conf.update(task_ignore_result=True, task_acks_late=True, worker_hijack_root_logger=False)


@app.task(name="store")  # type: ignore[untyped-decorator]  # celery is not in this environment
def store(key: str, body: str) -> None:
    """Store a message."""
    with sqlite3.connect(os.environ["PEER_DATABASE"], timeout=30) as database:
        database.execute("INSERT OR IGNORE INTO messages VALUES (?, ?)", (key, body))


def main() -> None:
    """Print the measurements as JSON."""
    with tempfile.TemporaryDirectory(prefix="nightshift-celery-") as name:
        folder = Path(name)
        database = folder / "messages.db"
        with sqlite3.connect(database) as made:
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("CREATE TABLE messages (key TEXT PRIMARY KEY, body TEXT)")
        port = _free_port()
        redis = shutil.which("redis-server")
        assert redis is not None, "redis-server is not installed"
        command = [redis, "--port", str(port), "--bind", "127.0.0.1", "--dir", name, "--save", ""]
        server = subprocess.Popen(
            [*command, "--appendonly", "yes", "--appendfsync", "always"], stdout=subprocess.DEVNULL
        )
        environment = os.environ | {"PEER_BROKER": f"redis://127.0.0.1:{port}/0", "PEER_DATABASE": str(database)}
        options = ["worker", "--pool", "prefork", "--concurrency", "2", "--loglevel", "ERROR", "--without-gossip"]
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "peer_celery", *options, "--without-mingle", "--without-heartbeat"],
            cwd=Path(__file__).parent,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            app.conf.broker_url = environment["PEER_BROKER"]
            rates = _rates(database)
        finally:
            worker.terminate()
            worker.wait(30)
            server.terminate()
            server.wait(30)
    note = f"{MESSAGES} messages, two processes, each message one SQLite commit; nothing is judged or decided"
    value = round(statistics.median(rates))
    print(json.dumps([{"name": "celery_messages", "value": value, "unit": "messages/s", "runs": RUNS, "note": note}]))


def _rates(database: Path) -> list[float]:
    """Messages per second from the first sent to the last stored; without the first run."""
    rates = []
    for run in range(RUNS + 1):
        started = time.perf_counter()
        for number in range(MESSAGES):
            store.delay(f"{run}-{number}", BODY)
        _await(database, (run + 1) * MESSAGES)
        rates.append(MESSAGES / (time.perf_counter() - started))
    return rates[1:]


def _await(database: Path, count: int) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        with sqlite3.connect(database, timeout=30) as read:
            if read.execute("SELECT count(*) FROM messages").fetchone()[0] >= count:
                return
        time.sleep(0.02)
    sys.exit("the worker did not store all messages in 300 s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


if __name__ == "__main__":
    main()
