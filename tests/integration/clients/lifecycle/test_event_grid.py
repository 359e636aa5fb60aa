"""Publishing lifecycle events, through the real publisher client to a local topic."""

import socket
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from azure.core.credentials import AzureKeyCredential
from azure.eventgrid import EventGridPublisherClient
from azure.storage.blob import BlobServiceClient

from local_host.stack.ports import choose_ports
from local_host.testing.eventgrid_process import EventGridProcess
from local_host.testing.recording_subscriber import RecordingSubscriber
from nightshift.clients.lifecycle.event_grid import EventGridPublisher
from nightshift.domain.lifecycle.run import RunEvent
from nightshift.domain.platform.errors import ServiceRefusedError, ServiceUnavailableError
from tests.support.refusals import refusal

KEY = "key"
DATA = {"version": "7", "verdict": "better", "metrics": {"rmse": [9.5, 8.25]}, "review_id": None, "ort": "Würzburg"}


@pytest.fixture(scope="module")
def topic(
    storage: str, blobs: BlobServiceClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EventGridProcess]:
    """The stand-in for Event Grid; its other half, blob events, watches a container in which nothing happens."""
    blobs.create_container("published")
    subscriber = RecordingSubscriber(choose_ports(["subscriber"], {})["subscriber"])
    subscriber.start()
    folder = tmp_path_factory.mktemp("eventgrid")
    port = choose_ports(["eventgrid"], {})["eventgrid"]
    command = [sys.executable, "-m", "local_host.eventgrid", "--port", str(port), "--state", str(folder / "state")]
    command += ["--storage", storage, "--container", "published", "--subscriber", subscriber.url]
    process = EventGridProcess(command, folder / "eventgrid.log", f"http://127.0.0.1:{port}")
    process.start()
    yield process
    process.kill()
    subscriber.stop()


class _Refusing(BaseHTTPRequestHandler):
    """Answers each request with the status that is its path."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(int(self.path.strip("/").partition("?")[0]))
        self.send_header("content-length", "0")
        # The client asks again at once, and does not keep the test waiting.
        self.send_header("retry-after-ms", "1")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        return


@pytest.fixture(scope="module")
def refusing() -> Iterator[str]:
    """A topic that takes nothing; the status of its answer is the path of its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refusing)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _publish(address: str, event: RunEvent, key: str = KEY) -> None:
    with EventGridPublisherClient(address, AzureKeyCredential(key)) as client:
        EventGridPublisher(client).publish(event)


def _event(run: str, kind: Any = "promoted", **data: Any) -> RunEvent:
    return RunEvent(kind=kind, model="revenue_forecast", run=run, data=data)


def _arrived(topic: EventGridProcess, run: str) -> list[dict[str, Any]]:
    listed = httpx.get(f"{topic.url}/events", trust_env=False).json()["events"]
    return [entry["event"] for entry in listed if entry["event"]["subject"].endswith(f"/{run}")]


def test_an_event_arrives_as_a_cloud_event(topic: EventGridProcess) -> None:
    """Type, subject and source as documented; the data as it was."""
    _publish(f"{topic.url}/api/events", _event("r1", **DATA))
    [event] = _arrived(topic, "r1")
    assert (event["specversion"], event["type"]) == ("1.0", "Nightshift.Run.Promoted")
    assert (event["source"], event["subject"]) == ("/nightshift", "models/revenue_forecast/runs/r1")
    assert event["data"] == DATA


@pytest.mark.parametrize("kind", ["started", "promoted", "rejected", "flagged", "halted", "failed"])
def test_each_kind_has_its_type(topic: EventGridProcess, kind: str) -> None:
    """Subscriptions filter by it."""
    _publish(f"{topic.url}/api/events", _event(f"kind-{kind}", kind))
    assert [event["type"] for event in _arrived(topic, f"kind-{kind}")] == [f"Nightshift.Run.{kind.capitalize()}"]


def test_a_repeat_has_the_same_id(topic: EventGridProcess) -> None:
    """A subscriber drops the second; another kind of the same run, and another run, are other events."""
    for event in (_event("again"), _event("again"), _event("again", "started"), _event("other/again")):
        _publish(f"{topic.url}/api/events", event)
    ids = [event["id"] for event in _arrived(topic, "again")]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_a_wrong_key_is_refused(topic: EventGridProcess) -> None:
    """It will be refused again, and the error says what to give the identity; nothing is published."""
    with refusal(ServiceRefusedError, "EventGrid Data Sender", service="Event Grid") as caught:
        _publish(f"{topic.url}/api/events", _event("wrong"), key="wrong")
    assert not caught.value.retryable
    assert _arrived(topic, "wrong") == []


def test_an_address_that_is_no_topic_is_refused(topic: EventGridProcess) -> None:
    """A wrong setting does not get better by trying again."""
    with refusal(ServiceRefusedError, "404 ", "NIGHTSHIFT_EVENTGRID_ENDPOINT", service="Event Grid"):
        _publish(f"{topic.url}/elsewhere", _event("elsewhere"))


def test_an_event_that_is_too_large_is_refused(topic: EventGridProcess) -> None:
    """Event Grid takes one megabyte."""
    with pytest.raises(ServiceRefusedError, match="413 "):
        _publish(f"{topic.url}/api/events", _event("large", text="x" * 1_100_000))
    assert _arrived(topic, "large") == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413])
def test_what_event_grid_refuses(refusing: str, status: int) -> None:
    """The same event would be refused again."""
    with pytest.raises(ServiceRefusedError):
        _publish(f"{refusing}/{status}", _event("refused"))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_passes(refusing: str, status: int) -> None:
    """The same event may be taken later."""
    with pytest.raises(ServiceUnavailableError) as caught:
        _publish(f"{refusing}/{status}", _event("passing"))
    assert caught.value.retryable


def test_nobody_listens(free_port: int) -> None:
    """An outage is retryable."""
    with pytest.raises(ServiceUnavailableError, match="Connection refused"):
        _publish(f"http://127.0.0.1:{free_port}/api/events", _event("nobody"))


def test_a_topic_that_does_not_answer() -> None:
    """Connections are taken, and nothing comes: the call ends within its limit, and may be tried again."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/api/events"
        with (
            EventGridPublisherClient(address, AzureKeyCredential(KEY)) as client,
            pytest.raises(ServiceUnavailableError, match="Read timed out"),
        ):
            EventGridPublisher(client, timeout_seconds=0.2).publish(_event("silent"))


def test_an_outage_loses_nothing(topic: EventGridProcess) -> None:
    """Killed and back again, it has what it took before, and takes the event that it could not take."""
    _publish(f"{topic.url}/api/events", _event("before"))
    topic.kill()
    with pytest.raises(ServiceUnavailableError):
        _publish(f"{topic.url}/api/events", _event("during"))
    topic.start()
    _publish(f"{topic.url}/api/events", _event("during"))
    assert [len(_arrived(topic, run)) for run in ("before", "during")] == [1, 1]
