"""The sweep of reviews: each that is not closed is woken, and one that cannot be is named and holds up no other."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.step import RetryPolicy
from nightshift.domain.reviews.review import Review
from nightshift.domain.watch.sweep import Swept
from nightshift.sweeps.reviews import watch_reviews
from tests.support.review_examples import make_review


@dataclass
class _Client:
    """A durable client that knows no instance, and refuses to start some."""

    refused: str = ""
    started: list[str] = field(default_factory=list)

    async def get_status(self, _: str) -> None:
        return None

    async def start_new(self, _name: str, instance: str, _order: Any) -> None:
        if instance == self.refused:
            raise RuntimeError("it is being started by somebody else")
        self.started.append(instance)


def _services(*reviews: Review) -> Services:
    kept = SimpleNamespace(
        unfinished=lambda: reviews,
        get=lambda _model, review_id: next(it for it in reviews if it.review_id == review_id),
    )
    return cast("Services", SimpleNamespace(reviews=kept, retry_policy=RetryPolicy(), orchestration_version=2))


REVIEWS = tuple(make_review(review_id=name) for name in ("a", "b", "c"))


async def test_every_review_without_an_orchestration_is_started() -> None:
    """The sweep says how many."""
    client: Any = _Client()
    assert await watch_reviews(client, _services(*REVIEWS)) == Swept(found=3)
    assert client.started == ["review-m-a", "review-m-b", "review-m-c"]


async def test_one_that_cannot_be_woken_holds_up_no_other() -> None:
    """It is named as the sweep's problem."""
    client: Any = _Client(refused="review-m-b")
    assert await watch_reviews(client, _services(*REVIEWS)) == Swept(found=2, problem="not woken: b")
    assert client.started == ["review-m-a", "review-m-c"]
