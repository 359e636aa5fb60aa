"""What an entry of the ledger says: one message per kind of record.

The chain covers the JSON that is stored, so an entry keeps that as it is (`LedgerEntry.body`); whoever wants to know
what it says asks `read_body`. Entries of releases before this catalogue have no ``kind`` in their body: which message
they are is known from the entry's kind and from the fields that only one of them has.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, TypeVar

from nightshift.domain.champions.decision import Decision
from nightshift.domain.improvement.loop import Critique
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.ledger.ledger import ACTOR, Body, EntryKind, LedgerEntry, LedgerRecord
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.platform.errors import LedgerBrokenError
from nightshift.domain.platform.step import Failure
from nightshift.domain.response.mitigations import Mitigation, order_kind
from nightshift.domain.reviews.review import ChangedPrecondition, ReviewState
from nightshift.domain.uploads.upload import Upload

Kind = TypeVar("Kind", bound="Body")


class DecisionBody(Body):
    """A decision about a challenger, with the evidence (without its slices) and where all of it is."""

    entry_kind = "decision"

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


class CritiqueBody(Body):
    """The critic's judgement of a round.

    Attributes:
        evaluation_set_digest: of the holdout that it was judged on; empty for a round without evidence.
        look: number of this interim look at that holdout; 0 if it is not counted.
    """

    entry_kind = "criticism"

    criticism: Critique
    plan: Plan
    planned_by: str
    evaluation_set_digest: str
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


class ReviewDecisionBody(Body):
    """A person's decision; ``binds`` is what it was given for."""

    entry_kind = "review"

    review: str
    choice: Literal["approve", "reject", "improve", "expire"]
    comment: str
    decided_at: datetime
    binds: dict[str, Any]


class ReviewOutcomeBody(Body):
    """What came of a review."""

    entry_kind = "review"

    review: str
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
        ValueError: no release writes such a body.
    """
    return _kind_of(entry).from_json(entry.body)


def says(entry: LedgerEntry, kind: type[Body]) -> bool:
    """Whether an entry says something of this kind."""
    return issubclass(_kind_of(entry), kind)


def read_as(entry: LedgerEntry, kind: type[Kind]) -> Kind | None:
    """What an entry says, if it is of this kind; None for every other entry."""
    found = _kind_of(entry)
    return found.from_json(entry.body) if issubclass(found, kind) else None


def expect_body(entry: LedgerEntry, kind: type[Kind]) -> Kind:
    """What an entry says that is known to be of this kind, such as one that was found by its key.

    Raises:
        LedgerBrokenError: it is of another.
    """
    found = read_as(entry, kind)
    if found is None:
        raise LedgerBrokenError(entry.model, entry.key)
    return found


def incident_of(entry: LedgerEntry) -> str:
    """Id of the incident that an entry is about; empty for one that is about none, or that cannot be read."""
    return str(entry.body.get("incident", ""))


def _kind_of(entry: LedgerEntry) -> type[Body]:
    return _KINDS[entry.kind](entry.body)


_KINDS: dict[EntryKind, Callable[[dict[str, Any]], type[Body]]] = {
    "decision": lambda _: DecisionBody,
    "outcome": lambda _: OutcomeBody,
    "halt": lambda body: BrokenOffBody if "orchestration" in body else HaltBody,
    "mitigation": lambda body: order_kind(str(body["mitigation"])),
    "undo": lambda body: UndoOrder if "mitigation" in body else WithdrawalBody,
    "criticism": lambda _: CritiqueBody,
    "order": lambda body: ImprovementOrder if body["order"] == "improve" else ReevaluationOrder,
    "review": lambda body: ReviewDecisionBody if "choice" in body else ReviewOutcomeBody,
}
