"""What people and machines send to the HTTP API."""

from typing import Annotated

from pydantic import Field

from nightshift.domain.platform.message import Message
from nightshift.domain.reviews.review import Choice

Comment = Annotated[str, Field(max_length=1_000)]


class CommentRequest(Message):
    """What is done about an incident, with a reason that is kept."""

    comment: Comment = ""


class ReasonRequest(Message):
    """What cannot be done without a reason."""

    comment: Annotated[Comment, Field(min_length=1, pattern=r"\S")]


class RedriveRequest(Message):
    """Send a dead letter again.

    Attributes:
        dry_run: only say whether it would be understood.
        body: the corrected message, if it is corrected.
    """

    dry_run: bool | None = None
    body: str | None = None


class DecisionRequest(Message):
    """A person's decision on a review.

    Attributes:
        evidence_digest: of the evidence that the person has seen; another than the review's refuses the decision.
    """

    decision: Choice
    comment: str
    evidence_digest: str | None = None


class ImproveRequest(Message):
    """Ask for an improvement of a model; of its last run if none is named."""

    comment: Annotated[Comment, Field(min_length=1, pattern=r"\S")]
    run: Annotated[str, Field(max_length=200)] = ""


class FeedbackRequest(Message):
    """What a round's plan was worth."""

    helpful: bool
    comment: Annotated[Comment, Field(min_length=1, pattern=r"\S")]
