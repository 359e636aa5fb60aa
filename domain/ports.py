"""The ports: what Nightshift needs of the outside, implemented in clients and handed in by wiring."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from domain.alert import AlertMessage
from domain.compute import ComputeRef, ComputeResource
from domain.dead_letter import DeadLetter, DeadLetterState
from domain.decision import ChampionMove, MoveState
from domain.incident import Incident, IncidentState, Recorded, Signal
from domain.job import JobOrder, JobRun, JobStatus
from domain.language_model import LanguageModel
from domain.ledger import ChainFault, EntryKind, LedgerEntry, LedgerRecord
from domain.message import Message
from domain.notification import Notification, NotificationRecord
from domain.playbook import Playbook
from domain.review import Review, ReviewState
from domain.run import Batch, Patience, RunEvent
from domain.serving import EndpointState
from domain.spec import ModelSpec
from domain.trace import PlanFeedback, RoundTrace
from domain.upload import BlobRef, Upload


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

    def remove(self, blob: BlobRef) -> None:
        """Remove a blob; that it is gone already is no failure."""


class Submission(Message):
    """What became of a submitted upload: the queue instance that must be running for it to be taken."""

    generation: int
    accepted: bool


class QueueState(Message):
    """A model's queue of uploads: busy with a generation, or idle; ``waiting`` uploads are not yet claimed."""

    model: str
    generation: int
    busy: bool
    waiting: int


class UploadQueue(Protocol):
    """Uploads waiting per model; none is lost, none is taken twice."""

    def submit(self, upload: Upload, model: str, *, with_: Sequence[Upload] = ()) -> Submission:
        """Add an upload once, however often it is submitted; wake the queue if it is idle.

        Args:
            with_: uploads that are added in the same write, so that one batch takes them all.
        """

    def claim(self, model: str, generation: int, claim: int) -> Batch:
        """Take all waiting uploads as one batch; the same claim gets the same batch; an empty one sets it idle."""

    def begun_run(self, model: str) -> str | None:
        """The run that was claimed last and may not have ended; None if there is none."""

    def take_over(self, model: str, generation: int, *, begun_has_ended: bool) -> Submission:
        """Start a successor of a generation whose instance is gone; it takes up the begun run unless that has ended."""

    def states(self) -> Iterable[QueueState]:
        """All queues."""

    def run_of(self, model: str, identity: str) -> str | None:
        """The run that took an upload; None while it waits or if it is unknown."""


class AcceptedDataset(Message):
    """A file on whose content a run has decided: the first run and upload with this content.

    Attributes:
        newest: the newest freshness value, if the run made a champion of it.
    """

    model: str
    digest: str
    run: str
    upload: Upload
    newest: str | None
    accepted_at: datetime


class DatasetRegister(Protocol):
    """Which contents a model has accepted."""

    def accept(self, dataset: AcceptedDataset) -> AcceptedDataset:
        """Record a content once; return the record of whoever came first."""

    def find(self, model: str, digest: str) -> AcceptedDataset | None:
        """The first acceptance of a content."""

    def promote(self, model: str, digest: str, newest: str | None) -> None:
        """Remember that an accepted content has made a champion after all, with its newest freshness value."""

    def promoted(self, model: str) -> tuple[AcceptedDataset, ...]:
        """The contents that made a champion, newest first."""

    def last_newest(self, model: str, *, before_run: str) -> str | None:
        """The newest freshness value among the files that other runs promoted, in ISO 8601."""


class JobService(Protocol):
    """Databricks Jobs."""

    def start(self, order: JobOrder) -> JobRun:
        """Start a job run, once per token."""

    def status(self, run_id: int) -> JobStatus:
        """The state of a run."""

    def cancel(self, run_id: int) -> None:
        """Cancel a run; one that has ended stays as it ended."""

    def lifecycle_run(self, run_id: int) -> str | None:
        """The lifecycle run that a job run belongs to, from its parameters."""


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


class RegisteredVersion(Message):
    """A model version in the registry."""

    version: str
    aliases: tuple[str, ...]
    created_at: datetime
    run_id: str
    tags: dict[str, str]


class ScoreRun(Message):
    """A score run in MLflow: metrics and tags as logged, with the ids of both runs."""

    run_id: str
    train_run: str
    tags: dict[str, str]
    metrics: dict[str, float]


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


class ChampionBook(Protocol):
    """Who was champion when; the arbiter of every change."""

    def begin(self, move: ChampionMove) -> ChampionMove:
        """Record the intent to move, before the alias moves.

        Raises:
            ConflictError: another move has this sequence number.
        """

    def settle(self, move: ChampionMove, state: MoveState) -> None:
        """Record what became of a begun move."""

    def moves(self, model: str) -> tuple[ChampionMove, ...]:
        """All moves, oldest first."""


