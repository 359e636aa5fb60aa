"""The ports to the records that Nightshift keeps: queues, registers, stores and the ledger."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from nightshift.domain.champions.decision import AliasChange, AliasChangeState
from nightshift.domain.dead_letters.dead_letter import DeadLetter, DeadLetterState
from nightshift.domain.improvement.token_usage import Reservation
from nightshift.domain.improvement.trace import PlanFeedback, RoundTrace
from nightshift.domain.ledger.ledger import ChainEnd, ChainFault, ChainPart, EntryKind, LedgerEntry, LedgerRecord
from nightshift.domain.lifecycle.run import Batch
from nightshift.domain.notifications.notification import NotificationRecord
from nightshift.domain.response.alert import AlertMessage, Category, Severity
from nightshift.domain.response.incident import Incident, IncidentState, Recorded, Signal
from nightshift.domain.reviews.review import Review, ReviewState
from nightshift.domain.uploads.dataset import AcceptedDataset
from nightshift.domain.uploads.upload import Upload
from nightshift.domain.uploads.upload_queue import QueueState, Submission
from nightshift.domain.watch.fault import Fault, ProcessStart
from nightshift.domain.watch.sweep import OrderMark, SweepRun


class UploadQueue(Protocol):
    """Uploads waiting per model; none is lost, none is taken twice."""

    def submit(self, upload: Upload, model: str, *, with_: Sequence[Upload] = ()) -> Submission:
        """Add an upload once, however often it is submitted; wake the queue if it is idle.

        Args:
            with_: uploads that are added in the same write, so that one batch takes them all.
        """

    def claim(self, model: str, generation: int, claim: int) -> Batch:
        """Take all waiting uploads as one batch.

        The same claim gets the same batch. If nothing waits, the batch is empty and the queue becomes idle.
        """

    def begun_run(self, model: str) -> str | None:
        """The run that was claimed last, unless it is known to have ended; None if there is none."""

    def last_run(self, model: str) -> str | None:
        """The run that was claimed last, whether or not it has ended; None if there was none."""

    def take_over(self, model: str, generation: int, *, begun_has_ended: bool) -> Submission:
        """Start the next generation after the instance of this one is gone.

        It continues the run that this generation began, unless that run has ended.
        """

    def state(self, model: str) -> QueueState | None:
        """The queue of a model; None if nothing was ever uploaded."""

    def states(self) -> Iterable[QueueState]:
        """All queues."""

    def run_of(self, model: str, identity: str) -> str | None:
        """The run that took an upload; None while it waits or if it is unknown."""


class DatasetRegister(Protocol):
    """Which contents a model has accepted."""

    def accept(self, dataset: AcceptedDataset) -> AcceptedDataset:
        """Record a content once; return the record of the run that accepted it first."""

    def find(self, model: str, digest: str) -> AcceptedDataset | None:
        """The first acceptance of a content."""

    def promote(self, model: str, digest: str, newest: str | None, run: str) -> None:
        """Record that a run on this content has made a champion, and the content's newest freshness value."""

    def withdraw(self, model: str, run: str) -> None:
        """Record that the promotion of a run was withdrawn: its content has made no champion."""

    def accepted(self, model: str) -> tuple[AcceptedDataset, ...]:
        """The contents that runs have decided on, whatever they decided, newest first."""

    def last_newest(self, model: str, *, before_run: str) -> str | None:
        """The newest freshness value among the files that other runs promoted, in ISO 8601."""


