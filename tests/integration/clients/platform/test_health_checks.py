"""Health checks against real servers, up and down."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient
from azure.servicebus import ServiceBusClient
from azure.storage.blob import BlobServiceClient

from local_host.stack.endpoints import Endpoints, servicebus_connection_string
from local_host.stack.stack import Stack
from local_host.testing.broker_process import BrokerProcess
from nightshift.clients.platform.health_checks import (
    BlobHealth,
    DatabricksHealth,
    MlflowHealth,
    ServiceBusHealth,
    TableHealth,
    WorkerHealth,
)
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.platform.names import EVIDENCE, SILVER
from nightshift.domain.response.alert import QUEUES

ROOT = Path(__file__).resolve().parents[4]


def test_storage_that_answers_is_well(storage: str) -> None:
    """All containers and a table."""
    BlobHealth(lambda: BlobServiceClient.from_connection_string(storage)).check()
    TableHealth(lambda: TableServiceClient.from_connection_string(storage)).check()


def test_a_container_that_is_missing_is_named(storage: str) -> None:
    """Reads as a fault of the platform, not of an upload."""
    service = BlobServiceClient.from_connection_string(storage)
    service.delete_container(SILVER)
    try:
        with pytest.raises(ServiceUnavailableError, match="container 'silver': "):
            BlobHealth(lambda: service).check()
    finally:
        service.create_container(SILVER)


@pytest.mark.xdist_group("mlflow")
def test_mlflow_that_answers_is_well(tracked: Endpoints) -> None:
    """Tracking and registry."""
    from mlflow import MlflowClient

    MlflowHealth(lambda: MlflowClient(tracked.mlflow_url, tracked.mlflow_url)).check()


def test_a_probe_leaves_nothing_behind(storage: str) -> None:
    """No blob in any container, and one row, however often it is asked."""
    blobs = BlobServiceClient.from_connection_string(storage)
    tables = TableServiceClient.from_connection_string(storage)
    for _ in range(3):
        BlobHealth(lambda: blobs).check()
        TableHealth(lambda: tables).check()
    left = [
        item.name for name in (SILVER, EVIDENCE) for item in blobs.get_container_client(name).list_blobs("readiness")
    ]
    assert left == []
    assert len(list(tables.get_table_client("readiness").list_entities())) == 1


def test_storage_that_reads_and_cannot_write_is_not_ready(tmp_path: Path) -> None:
    """As on a full disk: the containers are there, and a blob is refused."""
    with Stack(ROOT, tmp_path, components=("azurite",)) as endpoints:
        service = BlobServiceClient.from_connection_string(endpoints.storage_connection_string, retry_total=0)
        (folder,) = tmp_path.rglob("__blobstorage__")
        folder.rename(folder.with_name("away"))
        service.get_container_client(SILVER).get_container_properties()
        with pytest.raises(ServiceUnavailableError, match="writing to 'silver': "):
            BlobHealth(lambda: service).check()


def test_a_disk_that_takes_no_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Downloads and validation need it."""
    WorkerHealth().check()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(ServiceUnavailableError, match="65536 bytes .*: No such file"):
        WorkerHealth().check()


def test_service_bus_needs_both_rights(tmp_path: Path) -> None:
    """Whoever may only send gets a reason; the message on the queue stays."""
    queues = "queues:\n" + "".join(f"  - {{name: {name}}}\n" for name in QUEUES.values())
    roles = "azure:\n" + "".join(
        f"  - {{who: {who}, role: Azure Service Bus Data {role}, scope: queues}}\n"
        for who, role in (("app", "Sender"), ("app", "Receiver"), ("source", "Sender"))
    )
    broker = BrokerProcess(tmp_path, queues, roles=roles).start()
    try:
        ServiceBusHealth(lambda: _bus(broker, "app")).check()
        with pytest.raises(ServiceUnavailableError, match="'Listen' claim"):
            ServiceBusHealth(lambda: _bus(broker, "source")).check()
    finally:
        broker.kill()


def _bus(broker: BrokerProcess, identity: str) -> ServiceBusClient:
    return ServiceBusClient.from_connection_string(servicebus_connection_string(broker.port, identity), retry_total=0)


def _blobs(port: int) -> Callable[[], None]:
    address = f"http://127.0.0.1:{port}/devstoreaccount1"
    return BlobHealth(lambda: BlobServiceClient(address, retry_total=0)).check


def _tables(port: int) -> Callable[[], None]:
    from azure.core.credentials import AzureNamedKeyCredential

    address = f"http://127.0.0.1:{port}/devstoreaccount1"
    credential = AzureNamedKeyCredential("devstoreaccount1", "bm9uZQ==")
    return TableHealth(lambda: TableServiceClient(address, credential=credential, retry_total=0)).check


def _service_bus(port: int) -> Callable[[], None]:
    connection = f"Endpoint=sb://127.0.0.1:{port};SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true;"
    return ServiceBusHealth(lambda: ServiceBusClient.from_connection_string(connection, retry_total=0)).check


def _mlflow(port: int) -> Callable[[], None]:
    from mlflow import MlflowClient

    return MlflowHealth(lambda: MlflowClient(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}")).check


def _databricks(port: int) -> Callable[[], None]:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.config import Config

    def workspace() -> WorkspaceClient:
        host = f"http://127.0.0.1:{port}"
        return WorkspaceClient(config=Config(host=host, token="none", retry_timeout_seconds=1, http_timeout_seconds=1))

    return DatabricksHealth(workspace).check


@pytest.mark.parametrize("check", [_blobs, _tables, _service_bus, _mlflow, _databricks])
def test_a_system_that_is_down_is_not_available(
    check: Callable[[int], Callable[[], None]], free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens at its address: the failure has a name, and no traceback of an SDK."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(ServiceUnavailableError):
        check(free_port)()
