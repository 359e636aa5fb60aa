"""The messages of a review: between its orchestration and its activities."""

from nightshift.domain.improvement.messages import ImproveOrder
from nightshift.domain.platform.correlation import Traceparent
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.step import RetryPolicy
from nightshift.domain.reviews.policy import ReviewStep
from nightshift.domain.reviews.review import ReviewState


class ReviewInput(Message):
    """Input of the orchestration that waits for the decision of a review."""

    model: str
    review_id: str
    patience: RetryPolicy = RetryPolicy()
    trace: Traceparent = ""


class ReviewRequest(Message):
    """Input of the activities of a review; ``step`` is the one that is due, if one is."""

    model: str
    review_id: str
    step: ReviewStep | None = None


class ReviewResult(Message):
    """Result of the activities of a review.

    Attributes:
        state: after the activity.
        steps: what is left to happen if nobody decides.
        endpoint: the serving endpoint that must follow the alias to ``version``; empty if none must.
        improve: the improvement that a person has asked for.
    """

    state: ReviewState
    steps: tuple[ReviewStep, ...] = ()
    run: str = ""
    endpoint: str = ""
    version: str = ""
    improve: ImproveOrder | None = None


class FinalizeReviewRequest(Message):
    """Input of ``settle_review``: what came of the endpoint or of the improvement's order.

    Attributes:
        problem: why it did not work; empty if it did.
        fresh: identity under which the improvement was ordered.
    """

    model: str
    review_id: str
    detail: str = ""
    problem: str = ""
    fresh: str = ""
