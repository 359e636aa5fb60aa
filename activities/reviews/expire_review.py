"""Let a review expire: nobody has decided, so the champion stays."""

from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.messages import ReviewRequest, ReviewResult
from nightshift.services.platform.activity import activity
from nightshift.services.reviews.decide_review import expire
from nightshift.services.reviews.find_review import find_review


@activity("expire_review")
def expire_review(services: Services, request: ReviewRequest) -> ReviewResult:
    """Expire it unless somebody was faster."""
    review = expire(services, find_review(services, request.model, request.review_id))
    return ReviewResult(state=review.state, run=review.run)
