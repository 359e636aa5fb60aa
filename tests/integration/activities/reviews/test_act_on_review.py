"""What follows from a decision: promoted if what was approved is still so, else void; whole wherever it breaks off."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from mlflow import MlflowClient

from activities.reviews.act_on_review import act_on_review
from activities.reviews.close_review import close_review
from nightshift.domain.improvement.messages import ImproveOrder
from nightshift.domain.platform.errors import BlobMissingError
from nightshift.domain.platform.names import MODEL_QUEUE, TAG_EVALUATION_SET_DIGEST, TAG_QUARANTINE
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.messages import FinalizeReviewRequest, ReviewResult
from nightshift.domain.reviews.review import Choice, Review
from nightshift.domain.uploads.upload import BlobRef
from nightshift.services.champions.move_champion import move_champion
from nightshift.services.reviews.decide_review import decide_review, expire
from tests.support.interruptions import Interrupted, KilledError
from tests.support.model_data import Starts
from tests.support.responder import Case
from tests.support.reviewing import flag, read, request

pytestmark = pytest.mark.xdist_group("mlflow")

Change = Callable[[Case, MlflowClient, Review], None]


@pytest.fixture
def flagged(case: Case, mlflow_client: MlflowClient, tmp_path: Path) -> Review:
    """An open review of challenger 2 against champion 1."""
    return flag(case, mlflow_client, tmp_path)


def _decide(case: Case, review: Review, choice: Choice = "approve") -> Review:
    return decide_review(case.services, review, choice=choice, by="ann", comment="looks right")


async def _act(case: Case, review: Review, client: Starts | None = None) -> ReviewResult:
    return await act_on_review(case.services, client or Starts(), request(review))


async def test_an_approval_promotes(case: Case, flagged: Review) -> None:
    """The alias moves, the alias history knows who ordered it, the content counts as promoted, ledger before and
    after."""
    _decide(case, flagged)
    result = await _act(case, flagged)
    assert (result.state, result.endpoint) == ("promoted", "")
    assert (case.champion, case.reigns) == ("2", ["1", "2"])
    kept = read(case, flagged)
    assert (kept.state, kept.settled, kept.detail) == ("promoted", True, "version 2 is champion")
    entries = [entry for entry in case.entries() if entry.kind == "review"]
    assert [(entry.actor, entry.body.get("choice"), entry.body.get("outcome")) for entry in entries] == [
        ("ann", "approve", None),
        ("nightshift", None, "promoted"),
    ]
    assert case.services.champions.moves(case.model)[-1].decided_by == entries[0].key
    (dataset,) = case.services.datasets.accepted(case.model)
    assert (dataset.run, dataset.newest) == (flagged.run, "2012-01-01T01:00:00Z")
    assert case.services.ledger.verify(case.model) is None


async def test_acting_twice_changes_nothing(case: Case, flagged: Review) -> None:
    """Durable may call an activity again."""
    _decide(case, flagged)
    await _act(case, flagged)
    before = (case.entries(), case.reigns, read(case, flagged))
    assert (await _act(case, flagged)).state == "promoted"
    assert (case.entries(), case.reigns, read(case, flagged)) == before


async def test_an_open_review_is_not_acted_on(case: Case, flagged: Review) -> None:
    """Without a decision there is nothing to do."""
    before = case.entries()
    assert (await _act(case, flagged)).state == "open"
    assert (case.entries(), case.champion) == (before, "1")


@pytest.mark.parametrize(("choice", "state"), [("reject", "rejected"), ("expire", "expired")])
async def test_the_champion_stays(case: Case, flagged: Review, choice: str, state: str) -> None:
    """Rejected or expired: recorded, and nothing moves."""
    if choice == "expire":
        expire(case.services, flagged)
    else:
        _decide(case, flagged, "reject")
    assert (await _act(case, flagged)).state == state
    kept = read(case, flagged)
    assert (kept.state, kept.settled, case.champion) == (state, True, "1")
    assert [entry.kind for entry in case.entries()] == ["decision", "outcome", "review", "review"]


async def test_an_improvement_is_asked_for(case: Case, flagged: Review) -> None:
    """The order goes to the run that validated the data, by the person who asked."""
    _decide(case, flagged, "improve")
    result = await _act(case, flagged)
    assert result.improve == ImproveOrder(model=case.model, run=flagged.run, by="ann", reason="looks right")
    settled = close_review(
        case.services,
        FinalizeReviewRequest(model=case.model, review_id=flagged.review_id, detail="ordered", fresh="u1"),
    )
    kept = read(case, flagged)
    assert (settled.state, kept.settled, kept.fresh, kept.detail) == ("improving", True, "u1", "ordered")


def _champion(case: Case, _: MlflowClient, review: Review) -> None:
    move_champion(
        case.services, model=case.model, expected="1", version="3", run="other", decided_by="other", kind="promotion"
    )


def _challenger(case: Case, _: MlflowClient, review: Review) -> None:
    case.services.registry.tag(case.model, review.challenger_version, TAG_QUARANTINE, "i7")


def _gone(case: Case, client: MlflowClient, review: Review) -> None:
    client.delete_model_version(case.model, review.challenger_version)


def _evidence(case: Case, _: MlflowClient, review: Review) -> None:
    text = case.services.blobs.read(review.evidence).replace(b'"rows":200', b'"rows":201')
    case.services.blobs.write(review.evidence, text, content_type="application/json")


def _holdout(case: Case, client: MlflowClient, review: Review) -> None:
    score = case.services.registry.find_score(case.model, f"{review.run}.0")
    assert score is not None
    client.set_tag(score.run_id, TAG_EVALUATION_SET_DIGEST, "9" * 64)


def _spec(case: Case, _: MlflowClient, review: Review) -> None:
    case.specify(description="another")


def _broken_spec(case: Case, _: MlflowClient, review: Review) -> None:
    case.specify(evalution={})


@pytest.mark.parametrize(
    ("change", "what", "champion"),
    [
        (_champion, ["champion"], "3"),
        (_challenger, ["challenger"], "1"),
        (_gone, ["challenger"], "1"),
        (_evidence, ["evidence"], "1"),
        (_holdout, ["evaluation set"], "1"),
        (_spec, ["spec"], "1"),
        (_broken_spec, ["spec"], "1"),
    ],
)
async def test_an_approval_binds_its_evidence(
    case: Case, flagged: Review, mlflow_client: MlflowClient, change: Change, what: list[str], champion: str
) -> None:
    """What was approved has changed: void, the champion stays, and fresh evidence is ordered once."""
    _decide(case, flagged)
    change(case, mlflow_client, flagged)
    client = Starts()
    assert (await _act(case, flagged, client)).state == "void"
    kept = read(case, flagged)
    assert ([item.what for item in kept.changed], case.champion) == (what, champion)
    assert "trained and evaluated again" in kept.detail
    assert [name for name, _ in client.started] == [MODEL_QUEUE]
    (order,) = [entry for entry in case.entries() if entry.kind == "order"]
    assert (order.body["review"], order.body["files"]) == (flagged.review_id, [f"{case.model}/mixed.csv"])
    await _act(case, flagged)
    assert len([entry for entry in case.entries() if entry.kind == "order"]) == 1
    batch = case.services.uploads.claim(case.model, 1, 0)
    assert [upload.again for upload in batch.uploads] == [flagged.review_id]


async def test_another_policy_is_named(case: Case, flagged: Review) -> None:
    """The policy is part of the spec: both have changed, and both are said."""
    _decide(case, flagged)
    case.specify(evaluation={"metrics": [{"name": "rmse"}]})
    assert (await _act(case, flagged)).state == "void"
    assert [item.what for item in read(case, flagged).changed] == ["policy", "spec"]


async def test_data_that_is_gone_is_asked_for(case: Case, flagged: Review) -> None:
    """Fresh evidence needs the data; the reviewer is told to have it uploaded again."""
    _decide(case, flagged)
    _spec(case, None, flagged)  # type: ignore[arg-type]

    class Gone:
        def __getattr__(self, name: str) -> object:
            return getattr(kept, name)

        def metadata(self, blob: BlobRef) -> dict[str, str]:
            raise BlobMissingError(blob.name)

    kept = case.services.blobs
    case.replace(blobs=Gone())
    assert (await _act(case, flagged)).state == "void"
    assert "upload it again" in read(case, flagged).detail


async def test_an_endpoint_is_waited_for(case: Case, mlflow_client: MlflowClient, tmp_path: Path) -> None:
    """The alias has moved; promoted is only what is served, else both go back."""
    review = flag(case, mlflow_client, tmp_path, serving_endpoint="revenue")
    _decide(case, review)
    result = await _act(case, review)
    assert (result.state, result.endpoint, result.version, case.champion) == ("approved", "revenue", "2", "2")
    settle = FinalizeReviewRequest(model=case.model, review_id=review.review_id, problem="the endpoint failed")
    back = close_review(case.services, settle)
    assert (back.state, back.endpoint, back.version, case.champion) == ("failed", "revenue", "1", "1")
    kept = read(case, review)
    assert kept.detail.startswith(f"{settle.problem}; version 1 ")
    assert close_review(case.services, settle) == back


async def test_killed_anywhere_it_promotes_once(case: Case, flagged: Review) -> None:
    """Broken off before or after any call and called again: one move, one decision, one outcome."""
    _decide(case, flagged)
    whole, last = case.services, 1
    while True:
        interrupted = Interrupted(whole, last=last, after=last % 2 == 0)
        case.services = cast("Services", interrupted)
        try:
            result = await _act(case, flagged)
        except KilledError:
            last += 1
            continue
        finally:
            case.services = whole
        break
    assert result.state == "promoted"
    assert last > 5
    assert (case.champion, case.reigns) == ("2", ["1", "2"])
    assert [entry.kind for entry in case.entries()] == ["decision", "outcome", "review", "review"]
