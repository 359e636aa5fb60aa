"""What each outside system must be able to do for the app, asked without changing anything.

The SDK's client comes as a function: making it is part of the check, since that is where a wrong setting shows.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError
from azure.data.tables import TableServiceClient
from azure.servicebus import ServiceBusClient
from azure.storage.blob import BlobServiceClient

from clients.tables import Table
from domain.alert import QUEUES
from domain.errors import ServiceUnavailableError
from domain.loading import importing
from domain.names import BRONZE, EVIDENCE, SILVER

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from mlflow import MlflowClient


class BlobHealth:
    """Every container is there and may be read."""

    name = "blob storage"
    imports: tuple[str, ...] = ()

    def __init__(self, service: Callable[[], BlobServiceClient]) -> None:
        self._service = service

    def check(self) -> None:
        """ServiceUnavailableError if one does not answer."""
        service = self._service()
        for container in (BRONZE, SILVER, EVIDENCE):
            try:
                service.get_container_client(container).get_container_properties()
            except AzureError as error:
                raise ServiceUnavailableError("Blob storage", f"container {container!r}: {error.message}") from error


class TableHealth:
    """A table can be read; it is made if it is not there yet."""

    name = "table storage"
    imports: tuple[str, ...] = ()

    def __init__(self, service: Callable[[], TableServiceClient]) -> None:
        self._service = service

    def check(self) -> None:
        """ServiceRefusedError or ServiceUnavailableError if it cannot."""
        Table(self._service(), "ledger").get("readiness", "readiness")


class ServiceBusHealth:
    """Every queue of alerts takes a link to send, which asks for the queue and the right; nothing is sent."""

    name = "service bus"
    imports: tuple[str, ...] = ()

    def __init__(self, client: Callable[[], ServiceBusClient]) -> None:
        self._client = client

    def check(self) -> None:
        """ServiceUnavailableError if one does not."""
        # A link takes the SDK a second, most of which it sleeps.
        with ThreadPoolExecutor(len(QUEUES)) as threads:
            list(threads.map(self._open, QUEUES.values()))

    def _open(self, queue: str) -> None:
        try:
            with self._client() as client, client.get_queue_sender(queue) as sender:
                # Only the broker knows how large a batch may be.
                sender.create_message_batch()
        except (AzureError, OSError) as error:
            raise ServiceUnavailableError("Service Bus", f"queue {queue!r}: {error}") from error


class MlflowHealth:
    """Tracking and the model registry answer."""

    name = "mlflow"
    imports = ("mlflow", "clients.mlflow_errors")

    def __init__(self, client: "Callable[[], MlflowClient]") -> None:
        self._client = client

    def check(self) -> None:
        """ServiceRefusedError or ServiceUnavailableError if one does not."""
        with importing("mlflow"):
            from clients.mlflow_errors import translated

        client = self._client()
        with translated():
            client.search_experiments(max_results=1)
            client.search_registered_models(max_results=1)


class DatabricksHealth:
    """The workspace takes our identity and lists jobs."""

    name = "databricks"
    imports = ("databricks.sdk", "clients.databricks_errors")

    def __init__(self, workspace: "Callable[[], WorkspaceClient]") -> None:
        self._workspace = workspace

    def check(self) -> None:
        """ServiceRefusedError or ServiceUnavailableError if it does not."""
        with importing("databricks-sdk"):
            from clients.databricks_errors import translated

        with translated("add the app's identity to the workspace as a service principal"):
            next(iter(self._workspace().jobs.list(limit=1)), None)
