"""Against systems that do not answer, each client's call ends within its budget, and says so by type."""

import gc
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nightshift.clients.platform.databricks_workspace import ShortSleepClock, open_workspace
from nightshift.domain.lifecycle.job import JobOrder
from nightshift.domain.lifecycle.run import RunEvent
from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.compute import ComputeRef
from nightshift.domain.uploads.upload import BlobRef
from nightshift.wiring.services import CALL_SECONDS, LazyServices
from nightshift.wiring.settings import read_settings
from tests.support.loopback_server import Answering, LoopbackServer
from tests.support.unresponsive_server import Kind, UnresponsiveServer

ROOT = Path(__file__).parents[4]
# A call that is left behind leaves its socket behind, until it ends.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
BUDGET_SECONDS = 0.3
BLOB = BlobRef(container="bronze", name="m/a.csv")
NOTE = Notification(key="k", kind="page", model="m", severity="critical", title="t", body="b")
CALLS: dict[str, Callable[[Services], object]] = {
    "job status": lambda services: services.jobs.status(1),
    "job start": lambda services: services.jobs.start(JobOrder(run="r", model="m", job="j", token="t", parameters={})),
    "compute": lambda services: services.compute.pause(ComputeRef(kind="all_purpose_cluster", id="1")),
    "serving": lambda services: services.serving.read("endpoint"),
    "registry": lambda services: services.registry.version_of("m", "champion"),
    "tables": lambda services: services.ledger.entries("m"),
    "blob read": lambda services: services.blobs.read(BLOB),
    "blob write": lambda services: services.blobs.write(BLOB, b"x", content_type="text/csv"),
    "blob upload": lambda services: services.blobs.upload(BLOB, Path(__file__), metadata={}),
    "blob metadata": lambda services: services.blobs.metadata(BLOB),
    "blob remove": lambda services: services.blobs.remove(BLOB),
    "service bus": lambda services: services.alert_queues.send_raw("q", b"{}", message_id="1", properties={}),
    "event grid": lambda services: services.events.publish(RunEvent(kind="started", model="m", run="r", data={})),
    "notifier": lambda services: services.notifier.send(NOTE, services.notifier.addresses(NOTE)[0]),
}
# Nobody is asked there: without a token no request is made.
_NOBODY = "https://127.0.0.1:9"
_WITH_IDENTITY = {
    "NIGHTSHIFT_BLOB_ENDPOINT": _NOBODY,
    "NIGHTSHIFT_TABLE_ENDPOINT": _NOBODY,
    "NIGHTSHIFT_SERVICEBUS__fullyQualifiedNamespace": "127.0.0.1",
    "NIGHTSHIFT_EVENTGRID_ENDPOINT": _NOBODY,
    "MLFLOW_TRACKING_URI": "databricks",
    "DATABRICKS_HOST": _NOBODY,
}


def _services(port: int, monkeypatch: pytest.MonkeyPatch) -> LazyServices:
    url = f"http://127.0.0.1:{port}"
    account = "AccountName=devstoreaccount1;AccountKey=Zm9v;DefaultEndpointsProtocol=http"
    # Put back, since wiring sets what is missing.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "false")
    environment = {
        "NIGHTSHIFT_STORAGE_CONNECTION_STRING": f"{account};BlobEndpoint={url}/a;TableEndpoint={url}/a",
        "NIGHTSHIFT_SERVICEBUS": f"Endpoint=sb://127.0.0.1:{port};SharedAccessKeyName=n;SharedAccessKey=k;"
        "UseDevelopmentEmulator=true;",
        "NIGHTSHIFT_EVENTGRID_ENDPOINT": f"{url}/api/events",
        "NIGHTSHIFT_EVENTGRID_KEY": "k",
        "NIGHTSHIFT_NOTIFY_URLS": f"json://127.0.0.1:{port}",
        "MLFLOW_TRACKING_URI": url,
        "DATABRICKS_HOST": url,
        "DATABRICKS_TOKEN": "t",
    }
    return LazyServices(read_settings(environment, ROOT), BUDGET_SECONDS)


@pytest.fixture
def unresponsive(kind: Kind) -> Iterator[UnresponsiveServer]:
    """A system that does not answer."""
    server = UnresponsiveServer(kind)
    yield server
    server.close()


@pytest.fixture(scope="module", autouse=True)
def _end_abandoned_calls() -> Iterator[None]:
    """Their servers are gone, so they end; their sockets are these tests' and no later one's."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("call of "):
            thread.join(3)
    gc.collect()


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("kind", "call"),
    [("silent", call) for call in CALLS]
    # Metadata is in the head of an answer, which comes.
    + [("trickling", call) for call in CALLS if call != "blob metadata"]
    # One of each SDK: what makes a connection is the same for all its calls.
    + [("full", call) for call in ("job status", "registry", "tables", "service bus", "event grid", "notifier")],
)
def test_a_call_ends(call: str, unresponsive: UnresponsiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call of a process, with the making of its client; few connections are tried."""
    with pytest.raises(ServiceUnavailableError):
        CALLS[call](_services(unresponsive.port, monkeypatch))
    assert unresponsive.connections <= 4


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["silent"])
@pytest.mark.parametrize(
    "call",
    ["tables", "blob read", "blob write", "blob upload", "blob metadata", "blob remove", "event grid", "job status"],
)
def test_a_call_ends_where_the_identity_does_not_answer(
    call: str, unresponsive: UnresponsiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is asked for before the request, so that the request's own limit does not count."""
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{unresponsive.port}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "x")
    services = LazyServices(read_settings(_WITH_IDENTITY, ROOT), BUDGET_SECONDS)
    try:
        with pytest.raises(ServiceUnavailableError, match="no answer within"):
            CALLS[call](services)
    finally:
        # Else what is left behind goes on to ask for minutes.
        vars(services._credential)["_credential"].close()


@pytest.mark.parametrize("call", ["job status", "tables", "blob read", "event grid", "registry"])
@pytest.mark.timeout(60)
def test_a_wait_that_the_other_side_asks_for_is_no_longer_than_the_budget(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retry-After: 3600 keeps no call for an hour."""

    class Busy(Answering):
        def do_GET(self) -> None:
            if "well-known" in self.path:
                self.answer_json({})
            else:
                self.answer(503, b'{"error_code": "TEMPORARILY_UNAVAILABLE"}', {"retry-after": "3600"})

        def do_POST(self) -> None:
            self.do_GET()

    server = LoopbackServer(Busy)
    try:
        with pytest.raises(ServiceUnavailableError):
            CALLS[call](_services(int(server.url.rpartition(":")[2]), monkeypatch))
    finally:
        server.close()


def test_a_workspace_that_asks_for_a_long_wait_is_not_waited_for() -> None:
    """The SDK sleeps as long as it is told; its clock refuses, without sleeping."""
    with pytest.raises(TimeoutError, match="asks to wait 3600 s"):
        ShortSleepClock(7.5).sleep(3600)


def test_the_workspaces_own_limits_end_before_the_budget() -> None:
    """One attempt at the making, then retries until the last attempt begins, and that attempt."""

    class Well(Answering):
        def do_GET(self) -> None:
            self.answer_json({})

    server = LoopbackServer(Well)
    try:
        workspace = open_workspace(server.url, "t", None, CALL_SECONDS)
        attempt, retries = workspace.config.http_timeout_seconds, workspace.config.retry_timeout_seconds
        assert attempt + retries + attempt <= CALL_SECONDS
        workspace.api_client._api_client._session.close()
    finally:
        server.close()
