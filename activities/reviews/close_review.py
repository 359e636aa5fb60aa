"""Write down what came of a review; if its endpoint did not follow, put the champion back."""

import logging

from nightshift.domain.ledger.bodies import ReviewOutcomeBody, record
from nightshift.domain.ledger.ledger import ACTOR
from nightshift.domain.notifications.notification import NotificationKind
from nightshift.domain.platform.errors import ChampionMovedError
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.messages import FinalizeReviewRequest, ReviewResult
from nightshift.domain.reviews.review import ChangedPrecondition, Review, ReviewEvent, ReviewOperation
from nightshift.services.champions.move_champion import move_champion
from nightshift.services.champions.move_orders import call_off_move, find_move
from nightshift.services.platform.activity import activity
from nightshift.services.platform.app_metrics import record_review
from nightshift.services.reviews.find_review import find_review
from nightshift.services.reviews.notify_about_review import notify_about_review

logger = logging.getLogger(__name__)


@activity("settle_review")
def close_review(services: Services, request: FinalizeReviewRequest) -> ReviewResult:
    """End a review whose endpoint or improvement was waited for.

    Without a problem an approval is a promotion. With one, the champion before is put back, the review has failed, and
    a person is paged.
    """
    review = find_review(services, request.model, request.review_id)
    if review.settled:
        # An earlier call may have ended between this and what follows: each is done once, whoever comes.
        notify_outcome(services, review)
        return _sync_back(services, review)
    if not request.problem:
        operation: ReviewOperation | None = "promote" if review.state == "approved" else None
        review = finalize_review(services, review, operation, request.detail, fresh=request.fresh)
        return ReviewResult(state=review.state, run=review.run)
    problem = request.problem
    if review.state == "approved":
        problem = f"{problem}; {_move_back(services, review)}"
    review = finalize_review(services, review, "fail", problem)
    notify_outcome(services, review)
    return _sync_back(services, review)


def notify_outcome(services: Services, review: Review) -> None:
    """Send the notification of how a review ended, if that end has one; repeated calls send it once."""
    sent: dict[str, tuple[str, NotificationKind]] = {
        "expired": (f"The review of {review.model} has expired", "notice"),
        "void": (f"The approval of {review.model} is void", "notice"),
        "failed": (f"What was decided about {review.model} did not work", "page"),
    }
    if review.settled and review.state in sent:
        title, kind = sent[review.state]
        notify_about_review(services, review, review.state, title, review.verdict(), kind=kind)


def _sync_back(services: Services, review: Review) -> ReviewResult:
    """The result for a closed review; it names the endpoint if the champion was put back and still is champion."""
    result = ReviewResult(state=review.state, run=review.run)
    move = find_move(services, review.model, review.undo_key)
    if review.state != "failed" or move is None or move.state != "done":
        return result
    if services.registry.version_of(review.model, CHAMPION) != move.version:
        return result
    endpoint = services.specs.get(review.model).serving_endpoint or ""
    return result.model_copy(update={"endpoint": endpoint, "version": move.version})


def _move_back(services: Services, review: Review) -> str:
    """Put the champion back if the approval has moved it; return what was done as a sentence."""
    move = find_move(services, review.model, review.decision_key)
    if move is not None and move.state == "begun":
        # Nobody is to make it any more: the review fails.
        move = call_off_move(
            services,
            review.model,
            key=review.decision_key,
            kind="review",
            version=review.challenger_version,
            run=review.run,
        )
    if move is None or move.state != "done":
        return "the champion was not changed"
    if review.champion_version is None:
        return "there is no champion to go back to"
    services.datasets.withdraw(review.model, review.run)
    try:
        move_champion(
            services,
            model=review.model,
            expected=review.challenger_version,
            version=review.champion_version,
            run=review.run,
            decided_by=review.undo_key,
            kind="withdrawal",
        )
    except ChampionMovedError as error:
        return f"the champion could not be put back: {error.message}"
    return f"version {review.champion_version} is champion again"


def finalize_review(
    services: Services,
    review: Review,
    operation: ReviewOperation | None,
    detail: str,
    *,
    changed: tuple[ChangedPrecondition, ...] = (),
    fresh: str = "",
) -> Review:
    """Write what came of a review into the ledger and then into its record; a repeat changes nothing."""
    services.ledger.append(
        record(
            ReviewOutcomeBody(
                review=review.review_id,
                outcome=review.state if operation is None else review.transition(operation).state,
                detail=detail,
                changed=changed,
                fresh=fresh,
            ),
            key=review.outcome_key,
            model=review.model,
            run=review.run,
            subject=f"version {review.challenger_version}",
        )
    )
    now = services.clock()
    event = ReviewEvent(key="settled", at=now, actor=ACTOR, what=detail)
    update = {"detail": detail, "changed": changed, "fresh": fresh, "settled": True, "settled_at": now}

    def change(known: Review) -> Review:
        if known.settled:
            return known
        moved = known if operation is None else known.transition(operation)
        return moved.with_event(event).model_copy(update=update)

    logger.info(
        "review_settled review=%s model=%s run=%s operation=%s", review.review_id, review.model, review.run, operation
    )
    ended = services.reviews.change(review.model, review.review_id, change)
    if ended.decision is not None:
        record_review(ended.model, ended.state, (ended.decision.at - ended.opened_at).total_seconds())
    return ended
