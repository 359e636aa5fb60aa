"""Health checks against real servers, up and down."""

from collections.abc import Callable

import pytest
from azure.data.tables import TableServiceClient
from azure.servicebus import ServiceBusClient
from azure.storage.blob import BlobServiceClient

from clients.health_checks import BlobHealth, DatabricksHealth, MlflowHealth, ServiceBusHealth, TableHealth
from domain.errors import ServiceUnavailableError
from domain.names import SILVER
from local_host.stack.endpoints import Endpoints


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
