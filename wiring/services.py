"""Build the services from the settings: each client when it is first touched, because most calls need few of them."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clients.call_budget import bounded
from domain.language_model import LanguageModel
from domain.links import Links
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
    IncidentBook,
    Ledger,
    NotificationBook,
    ReviewBook,
    TokenUsage,
    TraceBook,
    UploadQueue,
)
from domain.started_version import started_version
from domain.step import Patience
from domain.token_usage import TokenCeilings
from wiring.settings import Settings, read_settings

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
    def patience(self) -> Patience:
        """How long steps are tried again."""
        return self._settings.patience

    @cached_property
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

    @cached_property
    def blobs(self) -> BlobStore:
        """Blob storage."""
        from clients.blob_storage import AzureBlobStore

        return AzureBlobStore(self._blob_service, self._call_seconds)

    @cached_property
    def _blob_service(self) -> "BlobServiceClient":
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
        from clients.bounded_transport import BoundedTransport

        seconds = self._call_seconds * _REQUEST_SHARE
        limits = {"connection_timeout": seconds, "read_timeout": seconds, "retry_total": 1}
        return {"transport": BoundedTransport(service, seconds), **limits}

    @cached_property
    def uploads(self) -> UploadQueue:
        """The queues of uploads."""
        from clients.upload_queue import TableUploadQueue

        return TableUploadQueue(self._tables)

    @cached_property
    def datasets(self) -> DatasetRegister:
        """The contents decided on."""
        from clients.datasets import TableDatasetRegister

        return TableDatasetRegister(self._tables)

    @cached_property
    def champions(self) -> ChampionBook:
        """The champion book."""
        from clients.champions import TableChampionBook

        return TableChampionBook(self._tables)

    @cached_property
    def ledger(self) -> Ledger:
        """The decision ledger."""
        from clients.ledger import TableLedger

        return TableLedger(self._tables, now)

    @cached_property
    def reviews(self) -> ReviewBook:
        """The reviews."""
        from clients.reviews import TableReviewBook

        return TableReviewBook(self._tables)

    @cached_property
    def alert_queues(self) -> AlertQueues:
        """The queues of alerts."""
        from clients.alert_queues import ServiceBusAlertQueues

        return bounded("Service Bus", self._call_seconds, lambda: ServiceBusAlertQueues(self._new_service_bus()))

    def _new_service_bus(self) -> "ServiceBusClient":
        from azure.servicebus import ServiceBusClient

        settings = self._settings
        if settings.service_bus_connection_string is not None:
            return ServiceBusClient.from_connection_string(settings.service_bus_connection_string, **_BRIEFLY)
        assert settings.service_bus_namespace is not None, "read_settings asks for it"
        return ServiceBusClient(settings.service_bus_namespace, self._credential, **_BRIEFLY)

    @cached_property
    def health_checks(self) -> tuple[HealthCheck, ...]:
        """One for each outside system that the app cannot do without."""
        from clients.health_checks import BlobHealth, DatabricksHealth, MlflowHealth, ServiceBusHealth, TableHealth

        return (
            BlobHealth(lambda: self._blob_service),
            TableHealth(lambda: self._tables),
            ServiceBusHealth(self._new_service_bus),
            MlflowHealth(lambda: self._mlflow),
            DatabricksHealth(lambda: self._workspace),
        )

    @cached_property
    def incidents(self) -> IncidentBook:
        """The incidents."""
        from clients.incidents import TableIncidentBook

        return TableIncidentBook(self._tables)

    @cached_property
    def notifier(self) -> Notifier:
        """Tells people."""
        from clients.notifier import AppriseNotifier

        settings = self._settings
        return bounded(
            "notification", self._call_seconds, lambda: AppriseNotifier(settings.notify_urls, settings.notify_file)
        )

    @cached_property
    def notifications(self) -> NotificationBook:
        """Which notifications have gone out."""
        from clients.notifications import TableNotificationBook

        return TableNotificationBook(self._tables)

    @cached_property
    def dead_letters(self) -> DeadLetterBook:
        """Messages that could not be handled."""
        from clients.dead_letters import TableDeadLetterBook

        return TableDeadLetterBook(self._tables, self.blobs)

    @cached_property
    def jobs(self) -> JobService:
        """Databricks Jobs."""
        from clients.databricks_jobs import DatabricksJobService

        share = self._call_seconds * _REQUEST_SHARE
        return bounded("Databricks", self._call_seconds, lambda: DatabricksJobService(self._workspace, share))

    @cached_property
    def compute(self) -> ComputeService:
        """Clusters and SQL warehouses."""
        from clients.databricks_compute import DatabricksCompute

        return bounded("Databricks", self._call_seconds, lambda: DatabricksCompute(self._workspace))

    @cached_property
    def serving(self) -> ServingService:
        """Serving endpoints."""
        from clients.databricks_serving import DatabricksServing

        prefix = self._settings.model_prefix
        return bounded("Databricks", self._call_seconds, lambda: DatabricksServing(self._workspace, prefix))

    @cached_property
    def language_model(self) -> LanguageModel | None:
        """The language model that may propose plans."""
        from clients.language_model import OpenAILanguageModel
        from clients.language_model_identity import identity_token

        settings = self._settings.language_model
        if settings is None:
            return None
        # Each of its calls ends within the deployment's own time.
        key = settings.key or identity_token(self._credential, settings.scope)
        return OpenAILanguageModel(settings.base_url, settings.deployment, key)

    @cached_property
    def token_usage(self) -> TokenUsage:
        """What language models have cost."""
        from clients.token_usage import TableTokenUsage

        settings = self._settings.language_model
        return TableTokenUsage(self._tables, TokenCeilings() if settings is None else settings.ceilings)

    @cached_property
    def _workspace(self) -> "WorkspaceClient":
        from clients.databricks_workspace import open_workspace

        settings = self._settings
        strategy = None
        if settings.databricks_token is None:
            from clients.databricks_identity import IdentityStrategy

            strategy = IdentityStrategy(self._credential, _DATABRICKS_SCOPE)
        return open_workspace(settings.databricks_host, settings.databricks_token, strategy, self._call_seconds)

    @cached_property
    def registry(self) -> ModelRegistry:
        """MLflow's registry and tracking."""
        from clients.mlflow_registry import MlflowModelRegistry

        prefix = self._settings.model_prefix
        return bounded("MLflow", self._call_seconds, lambda: MlflowModelRegistry(self._mlflow, prefix))

    @cached_property
    def traces(self) -> TraceBook:
        """Traces in MLflow."""
        # By default MLflow exports a trace from a thread of its own; the caller must know whether it is there.
        os.environ.setdefault("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
        from clients.mlflow_traces import MlflowTraces

        uri = self._settings.mlflow_tracking_uri
        return bounded("MLflow", self._call_seconds, lambda: MlflowTraces(self._mlflow, uri))

    @cached_property
    def _mlflow(self) -> "MlflowClient":
        # The MLflow client reads its limits from the environment only.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(max(1, int(self._call_seconds * _REQUEST_SHARE))))
        # Else a Retry-After of an hour keeps a thread for an hour, which then asks once more for nobody.
        os.environ.setdefault("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "false")
        from mlflow import MlflowClient

        settings = self._settings
        if settings.mlflow_tracking_uri == "databricks" and settings.databricks_token is None:
            from clients.mlflow_identity import lend_to_mlflow

            os.environ.setdefault("MLFLOW_ENABLE_DB_SDK", "false")
            lend_to_mlflow(settings.databricks_host, self._credential, _DATABRICKS_SCOPE)
        return MlflowClient(settings.mlflow_tracking_uri, settings.mlflow_registry_uri)

    @cached_property
    def events(self) -> EventPublisher:
        """The Event Grid topic."""
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

    @cached_property
    def specs(self) -> SpecSource:
        """The model specs."""
        from clients.spec_files import SpecFiles

        return SpecFiles(self._settings.model_specs, self._settings.platform)

    @cached_property
    def _tables(self) -> "TableServiceClient":
        from azure.data.tables import TableServiceClient

        settings = self._settings
        if settings.storage_connection_string is not None:
            return TableServiceClient.from_connection_string(
                settings.storage_connection_string, **self._http("Table storage")
            )
        assert settings.table_endpoint is not None, "read_settings asks for it"
        return TableServiceClient(settings.table_endpoint, credential=self._credential, **self._http("Table storage"))

    @cached_property
    def _credential(self) -> "TokenCredential":
        from azure.identity import DefaultAzureCredential

        from clients.bounded_identity import BoundedIdentity

        credential = DefaultAzureCredential(managed_identity_client_id=self._settings.client_id)
        return BoundedIdentity(credential, self._call_seconds * _REQUEST_SHARE, _APP_IDENTITY)


def signed_in_blobs(endpoint: str) -> BlobStore:
    """The blob storage of a deployed environment, for who has signed in on this machine."""
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import BlobServiceClient

    from clients.blob_storage import AzureBlobStore
    from clients.bounded_identity import BoundedIdentity

    # Nobody is signed in where each of the places that azure-identity looks in says so; that takes it seconds.
    credential = BoundedIdentity(DefaultAzureCredential(), CALL_SECONDS, "sign in with `az login`")
    return AzureBlobStore(BlobServiceClient(endpoint, credential=credential))


class ServicesProvider:
    """Hands out one set of services per process, built at the first call: an idle app reads no setting."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._services: LazyServices | None = None

    def __call__(self) -> LazyServices:
        """The services of this process."""
        if self._services is None:
            self._services = LazyServices(read_settings(os.environ, self._root))
        return self._services
