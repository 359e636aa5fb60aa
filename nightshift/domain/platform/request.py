"""What people and machines send to the HTTP API, and in the forms of the pages: the schema is the check."""

from typing import Annotated

from pydantic import Field

from nightshift.domain.platform.broken_rules import NOT_BLANK
from nightshift.domain.platform.message import Message
from nightshift.domain.reviews.review import Choice

# The only definition: the published schema, the check of every body and form, and the ledger go by it.
LONGEST_COMMENT = 1_000

Comment = Annotated[str, Field(max_length=LONGEST_COMMENT)]
Reason = Annotated[str, Field(min_length=1, max_length=LONGEST_COMMENT, pattern=NOT_BLANK)]


class CommentRequest(Message):
    """What is done about an incident, with a reason that is kept."""

    comment: Comment = ""


class ReasonRequest(Message):
    """What cannot be done without a reason."""

    comment: Reason


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
    comment: Reason
    evidence_digest: str | None = None


class ImproveRequest(Message):
    """Ask for an improvement of a model; of its last run if none is named."""

    comment: Reason
    run: Annotated[str, Field(max_length=200)] = ""


class FeedbackRequest(Message):
    """What a round's plan was worth."""

    helpful: bool
    comment: Reason
