"""What each outside system must be able to do for the app, tried: what is judged is written, read back and removed.

The SDK's client comes as a function: making it is part of the check, since that is where a wrong setting shows.
"""

import tempfile
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError
from azure.data.tables import TableServiceClient
from azure.servicebus import ServiceBusClient
from azure.storage.blob import BlobClient, BlobServiceClient

from nightshift.clients.platform.tables import Table, Write
from nightshift.domain.platform.errors import ConflictError, NotLoadedError, ServiceUnavailableError
from nightshift.domain.platform.loading import IMPORTS, importing
from nightshift.domain.platform.names import BRONZE, EVIDENCE, SILVER
from nightshift.domain.response.alert import QUEUES

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from mlflow import MlflowClient

_PROBE = "readiness"
# More than a file system keeps free for what it says of a file.
_DISK_PROBE = 64 * 1024


class WorkerHealth:
    """This process has loaded what it tried to, and its machine takes a temporary file."""

    name = "worker"
    imports: tuple[str, ...] = ()

    def check(self) -> None:
        """NotLoadedError or ServiceUnavailableError if not."""
        if IMPORTS.reason:
            raise NotLoadedError("a package", f"{IMPORTS.reason}; the process ends and is started again")
        try:
            with tempfile.TemporaryFile(prefix="nightshift-") as file:
                file.write(bytes(_DISK_PROBE))
                file.flush()
        except OSError as error:
            reason = f"a temporary file of {_DISK_PROBE} bytes cannot be written: {error.strerror}"
            raise ServiceUnavailableError("The disk of temporary files", reason) from error


class BlobHealth:
    """Every container is there and may be read; those that the app writes take a blob, give it back and remove it."""

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
        for container in (SILVER, EVIDENCE):
            self._write(service.get_blob_client(container, f"{_PROBE}/{uuid.uuid4().hex}"), container)

    def _write(self, blob: BlobClient, container: str) -> None:
        try:
            blob.upload_blob(_PROBE.encode())
            try:
                found = blob.download_blob().readall()
            finally:
                blob.delete_blob()
        except AzureError as error:
            raise ServiceUnavailableError("Blob storage", f"writing to {container!r}: {error.message}") from error
        if found != _PROBE.encode():
            reason = f"container {container!r} does not give back what was written"
            raise ServiceUnavailableError("Blob storage", reason)


class TableHealth:
    """A row can be written and read back: the one row of a table of its own, which is made if it is not there."""

    name = "table storage"
    imports: tuple[str, ...] = ()

    def __init__(self, service: Callable[[], TableServiceClient]) -> None:
        self._service = service

    def check(self) -> None:
        """ServiceRefusedError or ServiceUnavailableError if it cannot."""
        table = Table(self._service(), _PROBE)
        row = table.get(_PROBE, _PROBE)
        written = uuid.uuid4().hex
        try:
            table.write(_PROBE, [Write(_PROBE, {"Written": written}, row.etag if row else None)])
        except ConflictError:
            # Another process has just written it.
            return
        row = table.get(_PROBE, _PROBE)
        if row is None:
            raise ServiceUnavailableError("Table storage", "the row that was written is not there")


class ServiceBusHealth:
    """Every queue of alerts takes a link to send and shows its first message: queue and both rights are there.

    Nothing is sent, and nothing is received: a message that is only shown stays as it is.
    """

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
            with self._client() as client:
                with client.get_queue_sender(queue) as sender:
                    # Only the broker knows how large a batch may be.
                    sender.create_message_batch()
                with client.get_queue_receiver(queue) as receiver:
                    receiver.peek_messages(1)
        except (AzureError, OSError) as error:
            raise ServiceUnavailableError("Service Bus", f"queue {queue!r}: {error}") from error


class MlflowHealth:
    """Tracking and the model registry answer."""

    name = "mlflow"
    imports = ("mlflow", "nightshift.clients.platform.mlflow_errors")

    def __init__(self, client: "Callable[[], MlflowClient]") -> None:
        self._client = client

    def check(self) -> None:
        """ServiceRefusedError or ServiceUnavailableError if one does not."""
        with importing("mlflow"):
            from nightshift.clients.platform.mlflow_errors import translated

        client = self._client()
        with translated():
            client.search_experiments(max_results=1)
            client.search_registered_models(max_results=1)


class DatabricksHealth:
    """The workspace takes our identity and lists jobs."""

    name = "databricks"
    imports = ("databricks.sdk", "nightshift.clients.platform.databricks_errors")

    def __init__(self, workspace: "Callable[[], WorkspaceClient]") -> None:
        self._workspace = workspace

    def check(self) -> None:
        """ServiceRefusedError or ServiceUnavailableError if it does not."""
        with importing("databricks-sdk"):
            from nightshift.clients.platform.databricks_errors import translated

        with translated("add the app's identity to the workspace as a service principal"):
            next(iter(self._workspace().jobs.list(limit=1)), None)
