"""Keep the orchestration of a review running until everything that follows from the decision is done."""

import asyncio
import logging

import azure.durable_functions as df

from nightshift.domain.platform.correlation import correlate
from nightshift.domain.platform.names import AWAIT_DECISION, REVIEW, REVIEW_DECIDED
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.messages import ReviewInput
from nightshift.domain.reviews.review import Choice, Review
from nightshift.services.platform.custom_status import custom_status_of, version_of_status
from nightshift.services.platform.instances import ENDED
from nightshift.services.reviews.decide_review import decide_review

logger = logging.getLogger(__name__)


async def take_decision(
    client: df.DurableOrchestrationClient,
    services: Services,
    review_id: str,
    *,
    choice: Choice,
    by: str,
    comment: str,
    evidence_digest: str | None = None,
) -> Review | None:
    """Take a person's decision, and wake the review to act on it; None if there is no such review.

    Raises:
        NightshiftError: as decide_review says.
    """
    review = await asyncio.to_thread(services.reviews.find, review_id)
    if review is None:
        return None
    correlate(review.run)
    decided = await asyncio.to_thread(
        lambda: decide_review(services, review, choice=choice, by=by, comment=comment, evidence_digest=evidence_digest)
    )
    try:
        await wake_review(client, services, decided)
    except Exception:
        # Somebody else may be starting it, or it may end just now, and Durable's client raises the bare class for both.
        # The decision stands, and the sweep sees to it that it is acted on.
        logger.exception("review_not_woken review=%s model=%s run=%s", review_id, decided.model, decided.run)
    return decided


async def wake_review(
    client: df.DurableOrchestrationClient, services: Services, review: Review, *, again: bool = False
) -> bool:
    """Start the orchestration of a review unless it runs; wake a waiting one if the review is decided.

    Returns whether it was started or woken.

    Safe to call at any time and from several places at once: whatever starts reads the review first.

    Args:
        again: the event may have been sent before: only a review that still waits gets it, and only if this release
            runs it. One of a newer version would get it at every sweep, and find all of them when it goes on.
    """
    status = await client.get_status(review.instance)
    state = None if status is None else status.runtime_status
    if state is None or state in ENDED:
        # Since the caller has read it, it may have come to its end.
        known = await asyncio.to_thread(services.reviews.get, review.model, review.review_id)
        if known is None or known.settled:
            return False
        order = ReviewInput(
            model=review.model, review_id=review.review_id, patience=services.retry_policy, trace=review.trace
        )
        await client.start_new(REVIEW, review.instance, order.to_json())
        logger.info("review_started review=%s model=%s run=%s", review.review_id, review.model, review.run)
        return True
    if review.state != "open" and (not again or _waits(status, services.orchestration_version)):
        await client.raise_event(review.instance, REVIEW_DECIDED, {"choice": review.state})
        logger.info("review_woken review=%s model=%s run=%s", review.review_id, review.model, review.run)
        return True
    return False


def _waits(status: df.models.DurableOrchestrationStatus, newest: int) -> bool:
    """Whether it waits for the decision, or has not said yet what it does; one not begun reads the review first."""
    version = version_of_status(status)
    return version is not None and version <= newest and custom_status_of(status).get("step") in {None, AWAIT_DECISION}
