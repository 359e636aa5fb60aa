"""Flagged promotions in the table ``reviews``: a partition per model, a row per review."""

from collections.abc import Callable

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.tables import Row, Table, Write, until_no_conflict
from nightshift.domain.platform.errors import BadInputError, ConflictError
from nightshift.domain.reviews.review import Review, ReviewState


class TableReviewBook:
    """Implements `ReviewBook`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, "reviews")

    def open(self, review: Review) -> Review:
        """Open a review once per id."""
        try:
            self._table.write(review.model, [_write(review, None)])
        except ConflictError:
            kept = self.get(review.model, review.review_id)
            assert kept is not None, "the conflict was this row, and rows are never deleted"
            return kept
        return review

    def get(self, model: str, review_id: str) -> Review | None:
        """A review of a model."""
        row = self._table.get(model, review_id)
        return None if row is None else _read(row)

    def find(self, review_id: str) -> Review | None:
        """A review whose model is not known."""
        return next(filter(None, (self.get(model, review_id) for model in self._table.partitions())), None)

    def change(self, model: str, review_id: str, change: Callable[[Review], Review]) -> Review:
        """Change a review by compare-and-set; ``change`` may be called again on a fresher review.

        Raises:
            BadInputError: there is no such review.
        """
        return until_no_conflict(lambda: self._change(model, review_id, change))

    def _change(self, model: str, review_id: str, change: Callable[[Review], Review]) -> Review:
        row = self._table.get(model, review_id)
        if row is None:
            raise BadInputError(field="review", value=review_id, rule=f"is no review of {model}")
        before = _read(row)
        after = change(before)
        if after != before:
            self._table.write(model, [_write(after, row.etag)])
        return after

    def all(self, model: str | None = None, states: tuple[ReviewState, ...] = ()) -> tuple[Review, ...]:
        """Reviews, newest first; of one model and in these states if given."""
        asked = {f"state{number}": state for number, state in enumerate(states)}
        wanted = " or ".join(f"State eq @{name}" for name in asked) or "RowKey ne @none"
        where, bounds = f"( {wanted} )", {"none": "", **asked}
        if model is not None:
            where, bounds = f"PartitionKey eq @model and {where}", {**bounds, "model": model}
        found = map(_read, self._table.query(where, bounds))
        return tuple(sorted(found, key=lambda review: review.opened_at, reverse=True))

    def unsettled(self) -> tuple[Review, ...]:
        """Reviews that are open, or decided and not yet acted on to the end."""
        rows = self._table.query("Settled eq @settled", {"settled": False})
        return tuple(_read(row) for row in rows)


def _write(review: Review, etag: str | None) -> Write:
    values = {"State": review.state, "Settled": review.settled, "Record": review.model_dump_json()}
    return Write(review.review_id, values, etag)


def _read(row: Row) -> Review:
    return Review.from_json(str(row.values["Record"]))
