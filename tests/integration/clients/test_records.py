"""The books in Table storage: champions, reviews, datasets."""

from datetime import UTC, datetime, timedelta

import pytest
from azure.data.tables import TableServiceClient

from clients.champions import TableChampionBook
from clients.datasets import TableDatasetRegister
from clients.reviews import TableReviewBook
from domain.decision import ChampionMove, Review
from domain.errors import ConflictError
from domain.ports import AcceptedDataset
from domain.upload import Upload

AT = datetime(2026, 1, 1, tzinfo=UTC)


def _move(model: str, sequence: int, run: str = "r") -> ChampionMove:
    return ChampionMove(
        model=model, sequence=sequence, version=str(sequence), previous=None, run=run, decided_by=f"{run}:d", at=AT
    )


def test_a_sequence_number_is_taken_once(tables: TableServiceClient, model: str) -> None:
    """Two writers cannot both make the next move."""
    book = TableChampionBook(tables)
    book.begin(_move(model, 1))
    with pytest.raises(ConflictError):
        book.begin(_move(model, 1, run="other"))
    assert [move.run for move in book.moves(model)] == ["r"]


def test_moves_keep_their_order_and_state(tables: TableServiceClient, model: str) -> None:
    """Oldest first, also past the ninth."""
    book = TableChampionBook(tables)
    for sequence in range(1, 12):
        book.settle(book.begin(_move(model, sequence)), "done")
    assert [move.sequence for move in book.moves(model)] == list(range(1, 12))
    assert {move.state for move in book.moves(model)} == {"done"}


def test_a_review_is_opened_once(tables: TableServiceClient, model: str) -> None:
    """A retry gets the review that is open."""
    book = TableReviewBook(tables)
    review = Review(
        review_id="1",
        model=model,
        run="r",
        challenger_version="2",
        champion_version="1",
        reason="mixed",
        evidence_digest="e",
        evaluation_set_digest="s",
        policy_digest="p",
        spec_digest="d",
        opened_at=AT,
    )
    later = review.model_copy(update={"opened_at": AT + timedelta(hours=1)})
    assert book.open(review) == review
    assert book.open(later) == review
    assert book.all(model) == (review,)


def test_the_first_acceptance_of_a_content_stays(tables: TableServiceClient, model: str) -> None:
    """A duplicate is told whose it duplicates; the newest value looks at other runs only."""
    register = TableDatasetRegister(tables)
    upload = Upload(url="u", container="bronze", name="m/a", etag='"1"', size=1, event_time=AT, event_id="e")
    first = AcceptedDataset(
        model=model, digest="d1", run="r1", upload=upload, newest="2012-06-30T23:00:00", accepted_at=AT
    )
    assert register.accept(first) == first
    assert register.accept(first.model_copy(update={"run": "r2"})) == first
    assert register.find(model, "d2") is None
    assert register.last_newest(model, before_run="r2") == "2012-06-30T23:00:00"
    assert register.last_newest(model, before_run="r1") is None
