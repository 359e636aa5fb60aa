"""Notify people about a review: when it opens, once as a reminder, and then by the escalation policy."""

import logging
from datetime import datetime

from nightshift.domain.ledger.ledger import ACTOR
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.messages import ReviewRequest, ReviewResult
from nightshift.domain.reviews.policy import ReviewStep
from nightshift.domain.reviews.review import Review, ReviewEvent
from nightshift.services.platform.activity import activity
from nightshift.services.reviews.find_review import find_review
from nightshift.services.reviews.notify_about_review import notify_about_review

logger = logging.getLogger(__name__)

_TITLES = {
    "open": "A promotion of {model} waits for a decision",
    "remind": "Nobody has decided yet about a promotion of {model}",
    "escalate": "A promotion of {model} waits for a decision, and nobody has answered",
}


@activity("tell_reviewers")
def notify_reviewers(services: Services, request: ReviewRequest) -> ReviewResult:
    """Notify the contact of the step, unless the review is decided; without a step, that the review was opened."""
    review = find_review(services, request.model, request.review_id)
    if review.state != "open":
        return ReviewResult(state=review.state, run=review.run)
    step = request.step
    name = "open" if step is None else step.kind
    contact = "" if step is None else step.contact
    title = _TITLES[name].format(model=review.model)
    sent = notify_about_review(
        services, review, "opened" if step is None else step.key, title, _body(review), contact=contact
    )
    if step is not None:
        who = contact or "on-call"
        what = f"{who} was notified" if not sent else f"the notification of {who} is {sent}"
        event = ReviewEvent(key=step.key, at=services.clock(), actor=ACTOR, what=what)
        review = services.reviews.change(review.model, review.review_id, lambda known: known.with_event(event))
    return ReviewResult(state=review.state, steps=_left(review), run=review.run)


def _left(review: Review) -> tuple[ReviewStep, ...]:
    happened = {event.key for event in review.timeline}
    return tuple(step for step in review.steps if step.key not in happened)


def _body(review: Review) -> str:
    champion = f"version {review.champion_version}" if review.champion_version else "none"
    lines = [
        f"version {review.challenger_version} against champion {champion}: {review.reason}",
        *(f"{_when(step.at)}: {_what(step, champion)}" for step in _left(review)),
        f"nightshift review {review.review_id}",
    ]
    return "\n".join(lines)


def _what(step: ReviewStep, champion: str) -> str:
    if step.kind == "expire":
        return f"it expires, and the champion stays {champion}"
    return f"{step.contact or 'on-call'} is notified{' again' if step.kind == 'remind' else ''}"


def _when(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ")
