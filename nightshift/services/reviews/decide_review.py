"""Take a person's decision about a review: exactly one counts, and it is in the ledger before anything follows."""

import logging

from nightshift.domain.ledger.bodies import ReviewDecisionBody, record
from nightshift.domain.platform.errors import BadInputError, ConflictError, NotAllowedError, TransitionError
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.principal import same_person
from nightshift.domain.platform.request import LONGEST_COMMENT
from nightshift.domain.reviews.review import Choice, Review, ReviewDecision, ReviewEvent
from nightshift.services.improvement.require_bounds import require_bounds

logger = logging.getLogger(__name__)


class FourEyesError(NotAllowedError):
    """Who has triggered a promotion may not approve it."""


class OtherEvidenceError(ConflictError):
    """The decision was made on other evidence than the review's."""

    retryable = False


def decide_review(
    services: Services, review: Review, *, choice: Choice, by: str, comment: str, evidence_digest: str | None = None
) -> Review:
    """Decide an open review by compare-and-set; the same decision by the same person again changes nothing.

    Args:
        by: the principal as records name it.
        evidence_digest: of the evidence that the person has seen, if the caller says it.

    Raises:
        BadInputError: no comment, or one that is too long; or an improvement where the spec allows nothing to try.
        OtherEvidenceError: the person has seen other evidence.
        FourEyesError: the spec asks for four eyes, and this person has triggered the promotion.
        TransitionError: it is decided already; says who decided what and when.
    """
    comment = comment.strip()
    if not comment or len(comment) > LONGEST_COMMENT:
        rule = f"say why, in at most {LONGEST_COMMENT} characters: it goes into the ledger"
        raise BadInputError(field="comment", value=comment[:80], rule=rule)
    if evidence_digest is not None and evidence_digest != review.evidence_digest:
        raise OtherEvidenceError(
            f"evidence_digest = {evidence_digest!r}: review {review.review_id} is about {review.evidence_digest!r};"
            " look at it again",
        )
    if choice == "improve" and review.state == "open":
        require_bounds(services.specs.get(review.model))
    if choice == "approve":
        _check_four_eyes(review, by)
    decision = ReviewDecision(choice=choice, by=by, comment=comment, at=services.clock())
    event = ReviewEvent(key="decided", at=decision.at, actor=by, what=f"{choice}: {comment}")

    def change(known: Review) -> Review:
        if known.decision is not None and (known.decision.choice, known.decision.by) == (choice, by):
            return known
        return known.transition(choice).with_event(event).model_copy(update={"decision": decision})

    decided = services.reviews.change(review.model, review.review_id, change)
    record_decision(services, decided)
    logger.info(
        "review_decided review=%s model=%s run=%s choice=%s by=%s",
        review.review_id, review.model, review.run, choice, by,
    )  # fmt: skip
    return decided


def expire(services: Services, review: Review) -> Review:
    """Decide that nobody has decided: the champion stays. Whatever a person has decided before stands."""
    decision = ReviewDecision(choice="expire", by="nightshift", comment="", at=services.clock())
    stays = f"version {review.champion_version}" if review.champion_version else "no version"
    detail = f"the champion stays {stays}"
    event = ReviewEvent(key="expire", at=decision.at, actor=decision.by, what=f"nobody has decided; {detail}")

    def change(known: Review) -> Review:
        if known.state != "open":
            return known
        return known.transition("expire").with_event(event).model_copy(update={"decision": decision, "detail": detail})

    decided = services.reviews.change(review.model, review.review_id, change)
    record_decision(services, decided)
    return decided


def record_decision(services: Services, review: Review) -> int:
    """Append a review's decision to the ledger, once; return its sequence.

    Raises:
        TransitionError: it is not decided.
    """
    decision = review.decision
    if decision is None:
        raise TransitionError(f"review {review.review_id} of {review.model} has no decision yet")
    entry = services.ledger.append(
        record(
            ReviewDecisionBody(
                review=review.review_id,
                choice=decision.choice,
                comment=decision.comment,
                decided_at=decision.at,
                binds=review.model_dump(include=APPROVAL_PRECONDITIONS),
            ),
            key=review.decision_key,
            model=review.model,
            run=review.run,
            subject=f"version {review.challenger_version}",
            actor=decision.by,
        )
    )
    return entry.sequence


APPROVAL_PRECONDITIONS = {
    "challenger_version",
    "champion_version",
    "evidence_digest",
    "evaluation_set_digest",
    "policy_digest",
    "spec_digest",
}


def _check_four_eyes(review: Review, by: str) -> None:
    if review.policy.four_eyes and any(same_person(by, name) for name in review.triggered_by):
        raise FourEyesError(
            f"four eyes: {by} has triggered this promotion and cannot approve it; another Reviewer must",
            review=review.review_id,
        )
