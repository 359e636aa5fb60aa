"""The clients of the SDKs, opened at first use: with keys or the identity of the app, and with limits of time."""

import os
from typing import TYPE_CHECKING, Any

from nightshift.domain.platform.loading import importing
from nightshift.wiring.opened import opened
from nightshift.wiring.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.data.tables import TableServiceClient
    from azure.servicebus import ServiceBusClient
    from azure.storage.blob import BlobServiceClient
    from databricks.sdk import WorkspaceClient
    from mlflow import MlflowClient

# The audience of a Databricks workspace for Microsoft Entra ID.
_DATABRICKS_SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
# A token, two attempts of one request and the pause between them fit into a call's budget.
REQUEST_SHARE = 0.3
_APP_IDENTITY = "the app's managed identity must be assigned to it; AZURE_CLIENT_ID names it"
_PART_SIZES = ("max_single_put_size", "max_block_size", "max_single_get_size", "max_chunk_get_size")
# By default a retry of blob storage waits for fifteen seconds and more.
_BLOB_PAUSE: dict[str, Any] = {"initial_backoff": 0.5, "increment_base": 1, "random_jitter_range": 1}
_PART_BYTES = 4 * 1024 * 1024
# Whoever sends an alert tries again; by default the Service Bus client keeps a thread for eleven seconds.
_BRIEFLY: dict[str, Any] = {"retry_total": 1, "retry_backoff_factor": 0.1}


class Connections:
    """What the services share to reach the outside systems.

    Args:
        call_seconds: after which a call of any outside system must have ended.
    """

    def __init__(self, settings: Settings, call_seconds: float) -> None:
        self._settings = settings
        self._call_seconds = call_seconds

    @opened
    def _tables(self) -> "TableServiceClient":
        with importing("azure-data-tables"):
            from azure.data.tables import TableServiceClient

        settings = self._settings
        if settings.storage_connection_string is not None:
            return TableServiceClient.from_connection_string(
                settings.storage_connection_string, **self._http("Table storage")
            )
        assert settings.table_endpoint is not None, "settings.table_endpoint is not set: read_settings must refuse that"
        return TableServiceClient(settings.table_endpoint, credential=self._credential, **self._http("Table storage"))

    @opened
    def _blob_service(self) -> "BlobServiceClient":
        with importing("azure-storage-blob"):
            from azure.storage.blob import BlobServiceClient

        settings = self._settings
        # By default one request carries up to 64 MB, which no limit in seconds fits.
        limits = self._http("Blob storage") | dict.fromkeys(_PART_SIZES, _PART_BYTES) | _BLOB_PAUSE
        if settings.storage_connection_string is not None:
            return BlobServiceClient.from_connection_string(settings.storage_connection_string, **limits)
        assert settings.blob_endpoint is not None, "settings.blob_endpoint is not set: read_settings must refuse that"
        return BlobServiceClient(settings.blob_endpoint, credential=self._credential, **limits)

    def _http(self, service: str) -> dict[str, Any]:
        """The limits of an Azure SDK that speaks HTTP."""
        with importing("requests"):
            from nightshift.clients.platform.bounded_transport import BoundedTransport

        seconds = self._call_seconds * REQUEST_SHARE
        limits = {"connection_timeout": seconds, "read_timeout": seconds, "retry_total": 1}
        return {"transport": BoundedTransport(service, seconds), **limits}

    def _new_service_bus(self) -> "ServiceBusClient":
        with importing("azure-servicebus"):
            from azure.servicebus import ServiceBusClient

        settings = self._settings
        if settings.service_bus_connection_string is not None:
            return ServiceBusClient.from_connection_string(settings.service_bus_connection_string, **_BRIEFLY)
        assert settings.service_bus_namespace is not None, (
            "settings.service_bus_namespace is not set: read_settings must refuse that"
        )
        return ServiceBusClient(settings.service_bus_namespace, self._credential, **_BRIEFLY)

    @opened
    def _workspace(self) -> "WorkspaceClient":
        with importing("databricks-sdk"):
            from nightshift.clients.platform.databricks_identity import IdentityStrategy
            from nightshift.clients.platform.databricks_workspace import open_workspace

        settings = self._settings
        strategy = None
        if settings.databricks_token is None:
            strategy = IdentityStrategy(self._credential, _DATABRICKS_SCOPE)
        return open_workspace(settings.databricks_host, settings.databricks_token, strategy, self._call_seconds)

    @opened
    def _mlflow(self) -> "MlflowClient":
        # The MLflow client reads its limits from the environment only.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(max(1, int(self._call_seconds * REQUEST_SHARE))))
        # Else a Retry-After of an hour keeps a thread for an hour, which then asks once more for nobody.
        os.environ.setdefault("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "false")
        with importing("mlflow"):
            from mlflow import MlflowClient

            from nightshift.clients.platform.mlflow_identity import lend_to_mlflow

        settings = self._settings
        if settings.mlflow_tracking_uri == "databricks" and settings.databricks_token is None:
            os.environ.setdefault("MLFLOW_ENABLE_DB_SDK", "false")
            lend_to_mlflow(settings.databricks_host, self._credential, _DATABRICKS_SCOPE)
        return MlflowClient(settings.mlflow_tracking_uri, settings.mlflow_registry_uri)

    @opened
    def _credential(self) -> "TokenCredential":
        with importing("azure-identity"):
            from azure.identity import DefaultAzureCredential

            from nightshift.clients.platform.bounded_identity import BoundedIdentity

        credential = DefaultAzureCredential(managed_identity_client_id=self._settings.client_id)
        return BoundedIdentity(credential, self._call_seconds * REQUEST_SHARE, _APP_IDENTITY)
