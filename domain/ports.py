"""The ports: what Nightshift needs of the outside, implemented in clients and handed in by wiring."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from domain.decision import ChampionMove, MoveState, Review
from domain.job import JobOrder, JobRun, JobStatus
from domain.ledger import ChainFault, LedgerEntry, LedgerRecord
from domain.message import Message
from domain.run import Alert, Batch, Patience, RunEvent
from domain.spec import ModelSpec
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

    def submit(self, upload: Upload, model: str) -> Submission:
        """Add an upload once, however often it is submitted; wake the queue if it is idle."""

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

    def models(self) -> tuple[str, ...]:
        """Models that have entries."""

    def verify(self, model: str) -> ChainFault | None:
        """The first fault of a model's chain, or None."""


class ReviewBook(Protocol):
    """Flagged promotions."""

    def open(self, review: Review) -> Review:
        """Open a review once per id."""

    def all(self, model: str | None = None) -> tuple[Review, ...]:
        """Reviews, newest first."""


class AlertBook(Protocol):
    """Alerts for on-call."""

    def raise_alert(self, alert: Alert) -> bool:
        """Record an alert once per key; False if it was there already."""

    def all(self, model: str | None = None) -> tuple[Alert, ...]:
        """Alerts, newest first."""


class EventPublisher(Protocol):
    """The Event Grid topic for lifecycle events."""

    def publish(self, event: RunEvent) -> None:
        """Publish as a CloudEvent whose id is derived from run and kind."""


class SpecSource(Protocol):
    """The model specs."""

    def get(self, model: str) -> ModelSpec:
        """The spec of a model; raises UnknownModelError or SpecError."""

    def names(self) -> tuple[str, ...]:
        """Names of all models."""


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
    def registry(self) -> ModelRegistry:
        """MLflow."""

    @property
    def champions(self) -> ChampionBook:
        """Who was champion when."""

    @property
    def ledger(self) -> Ledger:
        """The decision ledger."""

    @property
    def reviews(self) -> ReviewBook:
        """Flagged promotions."""

    @property
    def alerts(self) -> AlertBook:
        """Alerts for on-call."""

    @property
    def events(self) -> EventPublisher:
        """The Event Grid topic."""

    @property
    def specs(self) -> SpecSource:
        """Model specs."""

    @property
    def clock(self) -> Clock:
        """The time, for records."""

    @property
    def patience(self) -> Patience:
        """How long steps are tried again."""
