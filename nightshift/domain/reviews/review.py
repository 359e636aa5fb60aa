"""A review: a flagged promotion that waits for a person, its states, and what became of it."""

from datetime import datetime
from typing import Literal

from nightshift.domain.platform.correlation import Traceparent
from nightshift.domain.platform.errors import TransitionError
from nightshift.domain.platform.identity import instance_id
from nightshift.domain.platform.message import Message
from nightshift.domain.reviews.policy import ReviewPolicy, ReviewStep
from nightshift.domain.uploads.upload import BlobRef

ReviewState = Literal["open", "approved", "promoted", "rejected", "improving", "expired", "void", "failed"]
Choice = Literal["approve", "reject", "improve"]
ReviewOperation = Literal["approve", "reject", "improve", "expire", "promote", "void", "fail"]

REVIEW_STATES: tuple[ReviewState, ...] = (
    "open", "approved", "promoted", "rejected", "improving", "expired", "void", "failed",
)  # fmt: skip

# (operation, state before) -> state after. What is not here is not allowed.
REVIEW_TRANSITIONS: dict[tuple[ReviewOperation, ReviewState], ReviewState] = {
    ("approve", "open"): "approved",
    ("reject", "open"): "rejected",
    ("improve", "open"): "improving",
    ("expire", "open"): "expired",
    ("promote", "approved"): "promoted",
    ("void", "approved"): "void",
    ("fail", "approved"): "failed",
    ("fail", "improving"): "failed",
}


class ReviewDecision(Message):
    """Who decided what, when and why.

    Attributes:
        by: the principal's name; ``nightshift`` for an expiry.
    """

    choice: Literal["approve", "reject", "improve", "expire"]
    by: str
    comment: str
    at: datetime


class ReviewEvent(Message):
    """One thing that happened to a review.

    Attributes:
        key: identity; adding the same key again changes nothing.
        actor: ``nightshift`` or a person.
    """

    key: str
    at: datetime
    actor: str
    what: str


class ChangedPrecondition(Message):
    """A precondition of an approval that has changed.

    Attributes:
        what: ``champion``, ``challenger``, ``evaluation set``, ``evidence``, ``policy`` or ``spec``.
        bound, found: its version or digest in the review and now.
    """

    what: str
    bound: str
    found: str

    def sentence(self) -> str:
        """For people: what was, what is."""
        return f"{self.what} was {self.bound}, is {self.found}"


class Review(Message):
    """A flagged promotion that waits for a person.

    Attributes:
        round: of the run's evaluation that was flagged.
        rule: the promotion rule that flagged it.
        champion_version, evidence_digest, evaluation_set_digest, policy_digest, spec_digest: the preconditions of an
            approval, besides ``challenger_version``.
        evidence, manifest: where the evidence and the dataset's manifest are kept.
        validated_by: the run that validated the data.
        triggered_by: principals that are known to have brought the promotion about; empty if nobody is known.
        policy: as the run's spec had it when the review was opened.
        decision: None while it is open.
        detail: what became of it, as a sentence; empty while it is open.
        changed: what made an approval void.
        fresh: identity of the upload under which fresh evidence (or an improvement) was ordered; empty if none was.
        settled: whether the review is closed: everything that follows from its decision has been done.
        trace: of the run that was flagged; what follows from the decision continues it.
        timeline: oldest first.
    """

    review_id: str
    model: str
    run: str
    round: int = 0
    rule: str
    reason: str
    challenger_version: str
    champion_version: str | None
    evidence_digest: str
    evaluation_set_digest: str
    policy_digest: str
    spec_digest: str
    evidence: BlobRef
    manifest: BlobRef
    validated_by: str
    triggered_by: tuple[str, ...] = ()
    policy: ReviewPolicy = ReviewPolicy()
    opened_at: datetime
    state: ReviewState = "open"
    decision: ReviewDecision | None = None
    detail: str = ""
    changed: tuple[ChangedPrecondition, ...] = ()
    fresh: str = ""
    settled: bool = False
    settled_at: datetime | None = None
    trace: Traceparent = ""
    timeline: tuple[ReviewEvent, ...] = ()

    @property
    def instance(self) -> str:
        """Instance id of the orchestration that waits for the decision."""
        return instance_id("review", self.model, self.review_id)

    @property
    def decision_key(self) -> str:
        """Key of the ledger entry of the decision."""
        return f"review:{self.review_id}:decision"

    @property
    def undo_key(self) -> str:
        """Key of the order that takes the approved promotion back, because what serves the model did not follow."""
        return f"{self.decision_key}:undo"

    @property
    def outcome_key(self) -> str:
        """Key of the ledger entry of what came of it."""
        return f"review:{self.review_id}:outcome"

    @property
    def steps(self) -> tuple[ReviewStep, ...]:
        """What happens when if nobody decides; the last one is the expiry."""
        return self.policy.steps(self.opened_at)

    @property
    def due_at(self) -> datetime:
        """When it expires and the champion stays."""
        return self.steps[-1].at

    @property
    def next_step(self) -> ReviewStep | None:
        """What happens next if nobody decides; None if it is not open any more."""
        happened = {event.key for event in self.timeline}
        waiting = [step for step in self.steps if step.key not in happened]
        return waiting[0] if self.state == "open" and waiting else None

    def transition(self, operation: ReviewOperation) -> "Review":
        """The review after an operation.

        Raises:
            TransitionError: its state does not allow it; says who decided what and when.
        """
        after = REVIEW_TRANSITIONS.get((operation, self.state))
        if after is None:
            raise TransitionError(f"cannot {operation} it any more: {self.verdict()}", state=self.state)
        return self.model_copy(update={"state": after})

    def with_event(self, event: ReviewEvent) -> "Review":
        """The review with one more line in its timeline; the same key twice is one line."""
        if any(known.key == event.key for known in self.timeline):
            return self
        return self.model_copy(update={"timeline": (*self.timeline, event)})

    def verdict(self) -> str:
        """One sentence: what was decided by whom and when, and what came of it."""
        if self.decision is None:
            return f"review {self.review_id} of {self.model} is open"
        by, when = self.decision.by, self.decision.at.strftime("%Y-%m-%d %H:%M:%SZ")
        ends = {
            "approve": f"was approved by {by} at {when}",
            "reject": f"was rejected by {by} at {when}",
            "improve": f"was sent into the improvement loop by {by} at {when}",
            "expire": f"expired at {when} because nobody had decided",
        }
        said = f"review {self.review_id} of {self.model} {ends[self.decision.choice]}"
        return f"{said}; {self.detail}" if self.detail else said