class Ledger(Protocol):
    """The decision ledger."""

    def append(self, record: LedgerRecord) -> LedgerEntry:
        """Append once per key; a repeat returns the first entry."""

    def entries(self, model: str, run: str | None = None) -> tuple[LedgerEntry, ...]:
        """Entries of a model by sequence, of one run if named."""

    def backwards(self, model: str) -> Iterable[LedgerEntry]:
        """Entries of a model, the last one first; read as they are taken."""

    def find(self, model: str, key: str) -> LedgerEntry | None:
        """The entry that was appended under a key."""

    def of_kind(self, model: str, kind: EntryKind) -> tuple[LedgerEntry, ...]:
        """Entries of a model of one kind, by sequence."""

    def models(self) -> tuple[str, ...]:
        """Models that have entries."""

    def verify(self, model: str) -> ChainFault | None:
        """The first fault of a model's chain, or None."""


class TraceBook(Protocol):
    """Traces of improvement rounds."""

    def write(self, trace: RoundTrace) -> str:
        """Write a round's trace once per key; return its id."""

    def tell(self, trace: str, feedback: PlanFeedback) -> None:
        """Log a person's feedback on the plan of a round; BadInputError if there is no such trace."""


class ReviewBook(Protocol):
    """Flagged promotions."""

    def open(self, review: Review) -> Review:
        """Open a review once per id."""

    def get(self, model: str, review_id: str) -> Review | None:
        """A review of a model."""

    def find(self, review_id: str) -> Review | None:
        """A review whose model is not known."""

    def change(self, model: str, review_id: str, change: Callable[[Review], Review]) -> Review:
        """Change a review by compare-and-set; ``change`` may be called again on a fresher review."""

    def all(self, model: str | None = None, states: tuple[ReviewState, ...] = ()) -> tuple[Review, ...]:
        """Reviews, newest first; of one model and in these states if given."""

    def unsettled(self) -> tuple[Review, ...]:
        """Reviews that are open, or decided and not yet acted on to the end."""


class AlertQueues(Protocol):
    """The Service Bus queues of alerts."""

    def send(self, alert: AlertMessage) -> None:
        """Put an alert on the queue of its category, once per message id within the queue's window."""

    def send_raw(self, queue: str, body: bytes, *, message_id: str, properties: Mapping[str, str]) -> None:
        """Put bytes on a queue as they are; a redrive does."""


class IncidentBook(Protocol):
    """Incidents and the alerts that belong to them."""

    def record(self, signal: Signal) -> Recorded:
        """Record an alert once: open an incident, add to one, or close what it resolves."""

    def get(self, model: str, incident_id: str) -> Incident | None:
        """An incident of a model (or of ``platform``)."""

    def find(self, incident_id: str) -> Incident | None:
        """An incident whose model is not known."""

    def change(self, model: str, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        """Change an incident by compare-and-set; ``change`` may be called again on a fresher incident."""

    def all(self, model: str | None = None, states: tuple[IncidentState, ...] = ()) -> tuple[Incident, ...]:
        """Incidents, newest first; of one model and in these states if given."""

    def occurrences(self, model: str, incident_id: str) -> tuple[AlertMessage, ...]:
        """The alerts that belong to an incident, oldest first."""


class Notifier(Protocol):
    """Tells people."""

    def send(self, notification: Notification) -> None:
        """Send to every address that wants this kind.

        Raises:
            ServiceUnavailableError: an address did not take it; trying again may help.
            ServiceRefusedError: an address is no address.
        """


class NotificationBook(Protocol):
    """Which notifications have gone out."""

    def begin(self, record: NotificationRecord) -> NotificationRecord:
        """Write down that a notification is being sent; return what is known of its key."""

    def settle(self, record: NotificationRecord) -> None:
        """Write down that it has been sent."""


class DeadLetterBook(Protocol):
    """Messages that could not be handled."""

    def record(self, letter: DeadLetter) -> bool:
        """Keep a dead letter once; False if it was there."""

    def get(self, letter_id: str) -> DeadLetter | None:
        """A dead letter."""

    def settle(self, letter_id: str, expected: DeadLetterState, state: DeadLetterState, note: str) -> DeadLetter:
        """Move it from one state to another and add a line to its history; ConflictError if it is in another state."""

    def all(self, queue: str | None = None, state: DeadLetterState | None = None) -> tuple[DeadLetter, ...]:
        """Dead letters, newest first."""


class EventPublisher(Protocol):
    """The Event Grid topic for lifecycle events."""

    def publish(self, event: RunEvent) -> None:
        """Publish as a CloudEvent whose id is derived from run and kind."""


class Links(Message):
    """Where people find what is behind an id: addresses without a slash at their end.

    Attributes:
        mlflow: of the MLflow pages, ``.../experiments/ID/runs/ID`` following.
        databricks: of the workspace.
    """

    mlflow: str
    databricks: str


class HealthCheck(Protocol):
    """Whether one outside system can do for the app what it must."""

    @property
    def name(self) -> str:
        """Of the system, for people."""

    def check(self) -> None:
        """Ask it; changes nothing, and raises a NightshiftError if it cannot."""


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
    def dead_letters(self) -> DeadLetterBook:
        """Messages that could not be handled."""

    @property
    def events(self) -> EventPublisher:
        """The Event Grid topic."""

    @property
    def specs(self) -> SpecSource:
        """Model specs."""

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
    def patience(self) -> Patience:
        """How long steps are tried again."""
