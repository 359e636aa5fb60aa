"""What an entry of the ledger says: one message per kind of record.

The chain covers the JSON that is stored, so an entry keeps that as it is (`LedgerEntry.body`); whoever wants to know
what it says asks `read_body`. Entries of releases before this catalogue have no ``kind`` in their body: which message
they are is known from the entry's kind and from the fields that only one of them has.

After a rollback the ledger may hold entries of the newer release. What becomes of them is decided here alone: whoever
looks for a kind passes over an entry of no kind that this release knows (`says`, `read_as`), and whoever needs one gets
an error that names the entry (`expect_body`). Whoever needs but a few fields asks for the base class that has them:
nothing else is read.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

from pydantic import ValidationError

from nightshift.domain.champions.decision import Decided, Decision
from nightshift.domain.improvement.loop import Critique
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.ledger.ledger import ACTOR, Body, LedgerEntry, LedgerRecord
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.platform.broken_rules import broken_rules
from nightshift.domain.platform.errors import UnreadableEntryError
from nightshift.domain.platform.step import Failure
from nightshift.domain.response.mitigations import MITIGATIONS, Mitigation, order_kind
from nightshift.domain.reviews.review import ChangedPrecondition, ReviewState
from nightshift.domain.uploads.upload import Upload

Kind = TypeVar("Kind", bound="Body")
# Broken rules that an error names.
_SHOWN = 3


class ActionBody(Body):
    """What was decided about a challenger."""

    entry_kind = "decision"

    decision: Decided


class DecisionBody(ActionBody):
    """A decision about a challenger, with the evidence (without its slices) and where all of it is."""

    decision: Decision
    evidence: Evidence
    evidence_at: str


class OutcomeBody(Body):
    """What was done about a decision; ``decision_entry`` is the sequence of its entry."""

    entry_kind = "outcome"

    outcome: Literal["promoted", "rejected", "flagged", "void"]
    champion_version: str | None = None
    review_id: str | None = None
    decision_entry: int = 0


class HaltBody(Body):
    """Why a run ended without a decision about its challenger."""

    entry_kind = "halt"

    outcome: Literal["halted", "failed"]
    failure: Failure


class BrokenOffBody(Body):
    """An orchestration about an incident ended before it had said so itself."""

    entry_kind = "halt"

    incident: str
    orchestration: str
    reason: str


class RefusalBody(Body):
    """Why a mitigation was not ordered: nothing was changed, and a person was asked.

    Attributes:
        champion_version: the champion at that time; None if there was none.
    """

    entry_kind = "halt"

    outcome: Literal["no_newer_data", "no_data"]
    refused: Mitigation
    incident: str
    reason: str
    champion_version: str | None = None


class UndoOrder(Body):
    """A mitigation that is about to be taken back.

    Attributes:
        undoes: sequence of the order that it takes back, if the ledger has it.
        order: distinguishes the undos of one person.
    """

    entry_kind = "undo"

    mitigation: Mitigation
    incident: str
    comment: str = ""
    undoes: int | None = None
    order: str = ""


class WithdrawalBody(Body):
    """A version that is about to be champion no more, and the one that comes back; None if there was none.

    Attributes:
        version: empty in entries of release 0.1.0, whose subject has it.
    """

    entry_kind = "undo"

    reason: str
    version: str = ""
    back_to: str | None


class LookBody(Body):
    """That a round was judged on a holdout.

    Attributes:
        evaluation_set_digest: of the holdout; empty for a round without evidence.
    """

    entry_kind = "criticism"

    evaluation_set_digest: str


class CritiqueBody(LookBody):
    """The critic's judgement of a round.

    Attributes:
        look: number of this interim look at that holdout; 0 if it is not counted.
    """

    criticism: Critique
    plan: Plan
    planned_by: str
    evidence_digest: str | None = None
    look: int


class DataOrder(Body):
    """Files that are to be put into the model's queue once more, as one batch."""

    entry_kind = "order"

    order: str
    reason: str
    files: tuple[str, ...]
    uploads: tuple[Upload, ...]


class ImprovementOrder(DataOrder):
    """An improvement that a person, or a review, has asked for, of the run whose files they are."""

    order: Literal["improve"] = "improve"
    improves: str


class ReevaluationOrder(DataOrder):
    """Data that is trained and evaluated again, because an approval became void."""

    order: Literal["fresh evidence"] = "fresh evidence"
    review: str


class ReviewBody(Body):
    """The review that an entry is about."""

    entry_kind = "review"

    review: str


