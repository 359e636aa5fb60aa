"""Write down what came of a review; if its endpoint did not follow, put the champion back."""

import logging

from activities.champion import move_champion
from activities.failures import guarded
from activities.measures import record_review
from activities.tell_reviewers import find_review, tell
from domain.errors import ChampionMovedError
from domain.ledger import ACTOR, LedgerRecord
from domain.names import SETTLE_REVIEW
from domain.ports import Services
from domain.review import BoundChange, Review, ReviewEvent, ReviewOperation
from domain.review_messages import ReviewResult, SettleReview

logger = logging.getLogger(__name__)


def run_settle_review(services: Services, request: SettleReview) -> ReviewResult:
    """End a review whose endpoint or improvement was waited for.

    Without a problem an approval is a promotion. With one, the champion before is put back, the review has failed, and
    a person is paged.
    """
    return guarded(
        SETTLE_REVIEW,
        request.review_id,
        request.model,
        lambda: _settle(services, request),
        lambda failure: ReviewResult(failure=failure),
    )


def _settle(services: Services, request: SettleReview) -> ReviewResult:
    review = find_review(services, request.model, request.review_id)
    if review.settled:
        return ReviewResult(state=review.state, run=review.run)
    if not request.problem:
        operation: ReviewOperation | None = "promote" if review.state == "approved" else None
        review = settled(services, review, operation, request.detail, fresh=request.fresh)
        return ReviewResult(state=review.state, run=review.run)
    back, problem = None, request.problem
    if review.state == "approved":
        back, said = _move_back(services, review)
        problem = f"{problem}; {said}"
    review = settled(services, review, "fail", problem)
    tell(
        services, review, "failed", f"What was decided about {review.model} did not work", review.verdict(), kind="page"
    )
    if back is None:
        return ReviewResult(state=review.state, run=review.run)
    endpoint = services.specs.get(review.model).serving_endpoint or ""
    return ReviewResult(state=review.state, run=review.run, endpoint=endpoint, version=back)


def _move_back(services: Services, review: Review) -> tuple[str | None, str]:
    """Put the champion back if the approval has moved it; return it, and what was done as a sentence."""
    moved = any(
        move.decided_by == review.decision_key and move.state == "done"
        for move in services.champions.moves(review.model)
    )
    if not moved or review.champion_version is None:
        return None, "the champion was not changed" if not moved else "there is no champion to go back to"
    try:
        move_champion(
            services,
            model=review.model,
            expected=review.challenger_version,
            version=review.champion_version,
            run=review.run,
            decided_by=f"{review.decision_key}:undo",
        )
    except ChampionMovedError as error:
        return None, f"the champion could not be put back: {error.message}"
    return review.champion_version, f"version {review.champion_version} is champion again"


def settled(
    services: Services,
    review: Review,
    operation: ReviewOperation | None,
    detail: str,
    *,
    changed: tuple[BoundChange, ...] = (),
    fresh: str = "",
) -> Review:
    """Write what came of a review into the ledger and then into its record; a repeat changes nothing."""
    services.ledger.append(
        LedgerRecord(
            key=review.outcome_key,
            model=review.model,
            run=review.run,
            kind="review",
            subject=f"version {review.challenger_version}",
            actor=ACTOR,
            body={
                "review": review.review_id,
                "outcome": review.state if operation is None else review.moved(operation).state,
                "detail": detail,
                "changed": [item.to_json() for item in changed],
                "fresh": fresh,
            },
        )
    )
    now = services.clock()
    event = ReviewEvent(key="settled", at=now, actor=ACTOR, what=detail)
    update = {"detail": detail, "changed": changed, "fresh": fresh, "settled": True, "settled_at": now}

    def change(known: Review) -> Review:
        if known.settled:
            return known
        moved = known if operation is None else known.moved(operation)
        return moved.told(event).model_copy(update=update)

    logger.info(
        "review_settled review=%s model=%s run=%s operation=%s", review.review_id, review.model, review.run, operation
    )
    ended = services.reviews.change(review.model, review.review_id, change)
    if ended.decision is not None:
        record_review(ended.model, ended.state, (ended.decision.at - ended.opened_at).total_seconds())
    return ended
