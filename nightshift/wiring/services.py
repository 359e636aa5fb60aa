"""Build the services from the settings: each client when it is first touched, because most calls need few of them."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from nightshift.clients.platform.call_budget import bounded
from nightshift.domain.improvement.language_model import LanguageModel
from nightshift.domain.improvement.token_usage import TokenCeilings
from nightshift.domain.platform.links import Links
from nightshift.domain.platform.loading import importing
from nightshift.domain.platform.ports import (
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
from nightshift.domain.platform.record_ports import (
    AliasHistory,
    DatasetRegister,
    DeadLetterStore,
    FaultStore,
    IncidentStore,
    Ledger,
    NotificationStore,
    ReviewStore,
    SweepStore,
    TokenUsage,
    TraceStore,
    UploadQueue,
)
from nightshift.domain.platform.started_version import started_version
from nightshift.domain.platform.step import RetryPolicy
from nightshift.wiring.connections import REQUEST_SHARE, Connections
from nightshift.wiring.opened import opened
from nightshift.wiring.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from nightshift.clients.notifications.notifications import TableNotificationStore

# What the host reads, and what this release therefore starts.
_HOST_JSON = Path(__file__).resolve().parents[2] / "host.json"
# An activity that cannot reach a service is tried again by Durable; a client must not hang in its own retries for long.
CALL_SECONDS = 30.0


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


class LazyServices(Connections):
    """Implements `Services`; clients are imported and opened at first use.

    Args:
        call_seconds: after which a call of any outside system has ended, the opening of its client included. Where the
            system's time depends on the size of data, or on a language model's own limit, each request has it.
    """

    def __init__(self, settings: Settings, call_seconds: float = CALL_SECONDS) -> None:
        super().__init__(settings, call_seconds)

    @property
    def clock(self) -> Callable[[], datetime]:
        return now

    @property
    def keep_history(self) -> timedelta:
        return timedelta(days=self._settings.keep_history_days)

    @property
    def retry_policy(self) -> RetryPolicy:
        return self._settings.retry_policy

    @opened
    def orchestration_version(self) -> int:
        return started_version(_HOST_JSON.read_bytes())

    @property
    def links(self) -> Links:
        """Addresses for people; an MLflow server of its own has its pages behind a fragment, Databricks has not."""
        settings = self._settings
        fragment = "" if settings.mlflow_tracking_uri.startswith("databricks") else "/#"
        return Links(
            mlflow=settings.mlflow_url.rstrip("/") + fragment,
            databricks=settings.databricks_url.rstrip("/"),
            app=settings.public_url,
        )

    @property
    def settings(self) -> Settings:
        """The settings that these services were built from."""
        return self._settings

    @opened
    def blobs(self) -> BlobStore:
        with importing("azure-storage-blob"):
            from nightshift.clients.platform.blob_storage import AzureBlobStore

        return AzureBlobStore(self._blob_service, self._call_seconds)

    @opened
    def uploads(self) -> UploadQueue:
        with importing("azure-data-tables"):
            from nightshift.clients.uploads.upload_queue import TableUploadQueue

        return TableUploadQueue(self._tables)

    @opened
    def datasets(self) -> DatasetRegister:
        with importing("azure-data-tables"):
            from nightshift.clients.uploads.datasets import TableDatasetRegister

        return TableDatasetRegister(self._tables)

    @opened
    def champions(self) -> AliasHistory:
        with importing("azure-data-tables"):
            from nightshift.clients.champions.alias_history import TableAliasHistory

        return TableAliasHistory(self._tables)

    @opened
    def ledger(self) -> Ledger:
        with importing("azure-data-tables"):
            from nightshift.clients.ledger.ledger import TableLedger

        return TableLedger(self._tables, now)

    @opened
    def reviews(self) -> ReviewStore:
        with importing("azure-data-tables"):
            from nightshift.clients.reviews.reviews import TableReviewStore

        return TableReviewStore(self._tables)

    @opened
    def alert_queues(self) -> AlertQueues:
        with importing("azure-servicebus"):
            from nightshift.clients.response.alert_queues import ServiceBusAlertQueues

        return bounded("Service Bus", self._call_seconds, lambda: ServiceBusAlertQueues(self._new_service_bus()))

    @opened
    def health_checks(self) -> tuple[HealthCheck, ...]:
        with importing("the health checks"):
            from nightshift.clients.notifications.notifications import NotificationHealth
            from nightshift.clients.notifications.notifier import unreadable
            from nightshift.clients.platform import health_checks as checks

        settings = self._settings
        urls, fallback_urls = settings.notify_urls, settings.notify_fallback_urls
        return (
            checks.WorkerHealth(),
            checks.BlobHealth(lambda: self._blob_service),
            checks.TableHealth(lambda: self._tables),
            checks.ServiceBusHealth(self._new_service_bus),
            checks.MlflowHealth(lambda: self._mlflow),
            checks.DatabricksHealth(lambda: self._workspace),
            NotificationHealth(lambda: self._notifications, now, lambda: unreadable(urls, fallback_urls)),
        )

    @opened
    def incidents(self) -> IncidentStore:
        with importing("azure-data-tables"):
            from nightshift.clients.response.incidents import TableIncidentStore

        return TableIncidentStore(self._tables)

    @opened
    def notifier(self) -> Notifier:
        with importing("apprise"):
            from nightshift.clients.notifications.notifier import AppriseNotifier

        settings = self._settings
        urls, fallback_urls = settings.notify_urls, settings.notify_fallback_urls
        return bounded(
            "notification",
            self._call_seconds,
            lambda: AppriseNotifier(urls, settings.notify_file, fallback_urls),
        )

    @property
    def notifications(self) -> NotificationStore:
        return self._notifications

    @opened
    def _notifications(self) -> "TableNotificationStore":
        with importing("azure-data-tables"):
            from nightshift.clients.notifications.notifications import TableNotificationStore

        return TableNotificationStore(self._tables)

    @opened
    def faults(self) -> FaultStore:
        with importing("azure-data-tables"):
            from nightshift.clients.watch.faults import TableFaultStore

        return TableFaultStore(self._tables)

    @opened
    def sweeps(self) -> SweepStore:
        with importing("azure-data-tables"):
            from nightshift.clients.watch.sweeps import TableSweepStore

        return TableSweepStore(self._tables)

    @opened
    def dead_letters(self) -> DeadLetterStore:
        with importing("azure-data-tables"):
            from nightshift.clients.dead_letters.dead_letters import TableDeadLetterStore

        return TableDeadLetterStore(self._tables, self.blobs)

    @opened
    def jobs(self) -> JobService:
        with importing("databricks-sdk"):
            from nightshift.clients.lifecycle.databricks_jobs import DatabricksJobService

        share = self._call_seconds * REQUEST_SHARE
        return bounded("Databricks", self._call_seconds, lambda: DatabricksJobService(self._workspace, share))

    @opened
    def compute(self) -> ComputeService:
        with importing("databricks-sdk"):
            from nightshift.clients.response.databricks_compute import DatabricksCompute

        return bounded("Databricks", self._call_seconds, lambda: DatabricksCompute(self._workspace))

    @opened
    def serving(self) -> ServingService:
        with importing("databricks-sdk"):
            from nightshift.clients.champions.databricks_serving import DatabricksServing

        prefix = self._settings.model_prefix
        return bounded("Databricks", self._call_seconds, lambda: DatabricksServing(self._workspace, prefix))

    @opened
    def language_model(self) -> LanguageModel | None:
        with importing("openai"):
            # The client needs them at its first question, which more than one thread may ask.
            import openai.types.chat  # noqa: F401

            from nightshift.clients.improvement.language_model import OpenAILanguageModel
            from nightshift.clients.improvement.language_model_identity import identity_token

        settings = self._settings.language_model
        if settings is None:
            return None
        # Each of its calls ends within the deployment's own time.
        key = settings.key or identity_token(self._credential, settings.scope)
        return OpenAILanguageModel(settings.base_url, settings.deployment, key)

    @opened
    def token_usage(self) -> TokenUsage:
        with importing("azure-data-tables"):
            from nightshift.clients.improvement.token_usage import TableTokenUsage

        settings = self._settings.language_model
        return TableTokenUsage(self._tables, TokenCeilings() if settings is None else settings.ceilings)

    @opened
    def registry(self) -> ModelRegistry:
        with importing("mlflow"):
            from nightshift.clients.champions.mlflow_registry import MlflowModelRegistry

        prefix = self._settings.model_prefix
        return bounded("MLflow", self._call_seconds, lambda: MlflowModelRegistry(self._mlflow, prefix))

    @opened
    def traces(self) -> TraceStore:
        # By default MLflow exports a trace from a thread of its own; the caller must know whether it is there.
        os.environ.setdefault("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
        with importing("mlflow"):
            from nightshift.clients.improvement.mlflow_traces import MlflowTraces

        uri = self._settings.mlflow_tracking_uri
        return bounded("MLflow", self._call_seconds, lambda: MlflowTraces(self._mlflow, uri))

    @opened
    def events(self) -> EventPublisher:
        with importing("azure-eventgrid"):
            from azure.core.credentials import AzureKeyCredential
            from azure.eventgrid import EventGridPublisherClient

            from nightshift.clients.lifecycle.event_grid import EventGridPublisher

        settings = self._settings
        if settings.event_grid_key is not None:
            credential: AzureKeyCredential | TokenCredential = AzureKeyCredential(settings.event_grid_key)
        else:
            credential = self._credential
        client = EventGridPublisherClient(settings.event_grid_endpoint, credential)
        publisher = EventGridPublisher(client, self._call_seconds * REQUEST_SHARE)
        return bounded("Event Grid", self._call_seconds, lambda: publisher)

    @opened
    def specs(self) -> SpecSource:
        with importing("model specs"):
            from nightshift.clients.platform.spec_files import SpecFiles

        return SpecFiles(self._settings.model_specs, self._settings.platform)
