"""The review store in Table storage."""

import threading
from datetime import timedelta

import pytest
from azure.data.tables import TableServiceClient

from nightshift.clients.reviews.reviews import TableReviewStore
from nightshift.domain.platform.errors import BadInputError, TransitionError
from nightshift.domain.reviews.review import Review, ReviewDecision
from tests.support.review_examples import OPENED, make_review


def test_a_review_is_opened_once(tables: TableServiceClient, model: str) -> None:
    """A retry gets the review that is open."""
    store, review = TableReviewStore(tables), make_review(model=model)
    assert store.open(review) == review
    assert store.open(review.model_copy(update={"opened_at": OPENED + timedelta(hours=1)})) == review
    assert (store.get(model, "r1"), store.get(model, "r2")) == (review, None)


def test_lists_by_model_and_state(tables: TableServiceClient, model: str) -> None:
    """Newest first; a settled review is none that a sweep looks at."""
    store = TableReviewStore(tables)
    first = make_review(model=model, review_id=f"{model}-1")
    second = make_review(model=model, review_id=f"{model}-2", opened_at=OPENED + timedelta(hours=1))
    done = make_review(model=model, review_id=f"{model}-3", state="rejected", settled=True)
    for review in (first, second, done):
        store.open(review)
    assert store.all(model) == (second, first, done)
    assert store.all(model, ("rejected",)) == (done,)
    assert store.find(second.review_id) == second
    assert {review.review_id for review in store.unfinished() if review.model == model} == {
        first.review_id,
        second.review_id,
    }


def test_of_two_deciders_at_once_one_decides(tables: TableServiceClient, model: str) -> None:
    """Both have read the open review; the second write is refused, reads again and is told who was faster."""
    store = TableReviewStore(tables)
    store.open(make_review(model=model))
    both = threading.Barrier(2)
    said: list[str] = []

    def decide(name: str) -> None:
        first = True

        def change(review: Review) -> Review:
            nonlocal first
            if first:
                first = False
                both.wait(timeout=30)
            decision = ReviewDecision(choice="approve", by=name, comment="yes", at=OPENED)
            return review.transition("approve").model_copy(update={"decision": decision})

        try:
            store.change(model, "r1", change)
            said.append(f"{name} decided")
        except TransitionError as error:
            said.append(error.message)

    threads = [threading.Thread(target=decide, args=(name,)) for name in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    kept = store.get(model, "r1")
    assert kept is not None
    assert kept.decision is not None
    winner = kept.decision.by
    said.remove(f"{winner} decided")
    (late,) = said
    assert late.startswith("cannot approve ")
    assert f"review r1 of {model} was approved by {winner} at 2026-11-01 03:00:00Z" in late


def test_a_review_that_is_not_there_is_named(tables: TableServiceClient, model: str) -> None:
    """A change of what does not exist says so."""
    with pytest.raises(BadInputError, match="review = 'nope'"):
        TableReviewStore(tables).change(model, "nope", lambda review: review)
