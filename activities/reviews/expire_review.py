"""Let a review expire: nobody has decided, so the champion stays."""

from activities.reviews.tell_reviewers import find_review
from nightshift.domain.platform.names import EXPIRE_REVIEW
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.messages import ReviewRequest, ReviewResult
from nightshift.services.platform.failures import guarded
from nightshift.services.reviews.decide_review import expire_review


def run_expire_review(services: Services, request: ReviewRequest) -> ReviewResult:
    """Expire it unless somebody was faster."""

    def expire() -> ReviewResult:
        review = expire_review(services, find_review(services, request.model, request.review_id))
        return ReviewResult(state=review.state, run=review.run)

    return guarded(
        EXPIRE_REVIEW, request.review_id, request.model, expire, lambda failure: ReviewResult(failure=failure)
    )
