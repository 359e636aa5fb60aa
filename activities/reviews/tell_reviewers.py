"""Tell people about a review: that it waits, a second time, and then along the ladder."""

import logging
from datetime import datetime

from nightshift.domain.ledger.ledger import ACTOR
from nightshift.domain.notifications.notification import Notification, NotificationKind
from nightshift.domain.platform.names import TELL_REVIEWERS
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.messages import ReviewRequest, ReviewResult
from nightshift.domain.reviews.policy import ReviewStep
from nightshift.domain.reviews.review import Review, ReviewEvent
from nightshift.services.notifications.notify import run_notify
from nightshift.services.platform.failures import guarded

logger = logging.getLogger(__name__)

_TITLES = {
    "open": "A promotion of {model} waits for a decision",
    "remind": "Nobody has decided yet about a promotion of {model}",
    "escalate": "A promotion of {model} waits for a decision, and nobody has answered",
}


def run_tell_reviewers(services: Services, request: ReviewRequest) -> ReviewResult:
    """Tell whom the step says, unless the review is decided; without a step, that it has been opened."""
    return guarded(
        TELL_REVIEWERS,
        request.review_id,
        request.model,
        lambda: _tell(services, request),
        lambda failure: ReviewResult(failure=failure),
    )


def _tell(services: Services, request: ReviewRequest) -> ReviewResult:
    review = find_review(services, request.model, request.review_id)
    if review.state != "open":
        return ReviewResult(state=review.state, run=review.run)
    step = request.step
    name = "open" if step is None else step.kind
    contact = "" if step is None else step.contact
    title = _TITLES[name].format(model=review.model)
    sent = tell(services, review, "opened" if step is None else step.key, title, _body(review), contact=contact)
    if step is not None:
        who = contact or "on-call"
        what = f"{who} was told" if sent is None else f"the notification of {who} is {sent}"
        event = ReviewEvent(key=step.key, at=services.clock(), actor=ACTOR, what=what)
        review = services.reviews.change(review.model, review.review_id, lambda known: known.told(event))
    return ReviewResult(state=review.state, steps=_left(review), run=review.run)


def tell(
    services: Services,
    review: Review,
    key: str,
    title: str,
    body: str,
    *,
    contact: str = "",
    kind: NotificationKind | None = None,
) -> str | None:
    """Notify about a review, once per key; return why that is still owed, None if it was delivered."""
    sent = run_notify(
        services,
        Notification(
            key=f"review:{review.review_id}:{key}",
            # Who is asked because others have not answered is woken; the first question waits for its reader.
            kind=kind or ("page" if contact else "notice"),
            model=review.model,
            severity="warning",
            title=title,
            body=body,
            contact=contact,
            link=services.links.page("reviews", review.review_id),
        ),
    )
    return None if sent.failure is None else sent.failure.message


def find_review(services: Services, model: str, review_id: str) -> Review:
    """The review that an activity is about, which is never deleted.

    Raises:
        AssertionError: there is none.
    """
    review = services.reviews.get(model, review_id)
    assert review is not None, f"review {review_id} of {model} is gone"
    return review


def _left(review: Review) -> tuple[ReviewStep, ...]:
    told = {event.key for event in review.timeline}
    return tuple(step for step in review.steps if step.key not in told)


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
    return f"{step.contact or 'on-call'} is told{' again' if step.kind == 'remind' else ''}"


def _when(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ")
