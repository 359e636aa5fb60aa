"""The ports: what Nightshift needs of the outside, implemented in clients and handed in by wiring."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from nightshift.domain.champions.registry import RegisteredVersion, ScoreRun
from nightshift.domain.champions.serving import EndpointState
from nightshift.domain.improvement.language_model import LanguageModel
from nightshift.domain.lifecycle.job import JobOrder, JobRun, JobStatus
from nightshift.domain.lifecycle.run import RunEvent
from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.links import Links
from nightshift.domain.platform.record_ports import (
    ChampionBook,
    DatasetRegister,
    DeadLetterBook,
    FaultBook,
    IncidentBook,
    Ledger,
    NotificationBook,
    ReviewBook,
    SweepBook,
    TokenUsage,
    TraceBook,
    UploadQueue,
)
from nightshift.domain.platform.spec import ModelSpec
from nightshift.domain.platform.step import RetryPolicy
from nightshift.domain.response.alert import AlertMessage
from nightshift.domain.response.compute import ComputeRef, ComputeResource
from nightshift.domain.response.playbook import Playbook
from nightshift.domain.uploads.upload import BlobRef, StoredBlob


class BlobStore(Protocol):
    """Blob storage.

    Every read of a reference with an etag raises BlobMissingError or BlobChangedError if that content is gone.
    """

    def download(self, blob: BlobRef, target: Path) -> str:
        """Stream a blob into a file and return the SHA-256 of its bytes."""

    def read(self, blob: BlobRef) -> bytes:
        """Read a small blob whole."""

    def write(self, blob: BlobRef, data: bytes, *, content_type: str) -> BlobRef:
        """Write a blob, overwriting what was there; return it without an etag, as a stable name."""

    def upload(self, blob: BlobRef, source: Path, *, metadata: Mapping[str, str]) -> str:
        """Stream a file into a new or overwritten blob and return the etag of the content."""

    def url(self, blob: BlobRef) -> str:
        """The address of a blob."""

    def metadata(self, blob: BlobRef) -> Mapping[str, str]:
        """The metadata that the uploader gave the blob."""

    def listed(self, container: str, prefix: str, *, most: int) -> tuple[StoredBlob, ...]:
        """At most so many blobs whose name begins with a prefix, in order of their names; a folder is none."""

    def remove(self, blob: BlobRef) -> None:
        """Remove a blob; that it is gone already is no failure."""


class JobService(Protocol):
    """Databricks Jobs."""

    def start(self, order: JobOrder) -> JobRun:
        """Start a job run, once per token."""

    def status(self, run_id: int) -> JobStatus:
        """The state of a run."""

    def cancel(self, run_id: int) -> None:
        """Cancel a run; one that has ended stays as it ended."""


class ComputeService(Protocol):
    """Clusters and SQL warehouses of the workspace."""

    def list_compute(self) -> tuple[ComputeResource, ...]:
        """All compute, with its tags and state."""

    def pause(self, resource: ComputeRef) -> None:
        """Terminate a cluster, stop a warehouse, cancel the runs of a job cluster; what is stopped stays so."""

    def resume(self, resource: ComputeRef) -> None:
        """Start it again; ServiceRefusedError for a job cluster, whose runs are gone."""


class ServingService(Protocol):
    """Model serving endpoints."""

    def read(self, endpoint: str) -> EndpointState:
        """What an endpoint serves; ServiceRefusedError if there is no such endpoint."""

    def serve(self, endpoint: str, model: str, version: str) -> None:
        """Ask an endpoint to serve a version; ConflictError while another update is under way."""


class ModelRegistry(Protocol):
    """MLflow tracking and model registry."""

    def version_of(self, model: str, alias: str) -> str | None:
        """The version that holds an alias; None if nobody does or the model is unknown."""

    def set_alias(self, model: str, alias: str, version: str) -> None:
        """Point an alias at a version."""

    def versions(self, model: str) -> tuple[RegisteredVersion, ...]:
        """All versions, newest first; empty for an unknown model."""

    def version(self, model: str, version: str) -> RegisteredVersion | None:
        """One version; None if there is none or it was deleted."""

    def tag(self, model: str, version: str, name: str, value: str | None) -> None:
        """Set a tag of a version; None removes it."""

    def columns_of(self, model: str, version: str) -> tuple[str, ...] | None:
        """The columns of a dataset that a version needs; None if its files are not all there."""

    def run_metrics(self, run_id: str) -> dict[str, float]:
        """The metrics of a run."""

    def experiment_of(self, model: str) -> str | None:
        """Id of the experiment of a model; None before its first run."""

    def find_score(self, model: str, score_token: str) -> ScoreRun | None:
        """The finished score run with this token."""

    def download_predictions(self, score_run: str, target: Path) -> Path:
        """Fetch the predictions artifact of a score run into a folder."""


class AlertQueues(Protocol):
    """The Service Bus queues of alerts."""

    def send(self, alert: AlertMessage) -> None:
        """Put an alert on the queue of its category, once per message id within the queue's window."""

    def send_raw(self, queue: str, body: bytes, *, message_id: str, properties: Mapping[str, str]) -> None:
        """Put bytes on a queue as they are; a redrive does."""


