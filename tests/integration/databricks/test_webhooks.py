"""Job notifications on a real HTTP server."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import JsonValue, TypeAdapter

from tests.integration.databricks.workspace_process import Host, ended, job_id, run_now, summary, until


class Receiver:
    """Notes what it is told; refuses the first ``refusals`` notifications."""

    def __init__(self, refusals: int) -> None:
        self.told: list[JsonValue] = []
        self.refused = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                refuse = receiver.refused < refusals
                if refuse:
                    receiver.refused += 1
                else:
                    receiver.told.append(TypeAdapter(JsonValue).validate_json(body))
                self.send_response(500 if refuse else 200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.server_port}/api/jobs/finished"

    def close(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that refuses twice before it listens."""
    made = Receiver(refusals=2)
    yield made
    made.close()


@pytest.fixture
def telling_host(receiver: Receiver, tmp_path: Path) -> Iterator[Host]:
    """A host that tells the receiver."""
    made = Host(tmp_path, webhook=receiver.url)
    made.start()
    yield made
    made.close()


def test_ends_of_runs_are_told(telling_host: Host, receiver: Receiver, folder: Path) -> None:
    """Each end is told in Databricks' schema, again until it is taken; a job without webhooks tells nothing."""
    client = telling_host.client()
    ended(client, run_now(client, "echoing"))
    (folder / "go").touch()
    good = run_now(client, "waiting", folder=str(folder))
    until(lambda: len(receiver.told) == 1)
    bad = run_now(client, "failing")
    until(lambda: len(receiver.told) == 2)
    assert receiver.refused == 2
    assert receiver.told == [
        {
            "event_type": event,
            "workspace_id": 1,
            "run": {"run_id": run_id},
            "job": {"job_id": job_id(client, job), "name": job},
        }
        for event, run_id, job in [("jobs.on_success", good, "waiting"), ("jobs.on_failure", bad, "failing")]
    ]


def test_skipped_runs_are_told(telling_host: Host, receiver: Receiver, folder: Path) -> None:
    """A skipped run is a failure unless the job mutes it."""
    client = telling_host.client()
    run_now(client, "one at a time", folder=str(folder))
    skipped = run_now(client, "one at a time", folder=str(folder))
    until(lambda: len(receiver.told) == 1)
    first = receiver.told[0]
    assert isinstance(first, dict)
    assert (first["event_type"], first["run"]) == ("jobs.on_failure", {"run_id": skipped})


def test_untold_ends_are_told_after_a_restart(tmp_path: Path) -> None:
    """What nobody took is delivered by the next host; runs do not wait for it."""
    gone = Receiver(refusals=0)
    gone.close()
    host = Host(tmp_path, webhook=gone.url)
    host.start()
    back = None
    try:
        client = host.client()
        run_id = run_now(client, "failing")
        assert summary(ended(client, run_id)) == ("INTERNAL_ERROR", "FAILED")
        host.kill()
        back = Receiver(refusals=0)
        host.webhook = back.url
        host.start()
        told = back.told
        until(lambda: bool(told))
        assert isinstance(told[0], dict)
        assert told[0]["run"] == {"run_id": run_id}
    finally:
        host.close()
        if back is not None:
            back.close()
