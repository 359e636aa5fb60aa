"""Build the services from the settings: each client when it is first touched, because most calls need few of them."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clients.call_budget import bounded
from domain.language_model import LanguageModel
from domain.links import Links
from domain.loading import importing
from domain.ports import (
    AlertQueues,
    BlobStore,
    ComputeService,
    EventPublisher,
    HealthCheck,
    JobService,
    ModelRegistry,
    Notifier,
    ServingService,
    SpecSource,
)
from domain.record_ports import (
    ChampionBook,
    DatasetRegister,
    DeadLetterBook,
    FaultBook,
    IncidentBook,
    Ledger,
    NotificationBook,
    ReviewBook,
    TraceBook,
    UploadQueue,
)
from domain.started_version import started_version
from domain.step import Patience
from wiring.opened import opened
from wiring.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.data.tables import TableServiceClient
    from azure.servicebus import ServiceBusClient
    from azure.storage.blob import BlobServiceClient
    from databricks.sdk import WorkspaceClient
    from mlflow import MlflowClient

# What the host reads, and what this release therefore starts.
_HOST_JSON = Path(__file__).resolve().parents[1] / "host.json"
# The audience of a Databricks workspace for Microsoft Entra ID.
_DATABRICKS_SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
# An activity that cannot reach a service is tried again by Durable; a client must not hang in its own retries for long.
CALL_SECONDS = 30.0
# A token, two attempts of one request and the pause between them fit into a call's budget.
_REQUEST_SHARE = 0.3
_LANGUAGE_MODEL_PAUSE = 10.0
_APP_IDENTITY = "the app's managed identity must be assigned to it; AZURE_CLIENT_ID names it"
_PART_SIZES = ("max_single_put_size", "max_block_size", "max_single_get_size", "max_chunk_get_size")
# By default a retry of blob storage waits for fifteen seconds and more.
_BLOB_PAUSE: dict[str, Any] = {"initial_backoff": 0.5, "increment_base": 1, "random_jitter_range": 1}
_PART_BYTES = 4 * 1024 * 1024
# Whoever sends an alert tries again; by default the Service Bus client keeps a thread for eleven seconds.
_BRIEFLY: dict[str, Any] = {"retry_total": 1, "retry_backoff_factor": 0.1}


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


class LazyServices:
    """Implements domain.ports.Services; clients are imported and opened at first use.

    Args:
        call_seconds: after which a call of any outside system has ended, the opening of its client included. Where the
            system's time depends on the size of data, or on a language model's own limit, each request has it.
    """

    def __init__(self, settings: Settings, call_seconds: float = CALL_SECONDS) -> None:
        self._settings = settings
        self._call_seconds = call_seconds

    @property
    def clock(self) -> Callable[[], datetime]:
        """The time, for records."""
        return now

    @property
    def keep_history(self) -> timedelta:
        """How long after its end Durable keeps the history of an orchestration."""
        return timedelta(days=self._settings.keep_history_days)

    @property
    def patience(self) -> Patience:
        """How long steps are tried again."""
        return self._settings.patience

    @opened
    def orchestration_version(self) -> int:
        """The newest version of orchestrations that this release runs."""
        return started_version(_HOST_JSON.read_bytes())

    @property
    def links(self) -> Links:
        """Addresses for people; an MLflow server of its own has its pages behind a fragment, Databricks has not."""
        settings = self._settings
        fragment = "" if settings.mlflow_tracking_uri.startswith("databricks") else "/#"
        return Links(mlflow=settings.mlflow_url.rstrip("/") + fragment, databricks=settings.databricks_url.rstrip("/"))

    @property
    def settings(self) -> Settings:
        """The settings that these services were built from."""
        return self._settings

    @opened
    def blobs(self) -> BlobStore:
        """Blob storage."""
        with importing("azure-storage-blob"):
            from clients.blob_storage import AzureBlobStore

        return AzureBlobStore(self._blob_service, self._call_seconds)

    @opened
    def _blob_service(self) -> "BlobServiceClient":
        with importing("azure-storage-blob"):
            from azure.storage.blob import BlobServiceClient

        settings = self._settings
        # By default one request carries up to 64 MB, which no limit in seconds fits.
        limits = self._http("Blob storage") | dict.fromkeys(_PART_SIZES, _PART_BYTES) | _BLOB_PAUSE
        if settings.storage_connection_string is not None:
            return BlobServiceClient.from_connection_string(settings.storage_connection_string, **limits)
        assert settings.blob_endpoint is not None, "read_settings asks for it"
        return BlobServiceClient(settings.blob_endpoint, credential=self._credential, **limits)

    def _http(self, service: str) -> dict[str, Any]:
        """The limits of an Azure SDK that speaks HTTP."""
        with importing("requests"):
            from clients.bounded_transport import BoundedTransport

        seconds = self._call_seconds * _REQUEST_SHARE
        limits = {"connection_timeout": seconds, "read_timeout": seconds, "retry_total": 1}
        return {"transport": BoundedTransport(service, seconds), **limits}

    @opened
    def uploads(self) -> UploadQueue:
        """The queues of uploads."""
        with importing("azure-data-tables"):
            from clients.upload_queue import TableUploadQueue

        return TableUploadQueue(self._tables)

    @opened
    def datasets(self) -> DatasetRegister:
        """The contents decided on."""
        with importing("azure-data-tables"):
            from clients.datasets import TableDatasetRegister

        return TableDatasetRegister(self._tables)

    @opened
    def champions(self) -> ChampionBook:
        """The champion book."""
        with importing("azure-data-tables"):
            from clients.champions import TableChampionBook

        return TableChampionBook(self._tables)

    @opened
    def ledger(self) -> Ledger:
        """The decision ledger."""
        with importing("azure-data-tables"):
            from clients.ledger import TableLedger

        return TableLedger(self._tables, now)

    @opened
    def reviews(self) -> ReviewBook:
        """The reviews."""
        with importing("azure-data-tables"):
            from clients.reviews import TableReviewBook

        return TableReviewBook(self._tables)

    @opened
    def alert_queues(self) -> AlertQueues:
        """The queues of alerts."""
        with importing("azure-servicebus"):
            from clients.alert_queues import ServiceBusAlertQueues

        return bounded("Service Bus", self._call_seconds, lambda: ServiceBusAlertQueues(self._new_service_bus()))

    def _new_service_bus(self) -> "ServiceBusClient":
        with importing("azure-servicebus"):
            from azure.servicebus import ServiceBusClient

        settings = self._settings
        if settings.service_bus_connection_string is not None:
            return ServiceBusClient.from_connection_string(settings.service_bus_connection_string, **_BRIEFLY)
        assert settings.service_bus_namespace is not None, "read_settings asks for it"
        return ServiceBusClient(settings.service_bus_namespace, self._credential, **_BRIEFLY)

    @opened
    def health_checks(self) -> tuple[HealthCheck, ...]:
        """One for each outside system that the app cannot do without."""
        with importing("the health checks"):
            from clients import health_checks as checks

        return (
            checks.WorkerHealth(),
            checks.BlobHealth(lambda: self._blob_service),
            checks.TableHealth(lambda: self._tables),
            checks.ServiceBusHealth(self._new_service_bus),
            checks.MlflowHealth(lambda: self._mlflow),
            checks.DatabricksHealth(lambda: self._workspace),
        )

    @opened
    def incidents(self) -> IncidentBook:
        """The incidents."""
        with importing("azure-data-tables"):
            from clients.incidents import TableIncidentBook

        return TableIncidentBook(self._tables)

    @opened
    def notifier(self) -> Notifier:
        """Tells people."""
        with importing("apprise"):
            from clients.notifier import AppriseNotifier

        urls, file = self._settings.notify_urls, self._settings.notify_file
        return bounded("notification", self._call_seconds, lambda: AppriseNotifier(urls, file))

    @opened
    def notifications(self) -> NotificationBook:
        """Which notifications have gone out."""
        with importing("azure-data-tables"):
            from clients.notifications import TableNotificationBook

        return TableNotificationBook(self._tables)

    @opened
    def faults(self) -> FaultBook:
        """What the app writes down about itself."""
        with importing("azure-data-tables"):
            from clients.faults import TableFaultBook

        return TableFaultBook(self._tables)

    @opened
    def dead_letters(self) -> DeadLetterBook:
        """Messages that could not be handled."""
        with importing("azure-data-tables"):
            from clients.dead_letters import TableDeadLetterBook

        return TableDeadLetterBook(self._tables, self.blobs)

    @opened
    def jobs(self) -> JobService:
        """Databricks Jobs."""
        with importing("databricks-sdk"):
            from clients.databricks_jobs import DatabricksJobService

        share = self._call_seconds * _REQUEST_SHARE
        return bounded("Databricks", self._call_seconds, lambda: DatabricksJobService(self._workspace, share))

    @opened
    def compute(self) -> ComputeService:
        """Clusters and SQL warehouses."""
        with importing("databricks-sdk"):
            from clients.databricks_compute import DatabricksCompute

        return bounded("Databricks", self._call_seconds, lambda: DatabricksCompute(self._workspace))

    @opened
    def serving(self) -> ServingService:
        """Serving endpoints."""
        with importing("databricks-sdk"):
            from clients.databricks_serving import DatabricksServing

        prefix = self._settings.model_prefix
        return bounded("Databricks", self._call_seconds, lambda: DatabricksServing(self._workspace, prefix))

    @opened
    def language_model(self) -> LanguageModel | None:
        """The language model that may propose plans."""
        with importing("openai"):
            # The client needs them at its first question, which more than one thread may ask.
            import openai.types.chat  # noqa: F401

            from clients.language_model import OpenAILanguageModel
            from clients.language_model_identity import identity_token

        settings = self._settings.language_model
        if settings is None:
            return None
        key = settings.key or identity_token(self._credential, settings.scope)
        model = OpenAILanguageModel(settings.base_url, settings.deployment, key)
        # Two attempts and the pause between them. Then it is closed, so that none is left that somebody pays.
        limit = 2 * settings.deployment.timeout_seconds + _LANGUAGE_MODEL_PAUSE
        return bounded("language model", limit, lambda: model, on_abandon=OpenAILanguageModel.close)

    @opened
    def _workspace(self) -> "WorkspaceClient":
        with importing("databricks-sdk"):
            from clients.databricks_identity import IdentityStrategy
            from clients.databricks_workspace import open_workspace

        settings = self._settings
        strategy = None
        if settings.databricks_token is None:
            strategy = IdentityStrategy(self._credential, _DATABRICKS_SCOPE)
        return open_workspace(settings.databricks_host, settings.databricks_token, strategy, self._call_seconds)

    @opened
    def registry(self) -> ModelRegistry:
        """MLflow's registry and tracking."""
        with importing("mlflow"):
            from clients.mlflow_registry import MlflowModelRegistry

        prefix = self._settings.model_prefix
        return bounded("MLflow", self._call_seconds, lambda: MlflowModelRegistry(self._mlflow, prefix))

    @opened
    def traces(self) -> TraceBook:
        """Traces in MLflow."""
        # By default MLflow exports a trace from a thread of its own; the caller must know whether it is there.
        os.environ.setdefault("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
        with importing("mlflow"):
            from clients.mlflow_traces import MlflowTraces

        uri = self._settings.mlflow_tracking_uri
        return bounded("MLflow", self._call_seconds, lambda: MlflowTraces(self._mlflow, uri))

    @opened
    def _mlflow(self) -> "MlflowClient":
        # The MLflow client reads its limits from the environment only.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(max(1, int(self._call_seconds * _REQUEST_SHARE))))
        # Else a Retry-After of an hour keeps a thread for an hour, which then asks once more for nobody.
        os.environ.setdefault("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "false")
        with importing("mlflow"):
            from mlflow import MlflowClient

            from clients.mlflow_identity import lend_to_mlflow

        settings = self._settings
        if settings.mlflow_tracking_uri == "databricks" and settings.databricks_token is None:
            os.environ.setdefault("MLFLOW_ENABLE_DB_SDK", "false")
            lend_to_mlflow(settings.databricks_host, self._credential, _DATABRICKS_SCOPE)
        return MlflowClient(settings.mlflow_tracking_uri, settings.mlflow_registry_uri)

    @opened
    def events(self) -> EventPublisher:
        """The Event Grid topic."""
        with importing("azure-eventgrid"):
            from azure.core.credentials import AzureKeyCredential
            from azure.eventgrid import EventGridPublisherClient

            from clients.event_grid import EventGridPublisher

        settings = self._settings
        if settings.event_grid_key is not None:
            credential: AzureKeyCredential | TokenCredential = AzureKeyCredential(settings.event_grid_key)
        else:
            credential = self._credential
        client = EventGridPublisherClient(settings.event_grid_endpoint, credential)
        publisher = EventGridPublisher(client, self._call_seconds * _REQUEST_SHARE)
        return bounded("Event Grid", self._call_seconds, lambda: publisher)

    @opened
    def specs(self) -> SpecSource:
        """The model specs."""
        with importing("model specs"):
            from clients.spec_files import SpecFiles

        return SpecFiles(self._settings.model_specs, self._settings.platform)

    @opened
    def _tables(self) -> "TableServiceClient":
        with importing("azure-data-tables"):
            from azure.data.tables import TableServiceClient

        settings = self._settings
        if settings.storage_connection_string is not None:
            return TableServiceClient.from_connection_string(
                settings.storage_connection_string, **self._http("Table storage")
            )
        assert settings.table_endpoint is not None, "read_settings asks for it"
        return TableServiceClient(settings.table_endpoint, credential=self._credential, **self._http("Table storage"))

    @opened
    def _credential(self) -> "TokenCredential":
        with importing("azure-identity"):
            from azure.identity import DefaultAzureCredential

            from clients.bounded_identity import BoundedIdentity

        credential = DefaultAzureCredential(managed_identity_client_id=self._settings.client_id)
        return BoundedIdentity(credential, self._call_seconds * _REQUEST_SHARE, _APP_IDENTITY)
