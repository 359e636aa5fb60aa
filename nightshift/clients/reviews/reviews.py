"""Flagged promotions in the table ``reviews``: a partition per model, a row per review."""

from collections.abc import Callable, Sequence

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.records import Records
from nightshift.clients.platform.tables import Row, Table, Write
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.reviews.review import Review, ReviewState


class TableReviewStore:
    """Implements `ReviewStore`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, "reviews")
        self._records = Records(self._table, Review, writes=_writes)

    def open(self, review: Review) -> Review:
        return self._records.put_once(review.model, review.review_id, review)[0]

    def get(self, model: str, review_id: str) -> Review | None:
        return self._records.get(model, review_id)

    def find(self, review_id: str) -> Review | None:
        return next(filter(None, (self.get(model, review_id) for model in self._table.partitions())), None)

    def change(self, model: str, review_id: str, change: Callable[[Review], Review]) -> Review:
        changed = self._records.change(model, review_id, change)
        if changed is None:
            raise BadInputError(field="review", value=review_id, rule=f"is no review of {model}")
        return changed

    def all(self, model: str | None = None, states: tuple[ReviewState, ...] = ()) -> tuple[Review, ...]:
        asked = {f"state{number}": state for number, state in enumerate(states)}
        wanted = " or ".join(f"State eq @{name}" for name in asked) or "RowKey ne @none"
        where, bounds = f"( {wanted} )", {"none": "", **asked}
        if model is not None:
            where, bounds = f"PartitionKey eq @model and {where}", {**bounds, "model": model}
        return tuple(sorted(self._records.where(where, bounds), key=lambda review: review.opened_at, reverse=True))

    def unfinished(self) -> tuple[Review, ...]:
        return tuple(self._records.where("Settled eq @settled", {"settled": False}))


def _writes(key: str, review: Review, before: Row | None) -> Sequence[Write]:
    values = {"State": review.state, "Settled": review.settled, "Record": review.model_dump_json()}
    return [Write(key, values, None if before is None else before.etag)]
