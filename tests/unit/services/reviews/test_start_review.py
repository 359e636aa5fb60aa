"""A review's orchestration is started when it is missing, woken when it waits, and left alone otherwise."""

from dataclasses import dataclass, field
from typing import Any

import azure.durable_functions as df
import pytest

from nightshift.domain.platform.names import AWAIT_DECISION, REVIEW, REVIEW_DECIDED
from nightshift.domain.platform.step import RetryPolicy
from nightshift.domain.reviews.messages import ReviewInput
from nightshift.domain.reviews.review import Review
from nightshift.services.reviews.start_review import wake_review
from tests.support.review_examples import make_review

RUNNING = df.OrchestrationRuntimeStatus.Running


@dataclass
class _Status:
    runtime_status: df.OrchestrationRuntimeStatus | None
    custom_status: Any = None


@dataclass
class _Client:
    """A durable client with one instance, or none."""

    status: _Status | None
    calls: list[tuple[str, ...]] = field(default_factory=list)

    async def get_status(self, _: str) -> _Status | None:
        return self.status

    async def start_new(self, name: str, instance: str, order: dict[str, Any]) -> None:
        ReviewInput.from_json(order)
        self.calls.append(("start", name, instance))

    async def raise_event(self, instance: str, name: str, _: Any) -> None:
        self.calls.append(("event", instance, name))


@dataclass
class _Services:
    """Services with one review."""

    review: Review
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    orchestration_version: int = 2

    @property
    def reviews(self) -> "_Services":
        return self

    def get(self, model: str, review_id: str) -> Review | None:
        return self.review if (model, review_id) == ("m", "r1") else None


async def _wake(status: _Status | None, review: Review, *, kept: Review | None = None, again: bool = False) -> Any:
    client = _Client(status)
    await wake_review(client, _Services(kept or review), review, again=again)  # type: ignore[arg-type]
    return client.calls


START = [("start", REVIEW, "review-m-r1")]
TELL = [("event", "review-m-r1", REVIEW_DECIDED)]


@pytest.mark.parametrize(
    "status",
    [
        None,
        _Status(None),
        _Status(df.OrchestrationRuntimeStatus.Failed),
        _Status(df.OrchestrationRuntimeStatus.Terminated),
        _Status(df.OrchestrationRuntimeStatus.Completed),
    ],
)
@pytest.mark.parametrize("state", ["open", "approved", "improving"])
async def test_a_missing_one_is_started(status: _Status | None, state: Any) -> None:
    """Never started, ended by hand or broken off: what is left to do is done."""
    assert await _wake(status, make_review(state=state)) == START


async def test_one_that_has_come_to_its_end_meanwhile_is_left() -> None:
    """The sweep had read the review before that."""
    settled = make_review(state="promoted", settled=True)
    assert await _wake(_Status(df.OrchestrationRuntimeStatus.Completed), make_review(), kept=settled) == []


async def test_one_that_waits_for_a_person_is_left() -> None:
    """Nobody has decided."""
    assert await _wake(_Status(RUNNING), make_review(), again=True) == []


async def test_a_decision_is_reported() -> None:
    """Whatever it does at the moment: Durable keeps the event until it waits."""
    status = _Status(RUNNING, {"step": "act_on_review"})
    assert await _wake(status, make_review(state="approved")) == TELL


@pytest.mark.parametrize(
    ("custom", "calls"),
    [
        ({"step": AWAIT_DECISION}, TELL),
        (f'{{"step": "{AWAIT_DECISION}"}}', TELL),
        (None, TELL),
        ({"step": "act_on_review"}, []),
        ({"step": AWAIT_DECISION, "version": 2}, TELL),
        ({"step": AWAIT_DECISION, "version": 3}, []),
    ],
)
async def test_the_sweep_reports_only_who_still_waits(custom: Any, calls: Any) -> None:
    """An event that was lost is raised again; one that acts on the decision, or waits for its release, needs none."""
    assert await _wake(_Status(RUNNING, custom), make_review(state="rejected"), again=True) == calls


async def test_the_sweep_does_not_tell_who_has_not_begun() -> None:
    """It may be of a newer release, and whatever begins reads the review first."""
    status = _Status(df.OrchestrationRuntimeStatus.Pending)
    assert await _wake(status, make_review(state="rejected"), again=True) == []


async def test_one_of_a_newer_release_is_reported_by_who_decides() -> None:
    """Once: Durable keeps it, and it acts at once when its release is back."""
    status = _Status(RUNNING, {"step": AWAIT_DECISION, "version": 3})
    assert await _wake(status, make_review(state="rejected")) == TELL