class Notifier(Protocol):
    """Tells people, address by address."""

    def addresses(self, notification: Notification, *, fallback: bool = False) -> tuple[str, ...]:
        """Keys of the addresses that want it, in the order of the setting; none of them is a secret.

        Args:
            fallback: those of the second channel instead.
        """

    def send(self, notification: Notification, address: str) -> None:
        """Send to one address.

        Raises:
            ServiceUnavailableError: it did not take it; trying again may help.
            ServiceRefusedError: it is no address.
        """


class EventPublisher(Protocol):
    """The Event Grid topic for lifecycle events."""

    def publish(self, event: RunEvent) -> None:
        """Publish as a CloudEvent whose id is derived from run and kind."""


class HealthCheck(Protocol):
    """Whether one outside system can do for the app what it must."""

    @property
    def name(self) -> str:
        """Of the system, for people."""

    @property
    def imports(self) -> tuple[str, ...]:
        """Modules that asking it needs and that take long to load."""

    def check(self) -> None:
        """Ask it; leaves nothing behind, and raises a NightshiftError if it cannot."""


class SpecSource(Protocol):
    """The model specs."""

    def get(self, model: str) -> ModelSpec:
        """The spec of a model; raises UnknownModelError or SpecError."""

    def names(self) -> tuple[str, ...]:
        """Names of all models."""

    def platform(self) -> Playbook:
        """The playbook for alerts that are about no model; raises SpecError."""


class Clock(Protocol):
    """The time, for records only: no identity and no decision depends on it."""

    def __call__(self) -> datetime:
        """Now, in UTC."""


class Services(Protocol):
    """Everything an activity may touch, bound late by wiring."""

    @property
    def blobs(self) -> BlobStore:
        """Blob storage."""

    @property
    def uploads(self) -> UploadQueue:
        """Uploads waiting per model."""

    @property
    def datasets(self) -> DatasetRegister:
        """Contents decided on."""

    @property
    def jobs(self) -> JobService:
        """Databricks Jobs."""

    @property
    def compute(self) -> ComputeService:
        """Clusters and SQL warehouses."""

    @property
    def serving(self) -> ServingService:
        """Serving endpoints."""

    @property
    def language_model(self) -> LanguageModel | None:
        """The language model that may propose plans; None if none is set up."""

    @property
    def token_usage(self) -> TokenUsage:
        """What language models have cost."""

    @property
    def registry(self) -> ModelRegistry:
        """MLflow."""

    @property
    def champions(self) -> ChampionBook:
        """Who was champion when."""

    @property
    def ledger(self) -> Ledger:
        """The decision ledger."""

    @property
    def traces(self) -> TraceBook:
        """Traces of improvement rounds."""

    @property
    def reviews(self) -> ReviewBook:
        """Flagged promotions."""

    @property
    def alert_queues(self) -> AlertQueues:
        """The Service Bus queues of alerts."""

    @property
    def incidents(self) -> IncidentBook:
        """Incidents."""

    @property
    def notifier(self) -> Notifier:
        """Tells people."""

    @property
    def notifications(self) -> NotificationBook:
        """Which notifications have gone out."""

    @property
    def sweeps(self) -> SweepBook:
        """The last looks of the sweeps."""

    @property
    def dead_letters(self) -> DeadLetterBook:
        """Messages that could not be handled."""

    @property
    def events(self) -> EventPublisher:
        """The Event Grid topic."""

    @property
    def specs(self) -> SpecSource:
        """Model specs."""

    @property
    def faults(self) -> FaultBook:
        """What the app writes down about itself."""

    @property
    def health_checks(self) -> tuple[HealthCheck, ...]:
        """One for each outside system that the app cannot do without."""

    @property
    def links(self) -> Links:
        """Addresses for people."""

    @property
    def clock(self) -> Clock:
        """The time, for records."""

    @property
    def keep_history(self) -> timedelta:
        """How long after its end Durable keeps the history of an orchestration."""

    @property
    def orchestration_version(self) -> int:
        """The newest version of orchestrations that this release runs: the one that it starts."""

    @property
    def patience(self) -> RetryPolicy:
        """How long steps are tried again."""
