"""Flagged promotions in the table ``reviews``."""

from azure.data.tables import TableServiceClient

from clients.records import Records
from domain.decision import Review


class TableReviewBook:
    """Implements domain.ports.ReviewBook."""

    def __init__(self, service: TableServiceClient) -> None:
        self._records = Records(service, "reviews", Review)

    def open(self, review: Review) -> Review:
        """Open a review once per id."""
        return self._records.put_once(review.model, review.review_id, review)[0]

    def all(self, model: str | None = None) -> tuple[Review, ...]:
        """Reviews, newest first."""
        return tuple(sorted(self._records.all(model), key=lambda review: review.opened_at, reverse=True))