class AliasHistory(Protocol):
    """The alias history: every change of a champion alias; a change that it refuses is not made."""

    def begin(self, move: AliasChange) -> AliasChange:
        """Record the intent to move, before the alias moves.

        Raises:
            ConflictError: another move has this sequence number.
        """

    def take_up(self, move: AliasChange) -> AliasChange:
        """Raise the epoch of a begun move, right before the alias moves; a writer with the older epoch is fenced off.

        Raises:
            MoveFencedError: the move is not begun any more, or another writer has taken it up since.
        """

    def finalize(self, move: AliasChange, state: AliasChangeState) -> AliasChange:
        """Record how a begun move ended; to record the same end again is success.

        Raises:
            MoveFencedError: it has ended otherwise, or another writer has taken it up since.
        """

    def idle(self, move: AliasChange) -> timedelta:
        """How long ago the row of a move was written last, by the clock of the storage."""

    def moves(self, model: str) -> tuple[AliasChange, ...]:
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

    def since(self, model: str, sequence: int, limit: int) -> tuple[LedgerEntry, ...]:
        """At most ``limit`` entries of a model with a higher sequence than this one, by sequence."""

    def entry(self, model: str, sequence: int) -> LedgerEntry | None:
        """The entry of a model with a sequence."""

    def newest_of(self, model: str, kind: EntryKind) -> Iterable[LedgerEntry]:
        """Entries of a model of one kind, the last one first; read as they are taken."""

    def index(self, most: int) -> bool:
        """Make at most ``most`` index rows for entries that have none; return whether every entry has one now."""

    def models(self, after: str = "") -> Iterable[str]:
        """Models that have entries, by name, those after ``after``; read as they are taken."""

    def verify(self, model: str) -> ChainFault | None:
        """The first fault of a model's chain, or None."""

    def verify_part(self, model: str, after: ChainEnd, limit: int) -> ChainPart:
        """Verify at most ``limit`` entries (1 to 1000) of a model that follow a verified one."""


class TraceStore(Protocol):
    """Traces of improvement rounds."""

    def write(self, trace: RoundTrace) -> str:
        """Write a round's trace once per key; return its id."""

    def log_feedback(self, trace: str, feedback: PlanFeedback) -> None:
        """Log a person's feedback on the plan of a round.

        Raises:
            BadInputError: there is no such trace.
        """


class ReviewStore(Protocol):
    """Flagged promotions."""

    def open(self, review: Review) -> Review:
        """Open a review once per id."""

    def get(self, model: str, review_id: str) -> Review | None:
        """A review of a model."""

    def find(self, review_id: str) -> Review | None:
        """A review whose model is not known."""

    def change(self, model: str, review_id: str, change: Callable[[Review], Review]) -> Review:
        """Change a review by compare-and-set; ``change`` may be called again on a fresher review.

        Raises:
            BadInputError: there is no such review.
        """

    def all(self, model: str | None = None, states: tuple[ReviewState, ...] = ()) -> tuple[Review, ...]:
        """Reviews, newest first; of one model and in these states if given."""

    def unfinished(self) -> tuple[Review, ...]:
        """Reviews that are open, or decided and not yet closed."""


