"""Notify people about a review."""

from nightshift.domain.notifications.notification import Notification, NotificationKind
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.review import Review
from nightshift.services.notifications.notify import notify


def notify_about_review(
    services: Services,
    review: Review,
    key: str,
    title: str,
    body: str,
    *,
    contact: str = "",
    kind: NotificationKind | None = None,
) -> str:
    """Notify about a review, once per key; return why that is still owed, empty if it was delivered."""
    sent = notify(
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
    return sent.problem
