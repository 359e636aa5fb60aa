"""The record of a review that somebody names by its id."""

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.review import Review


def find_review(services: Services, model: str, review_id: str) -> Review:
    """The review, which is never deleted.

    Raises:
        BadInputError: there is none.
    """
    review = services.reviews.get(model, review_id)
    if review is None:
        raise BadInputError(field="review_id", value=review_id, rule=f"there is no such review of {model}")
    return review
