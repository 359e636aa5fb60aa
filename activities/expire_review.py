"""Let a review expire: nobody has decided, so the champion stays."""

from activities.decide_review import expire_review
from activities.failures import guarded
from activities.tell_reviewers import find_review
from domain.names import EXPIRE_REVIEW
from domain.ports import Services
from domain.review_messages import ReviewRequest, ReviewResult


def run_expire_review(services: Services, request: ReviewRequest) -> ReviewResult:
    """Expire it unless somebody was faster."""

    def expire() -> ReviewResult:
        review = expire_review(services, find_review(services, request.model, request.review_id))
        return ReviewResult(state=review.state, run=review.run)

    return guarded(
        EXPIRE_REVIEW, request.review_id, request.model, expire, lambda failure: ReviewResult(failure=failure)
    )
