"""What people and scripts read: runs, models and their history, as the HTTP API answers them."""

from datetime import datetime
from typing import Any, Literal

from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.champions.registry import RegisteredVersion
from nightshift.domain.ledger.ledger import ChainFault, LedgerEntry
from nightshift.domain.platform.message import Message
from nightshift.domain.response.alert import AlertMessage
from nightshift.domain.response.incident import Incident

RunState = Literal["pending", "running", "completed", "failed", "terminated", "suspended"]


class RunSummary(Message):
    """One line of the list of runs.

    Attributes:
        outcome: what became of the run; None while it goes on.
        step: what it does now; empty when it has ended.
    """

    run: str
    model: str
    state: RunState
    outcome: str | None
    reason: str
    step: str
    started_at: datetime
    updated_at: datetime


class TimelineStep(Message):
    """One step of a run.

    Attributes:
        attempts: how often the step was called, because an outside system did not answer or the host was killed.
        seconds: from its first call to its result; None while it goes on.
    """

    name: str
    kind: Literal["activity", "timer", "event", "orchestration"]
    started_at: datetime
    ended_at: datetime | None
    seconds: float | None
    attempts: int
    input: Any = None
    result: Any = None
    error: str = ""


class RunDetail(RunSummary):
    """A run with its timeline."""

    input: Any
    output: Any
    steps: tuple[TimelineStep, ...]


class ModelView(Message):
    """A model, its versions, and who was champion when.

    Attributes:
        champion: at the time asked for (``at``), now if none was.
        champion_since: None if it is not on record.
        rollback_target: of that champion; a version that is in quarantine now is none at any time.
        versions: that were registered by then; their aliases and tags are those of now.
        spec_error: why the spec cannot be used; empty if it can.
        alias_problem: what was done to the champion alias outside Nightshift and is not on record yet, or that the
            alias is gone; empty if it points where the record says.
        trouble: why the registry was not read: then ``champion`` is the recorded one, and there are no versions and no
            rollback target; empty if it was read.
    """

    model: str
    description: str
    spec_error: str
    alias_problem: str = ""
    trouble: str = ""
    champion: str | None
    champion_since: datetime | None
    rollback_target: str | None
    at: datetime | None
    versions: tuple[RegisteredVersion, ...]
    moves: tuple[AliasChange, ...]


class Explanation(Message):
    """Why a run did what it did: its ledger entries, oldest first."""

    run: str
    model: str
    entries: tuple[LedgerEntry, ...]


class ChainCheck(Message):
    """What verifying one model's ledger has found so far.

    Attributes:
        entries: how many entries hold, counted from the first.
        length: how many there are, as the ledger's head says; earlier releases did not say it.
        complete: it is verified to its end, or to its fault; if not, the next page goes on with it.
    """

    model: str
    entries: int
    fault: ChainFault | None
    length: int | None = None
    complete: bool = True


class InFlight(Message):
    """Orchestrations of one kind and version that have not ended.

    Attributes:
        version: of ``defaultVersion`` in host.json when they began, its first number; 0 before there were versions;
            None while they have not begun.
        oldest: when the first of them was started.
        steps: how many of them do what; empty for one that has not begun.
    """

    orchestrator: str
    version: int | None
    count: int
    oldest: datetime
    steps: dict[str, int]


class UploadView(Message):
    """Where an upload has got to: ``run`` is None while it waits for its turn."""

    model: str
    identity: str
    run: str | None


class ImprovementView(Message):
    """An improvement that was ordered: under ``identity`` its run is found, as an upload's is.

    Attributes:
        improves: the run whose data is taken.
        repeated: somebody had ordered it before; nothing was ordered a second time.
    """

    model: str
    identity: str
    improves: str
    files: tuple[str, ...]
    repeated: bool


class FeedbackView(Message):
    """What a person has said about a round's plan, as it stands with the round's MLflow trace."""

    run: str
    round: int
    trace: str
    by: str
    helpful: bool
    comment: str


class IncidentView(Message):
    """An incident with its alerts and what the ledger says of it.

    Attributes:
        occurrences: the newest alerts that belong to it, oldest first.
        entries: its ledger entries, oldest first.
    """

    incident: Incident
    occurrences: tuple[AlertMessage, ...]
    entries: tuple[LedgerEntry, ...]


class UndoView(Message):
    """Where an undo has got to: ``result`` is None while it goes on."""

    instance: str
    started: bool
    result: dict[str, Any] | None


class AlertReceipt(Message):
    """What became of an alert that was sent by HTTP; the ids are null if it says that all is well and is ignored."""

    alert_id: str | None
    queue: str | None
    message_id: str | None
    model: str | None
    category: str | None
    state: str
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """The receipt, with a reason only where there is one."""
        return self.model_dump(mode="json", exclude_defaults=True)


class Problem(Message):
    """An error (RFC 9457): ``title`` is a stable code or a heading, ``detail`` says field, value and rule."""

    type: str
    title: str
    status: int
    detail: str
    correlation_id: str = ""
