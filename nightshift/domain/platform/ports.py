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
        """At most ``most`` blobs whose name begins with a prefix, in order of their names; folders are left out."""

    def remove(self, blob: BlobRef) -> None:
        """Remove a blob; that it is gone already is no failure."""


class JobService(Protocol):
    """Databricks Jobs."""

    def start(self, order: JobOrder) -> JobRun:
        """Start a job run, once per token.

        Raises:
            ServiceRefusedError: no such job, a parameter that the job does not declare, or no permission.
        """

    def status(self, run_id: int) -> JobStatus:
        """The state of a run."""

    def cancel(self, run_id: int) -> None:
        """Cancel a run; one that has ended stays as it ended."""


class ComputeService(Protocol):
    """Clusters and SQL warehouses of the workspace."""

    def list_compute(self) -> tuple[ComputeResource, ...]:
        """All compute, with its tags and state."""

    def pause(self, resource: ComputeRef) -> None:
        """Terminate a cluster, stop a warehouse, cancel the runs of a job cluster.

        A resource that is stopped already, or that does not exist any more, is success.
        """

    def resume(self, resource: ComputeRef) -> None:
        """Start a cluster or a warehouse again; nothing happens to one that runs or starts.

        Raises:
            ServiceRefusedError: a job cluster, whose runs are over; or there is no such resource.
            ConflictError: it is still stopping; try again.
        """


class ServingService(Protocol):
    """Model serving endpoints."""

    def read(self, endpoint: str) -> EndpointState:
        """What an endpoint serves.

        Raises:
            ServiceRefusedError: there is no such endpoint, or it serves several entities.
        """

    def serve(self, endpoint: str, model: str, version: str) -> None:
        """Ask an endpoint to serve a version; nothing happens if it serves it, or is on its way to it.

        Size, scaling, environment and payload logging of the endpoint stay as they are.

        Raises:
            ServiceRefusedError: no such endpoint or version, several entities, or one of another model.
            ConflictError: another update is under way; try again when it has ended.
        """


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
        """Fetch the predictions artifact of a score run into a folder.

        Raises:
            ServiceRefusedError: there is no such run, or it has no predictions.
        """


class AlertQueues(Protocol):
    """The Service Bus queues of alerts."""

    def send(self, alert: AlertMessage) -> None:
        """Put an alert on the queue of its category, once per message id within the queue's window.

        Raises:
            ServiceRefusedError: no such queue, or no right to send.
            ServiceUnavailableError: Service Bus does not answer.
        """

    def send_raw(self, queue: str, body: bytes, *, message_id: str, properties: Mapping[str, str]) -> None:
        """Put bytes on a queue as they are, which a redrive needs.

        Raises:
            BadInputError: the message is larger than the queue takes.
            ServiceRefusedError: no such queue, or no right to send.
            ServiceUnavailableError: Service Bus does not answer.
        """


class Notifier(Protocol):
    """Notifies people, address by address."""

    def addresses(self, notification: Notification, *, fallback: bool = False) -> tuple[str, ...]:
        """Keys of the addresses that want it, in the order of the setting; none of them is a secret.

        Args:
            fallback: those of the second channel instead.
        """

    def send(self, notification: Notification, address: str) -> None:
        """Send to one address.

        Raises:
            ServiceUnavailableError: the address did not accept the notification; a retry may help.
            ServiceRefusedError: the setting has no such address.
        """


class EventPublisher(Protocol):
    """The Event Grid topic for lifecycle events."""

    def publish(self, event: RunEvent) -> None:
        """Publish as a CloudEvent whose id is derived from run and kind, so that a subscriber can drop a repeat.

        Raises:
            ServiceRefusedError: wrong key, missing role, a topic that does not exist or takes no CloudEvents,
                or an event that is too large.
            ServiceUnavailableError: overload, an error of Event Grid's own, or nobody answers.
        """


class HealthCheck(Protocol):
    """Whether one outside system can do for the app what it must."""

    @property
    def name(self) -> str:
        """The name of the system, for people."""

    @property
    def imports(self) -> tuple[str, ...]:
        """Modules that asking it needs and that take long to load."""

    def check(self) -> None:
        """Ask the system; leave nothing behind there.

        Raises:
            NightshiftError: the system cannot do what the app needs.
        """


class SpecSource(Protocol):
    """The model specs."""

    def get(self, model: str) -> ModelSpec:
        """The spec of a model.

        Raises:
            UnknownModelError: there is no spec of this name.
            SpecError: the spec breaks a rule; the error names file, field, value and rule.
        """

    def names(self) -> tuple[str, ...]:
        """Names of all models."""

    def platform(self) -> Playbook:
        """The playbook for alerts that are about no model; the defaults if there is no file.

        Raises:
            SpecError: the file breaks a rule.
        """


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
        """The contents that each model has accepted."""

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
        """MLflow's tracking and model registry."""

    @property
    def champions(self) -> AliasHistory:
        """The alias history: every change of a champion alias."""

    @property
    def ledger(self) -> Ledger:
        """The decision ledger."""

    @property
    def traces(self) -> TraceStore:
        """Traces of improvement rounds."""

    @property
    def reviews(self) -> ReviewStore:
        """Flagged promotions."""

    @property
    def alert_queues(self) -> AlertQueues:
        """The Service Bus queues of alerts."""

    @property
    def incidents(self) -> IncidentStore:
        """Incidents."""

    @property
    def notifier(self) -> Notifier:
        """Sends notifications to people."""

    @property
    def notifications(self) -> NotificationStore:
        """Which notifications are owed, and which have gone out."""

    @property
    def sweeps(self) -> SweepStore:
        """When each sweep ran last, and how far it has read."""

    @property
    def dead_letters(self) -> DeadLetterStore:
        """Dead-lettered messages."""

    @property
    def events(self) -> EventPublisher:
        """The Event Grid topic."""

    @property
    def specs(self) -> SpecSource:
        """Model specs."""

    @property
    def faults(self) -> FaultStore:
        """Unknown failures of the app's own steps, and the starts of its processes."""

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
    def retry_policy(self) -> RetryPolicy:
        """How often and how fast a step is tried again."""