class IncidentStore(Protocol):
    """Incidents and the alerts that belong to them."""

    def record(self, signal: Signal) -> Recorded:
        """Record an alert once: open an incident, add to one, or close what it resolves."""

    def get(self, model: str, incident_id: str) -> Incident | None:
        """An incident of a model (or of ``platform``)."""

    def find(self, incident_id: str) -> Incident | None:
        """An incident whose model is not known."""

    def change(self, model: str, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        """Change an incident by compare-and-set; ``change`` may be called again on a fresher incident.

        Raises:
            BadInputError: there is no such incident.
        """

    def all(self, model: str | None = None, states: tuple[IncidentState, ...] = ()) -> tuple[Incident, ...]:
        """Incidents, newest first; of one model and in these states if given."""

    def occurrences(self, model: str, incident_id: str, newest: int) -> tuple[AlertMessage, ...]:
        """The newest alerts that belong to an incident, oldest first."""

    def open_of(self, model: str, category: Category, severity: Severity) -> Iterable[Incident]:
        """Open and acknowledged incidents of a model (or of ``platform``), newest first; read as they are taken."""

    def symptoms_of(self, cause: str) -> tuple[Incident, ...]:
        """Open and acknowledged incidents of any model that wait for a cause."""

    def leases(self) -> tuple[Incident, ...]:
        """Incidents of any model whose paused compute was not resumed."""

    def unfinished(self) -> tuple[Incident, ...]:
        """Incidents of any model whose response may not be complete, see Incident.unfinished."""

    def count_open(self) -> int:
        """How many incidents of any model are open or acknowledged."""

    def index(self, most: int) -> bool:
        """Make at most ``most`` index rows for incidents that have none; return whether every incident has one now."""


class NotificationStore(Protocol):
    """Which notifications are owed, and which have gone out."""

    def begin(self, record: NotificationRecord) -> NotificationRecord:
        """Record once that a notification is owed; return the record of its key.

        A notification of a group gets the time at which the group's next one goes out.
        """

    def get(self, model: str, key: str) -> NotificationRecord | None:
        """The record of a notification."""

    def change(
        self, record: NotificationRecord, change: Callable[[NotificationRecord], NotificationRecord]
    ) -> NotificationRecord:
        """Change a record by compare-and-set; ``change`` may be called again on a fresher one."""

    def done(self, record: NotificationRecord) -> None:
        """Close a record: its notification is delivered, and everything that follows from that is recorded."""

    def owed(self) -> tuple[NotificationRecord, ...]:
        """Notifications that are owed, and those that were sent without ``done``, in the order in which they go out."""


class FaultStore(Protocol):
    """Unknown failures of the app's own steps, and the starts of its processes."""

    def count(self, fault: Fault) -> Fault:
        """Count a failed attempt of a call; return it with the number of attempts, and whether it was given up."""

    def final(self) -> Iterable[Fault]:
        """The newest faults of calls that were given up."""

    def began(self, start: ProcessStart) -> None:
        """Record that a process has started."""

    def starts(self) -> tuple[ProcessStart, ...]:
        """The newest starts of processes, newest last."""


class SweepStore(Protocol):
    """What the sweeps store: when each ran last, and how far it has read the ledger of a model."""

    def saw(self, name: str, *, at: datetime, found: int, problem: str = "", broke_off: bool = False) -> None:
        """Record that a sweep has run; a run that broke off does not change when the sweep last completed.

        Args:
            found: how many differences it found.
            problem: what it could not check.
            broke_off: the run did not complete; ``problem`` says why.
        """

    def last(self) -> tuple[SweepRun, ...]:
        """The last run of each sweep that has ever run, by name."""

    def mark(self, model: str) -> OrderMark:
        """How far the orders of a model have been read; the start of the ledger if none has."""

    def marked(self) -> tuple[str, ...]:
        """Models that have a mark."""

    def begin_mark(self, model: str) -> None:
        """Write the mark of a model that has none; an existing mark stays."""

    def move_mark(self, before: OrderMark, after: OrderMark) -> None:
        """Move a mark.

        Raises:
            ConflictError: another sweep has moved it since it was read.
        """


class DeadLetterStore(Protocol):
    """Dead-lettered messages: those that could not be handled."""

    def record(self, dead_letter: DeadLetter) -> bool:
        """Store a dead-lettered message once; False if it was stored before."""

    def get(self, letter_id: str) -> DeadLetter | None:
        """A dead-lettered message; None if there is none of this id."""

    def close(self, letter_id: str, expected: DeadLetterState, state: DeadLetterState, note: str) -> DeadLetter:
        """Change the state of a dead-lettered message and add a line to its history.

        Raises:
            ConflictError: it is not in the expected state.
        """

    def waiting(self) -> tuple[DeadLetter, ...]:
        """Dead-lettered messages that wait for a person, newest first, without their bodies."""

    def count_waiting(self, queue: str, most: int) -> int:
        """How many dead-lettered messages of a queue wait for a person, counted up to ``most`` (1 to 1000)."""

    def all(self, queue: str | None = None, state: DeadLetterState | None = None) -> tuple[DeadLetter, ...]:
        """Dead-lettered messages, newest first."""


class TokenUsage(Protocol):
    """What language models have cost, against the ceilings per loop, per model and per day."""

    def of_loop(self, loop: str) -> int:
        """Tokens of a loop, those reserved included."""

    def of_day(self, day: str, model: str | None = None) -> int:
        """Tokens of a day, of one model's improvement if named, those reserved included."""

    def reserve(self, wanted: Reservation, loop_ceiling: int) -> str:
        """Set tokens aside unless a ceiling would be passed; return why not, empty if they are."""

    def settle(self, reserved: Reservation, tokens: int) -> None:
        """Count what a request has cost in place of what was reserved for it; once per reservation."""
