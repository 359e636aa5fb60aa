"""Act on the decision of a review: promote if what was approved is still so, else say what has changed."""

import asyncio
import logging

import azure.durable_functions as df

from activities.reviews.close_review import finalize_review, notify_outcome
from nightshift.domain.improvement.messages import ImproveOrder
from nightshift.domain.platform.errors import BadInputError, ChampionMovedError, MoveCalledOffError
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.messages import ReviewRequest, ReviewResult
from nightshift.domain.reviews.review import ChangedPrecondition, Review
from nightshift.services.champions.move_champion import move_champion
from nightshift.services.champions.standing import expected_alias
from nightshift.services.lifecycle.run_files import RunFiles
from nightshift.services.platform.activity import starting_activity
from nightshift.services.reviews.approval_preconditions import changes_since
from nightshift.services.reviews.decide_review import record_decision
from nightshift.services.reviews.find_review import find_review
from nightshift.services.reviews.reevaluate import order_reevaluation
from nightshift.services.uploads.wake_queue import wake_busy_queue

logger = logging.getLogger(__name__)


@starting_activity("act_on_review")
async def act_on_review(
    services: Services, client: df.DurableOrchestrationClient, request: ReviewRequest
) -> ReviewResult:
    """Do what follows from a decision; a repeat finds its own traces and goes on.

    1. The decision is in the ledger.
    2. Rejected or expired: nothing else follows. Improvement: say what is to be ordered.
    3. Approved: hold what it binds against what is now. Something has changed, or the move of the champion was called
       off: it is void, fresh evidence is ordered.
    4. Else the champion moves by compare-and-set, and the serving endpoint, if there is one, must follow.
    """
    result = await asyncio.to_thread(_act, services, request)
    if result.state == "void":
        await wake_busy_queue(client, services, request.model)
    return result


def _act(services: Services, request: ReviewRequest) -> ReviewResult:
    review = find_review(services, request.model, request.review_id)
    result = ReviewResult(state=review.state, run=review.run)
    if review.state == "open":
        return result
    record_decision(services, review)
    if review.settled:
        # An earlier call may have ended before it sent the notification; it is sent once, whichever call sends it.
        notify_outcome(services, review)
        return result
    if review.state == "approved":
        return _promote(services, review)
    if review.state == "improving":
        assert review.decision is not None, "a review that is acted on has a decision"
        order = ImproveOrder(
            model=review.model, run=review.validated_by, by=review.decision.by, reason=review.decision.comment
        )
        return result.model_copy(update={"improve": order})
    notify_outcome(services, finalize_review(services, review, None, review.detail or "the champion stays"))
    return result


def _promote(services: Services, review: Review) -> ReviewResult:
    # A move of our own that was begun before a crash has changed the champion itself: it goes on.
    begun = any(move.decided_by == review.decision_key for move in services.champions.moves(review.model))
    changed = () if begun else changes_since(services, review)
    if changed:
        return _void_by(services, review, changed)
    try:
        move_champion(
            services,
            model=review.model,
            expected=expected_alias(services, review.model, review.champion_version),
            version=review.challenger_version,
            run=review.run,
            decided_by=review.decision_key,
            kind="review",
        )
    except MoveCalledOffError as error:
        return _void(services, review, f"its change of the champion was not made: {error.message}")
    except ChampionMovedError as error:
        bound, found = review.champion_version, error.fields["actual"]
        change = ChangedPrecondition(
            what="champion", bound=f"version {bound}", found=f"version {found}" if found else "none"
        )
        return _void_by(services, review, (change,))
    for part in RunFiles(services.blobs, review.validated_by).accepted():
        services.datasets.promote(review.model, part.digest or "", part.report.newest, review.run)
    detail = f"version {review.challenger_version} is champion"
    spec = services.specs.get(review.model)
    if spec.serving_endpoint is not None:
        return ReviewResult(
            state="approved", run=review.run, endpoint=spec.serving_endpoint, version=review.challenger_version
        )
    return ReviewResult(state=finalize_review(services, review, "promote", detail).state, run=review.run)


def _void_by(services: Services, review: Review, changed: tuple[ChangedPrecondition, ...]) -> ReviewResult:
    what = "; ".join(item.sentence() for item in changed)
    return _void(services, review, f"what it was given for has changed: {what}", changed)


def _void(services: Services, review: Review, why: str, changed: tuple[ChangedPrecondition, ...] = ()) -> ReviewResult:
    try:
        fresh = order_reevaluation(services, review, why)
        then = "the same data is trained and evaluated again, and comes back here if it is still mixed"
    except BadInputError as error:
        fresh, then = "", f"fresh evidence could not be ordered: {error.message}"
    detail = f"the approval is void, because {why}; the champion stays; {then}"
    known = finalize_review(services, review, "void", detail, changed=changed, fresh=fresh)
    notify_outcome(services, known)
    logger.warning("approval_void review=%s model=%s run=%s why=%s", review.review_id, review.model, review.run, why)
    return ReviewResult(state=known.state, run=review.run)