class ReviewDecisionBody(ReviewBody):
    """A person's decision; ``binds`` is what it was given for."""

    choice: Literal["approve", "reject", "improve", "expire"]
    comment: str
    decided_at: datetime
    binds: dict[str, Any]


class ReviewOutcomeBody(ReviewBody):
    """What came of a review."""

    outcome: ReviewState
    detail: str
    changed: tuple[ChangedPrecondition, ...] = ()
    fresh: str = ""


def record(body: Body, *, key: str, model: str, run: str, subject: str, actor: str = ACTOR) -> LedgerRecord:
    """What is to be appended to say this."""
    return LedgerRecord(
        key=key, model=model, run=run, kind=body.entry_kind, subject=subject, actor=actor, body=body.to_json()
    )


def read_body(entry: LedgerEntry) -> Body:
    """What an entry says, whichever release has written it.

    Raises:
        UnreadableEntryError: no release up to this one writes such a body.
    """
    kind = _kind_of(entry)
    if kind is None:
        raise _unreadable(entry, Body, f"this release knows no such {entry.kind}; a newer one may have written it")
    return _read(entry, kind)


def is_known(entry: LedgerEntry) -> bool:
    """Whether this release knows what kind of body an entry has; one of a newer release it may not."""
    return _kind_of(entry) is not None


def says(entry: LedgerEntry, kind: type[Body]) -> bool:
    """Whether an entry says something of this kind; nothing else of it is looked at."""
    found = _kind_of(entry)
    return found is not None and issubclass(found, kind)


def read_as(entry: LedgerEntry, kind: type[Kind]) -> Kind | None:
    """What an entry says, if it is of this kind; None for every other entry.

    Raises:
        UnreadableEntryError: it is of this kind, and its fields are not.
    """
    return _read(entry, kind) if says(entry, kind) else None


def expect_body(entry: LedgerEntry, kind: type[Kind]) -> Kind:
    """What an entry says that is known to be of this kind, such as one that was found by its key.

    Raises:
        UnreadableEntryError: it is of another, or its fields are not of this one.
    """
    found = read_as(entry, kind)
    if found is None:
        raise _unreadable(entry, kind, f"it is another {entry.kind}")
    return found


def incident_of(entry: LedgerEntry) -> str:
    """Id of the incident that an entry is about; empty for one that is about none, or that cannot be read."""
    return str(entry.body.get("incident", ""))


def _read(entry: LedgerEntry, kind: type[Kind]) -> Kind:
    try:
        return kind.from_json(entry.body)
    except ValidationError as error:
        problems = "; ".join(map(str, broken_rules(error, kind)[:_SHOWN]))
        raise _unreadable(entry, kind, problems) from error


def _unreadable(entry: LedgerEntry, kind: type[Body], problem: str) -> UnreadableEntryError:
    return UnreadableEntryError(
        model=entry.model, entry=entry.sequence, key=entry.key, kind=entry.kind, wanted=kind.__name__, problem=problem
    )


def _kind_of(entry: LedgerEntry) -> type[Body] | None:
    """Which message a body is, by what tells it from the others; None if it is none that this release knows."""
    kind = _KINDS.get(entry.kind)
    return None if kind is None else kind(entry.body)


def _halt_kind(body: dict[str, Any]) -> type[Body] | None:
    if "orchestration" in body:
        return BrokenOffBody
    if "refused" in body:
        return RefusalBody if str(body["refused"]) in MITIGATIONS else None
    return HaltBody if "failure" in body else None


def _undo_kind(body: dict[str, Any]) -> type[Body] | None:
    if "mitigation" in body:
        return UndoOrder if str(body["mitigation"]) in MITIGATIONS else None
    return WithdrawalBody if "back_to" in body else None


def _review_kind(body: dict[str, Any]) -> type[Body] | None:
    if "choice" in body:
        return ReviewDecisionBody
    return ReviewOutcomeBody if "outcome" in body else None


_DATA_ORDERS: Final[dict[str, type[DataOrder]]] = {"improve": ImprovementOrder, "fresh evidence": ReevaluationOrder}
_KINDS: Final[dict[str, Callable[[dict[str, Any]], type[Body] | None]]] = {
    "decision": lambda _: DecisionBody,
    "outcome": lambda _: OutcomeBody,
    "halt": _halt_kind,
    "mitigation": lambda body: order_kind(str(body.get("mitigation"))),
    "undo": _undo_kind,
    "criticism": lambda _: CritiqueBody,
    "order": lambda body: _DATA_ORDERS.get(str(body.get("order"))),
    "review": _review_kind,
}
