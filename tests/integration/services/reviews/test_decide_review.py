"""A person's decision: one counts, it is in the ledger, and four eyes are four eyes."""

from datetime import timedelta
from pathlib import Path

import pytest
from mlflow import MlflowClient

from activities.reviews.notify_reviewers import notify_reviewers
from nightshift.clients.notifications.notifier import AppriseNotifier
from nightshift.domain.ledger.bodies import ImprovementOrder, record
from nightshift.domain.ledger.ledger import LedgerRecord
from nightshift.domain.platform.errors import BadInputError, TransitionError
from nightshift.domain.platform.links import Links
from nightshift.domain.reviews.messages import ReviewRequest
from nightshift.domain.reviews.review import Review
from nightshift.services.reviews.decide_review import FourEyesError, OtherEvidenceError, decide_review, expire
from nightshift.services.reviews.start_review import take_decision
from tests.support.refusals import refusal
from tests.support.responder import Case, later
from tests.support.review_examples import make_review
from tests.support.reviewing import flag, read, request
from tests.support.upload_examples import make_upload

pytestmark = pytest.mark.xdist_group("mlflow")


@pytest.fixture
def flagged(case: Case, mlflow_client: MlflowClient, tmp_path: Path) -> Review:
    """An open review."""
    return flag(case, mlflow_client, tmp_path)


def test_a_decision_is_in_the_ledger(case: Case, flagged: Review) -> None:
    """Who, what, why, and all that it binds."""
    decided = decide_review(case.services, flagged, choice="approve", by="ann", comment=" looks right ")
    assert decided.decision is not None
    assert (decided.state, decided.decision.by, decided.decision.comment) == ("approved", "ann", "looks right")
    entry = case.entries()[-1]
    assert (entry.kind, entry.actor, entry.run) == ("review", "ann", flagged.run)
    assert entry.body["binds"] == {
        "challenger_version": "2",
        "champion_version": "1",
        "evidence_digest": flagged.evidence_digest,
        "evaluation_set_digest": flagged.evaluation_set_digest,
        "policy_digest": flagged.policy_digest,
        "spec_digest": flagged.spec_digest,
    }


def test_the_same_decision_again_is_the_same(case: Case, flagged: Review) -> None:
    """A double click, or a retry of the browser."""
    first = decide_review(case.services, flagged, choice="reject", by="ann", comment="no")
    again = decide_review(case.services, flagged, choice="reject", by="ann", comment="no, really")
    assert again == first
    assert [entry.kind for entry in case.entries()].count("review") == 1


def test_another_decision_is_reported_who_was_faster(case: Case, flagged: Review) -> None:
    """What was decided, by whom, when; also the person's own decision is not changed."""
    decided = decide_review(case.services, flagged, choice="reject", by="ann", comment="no")
    assert decided.decision is not None
    when = decided.decision.at.strftime("%Y-%m-%d %H:%M:%SZ")
    for name in ("bob", "ann"):
        with pytest.raises(TransitionError) as caught:
            decide_review(case.services, flagged, choice="approve", by=name, comment="yes")
        assert caught.value.code == "transition"
        assert caught.value.message.startswith("cannot approve ")
        assert f"review {flagged.review_id} of {case.model} was rejected by ann at {when}" in caught.value.message


def test_after_the_expiry_it_is_late(case: Case, flagged: Review) -> None:
    """The champion stays, and who comes late is told so; who was in time is not expired."""
    expired = expire(case.services, flagged)
    assert (expired.state, expired.detail) == ("expired", "the champion stays version 1")
    with pytest.raises(TransitionError, match="expired at .* version 1"):
        decide_review(case.services, flagged, choice="approve", by="ann", comment="yes")
    assert [entry.actor for entry in case.entries() if entry.kind == "review"] == ["nightshift"]


def test_the_expiry_leaves_a_decision_alone(case: Case, flagged: Review) -> None:
    """The person was faster."""
    decided = decide_review(case.services, flagged, choice="approve", by="ann", comment="yes")
    assert expire(case.services, flagged) == decided


@pytest.mark.parametrize("comment", ["", "  ", "x" * 1001])
def test_a_comment_is_needed(case: Case, flagged: Review, comment: str) -> None:
    """It goes into the ledger."""
    with pytest.raises(BadInputError, match="comment = .*say why, in at most 1000 characters"):
        decide_review(case.services, flagged, choice="approve", by="ann", comment=comment)
    assert read(case, flagged).state == "open"


async def test_a_decision_stands_though_nothing_can_be_woken(case: Case, flagged: Review) -> None:
    """Durable does not answer: the decision is kept, and the sweep sees to the rest."""

    class Away:
        async def get_status(self, _: str) -> None:
            raise RuntimeError("no answer")

    decided = await take_decision(
        Away(),
        case.services,
        flagged.review_id,
        choice="reject",
        by="ann",
        comment="no",
    )
    assert decided is not None
    assert (decided.state, read(case, flagged).settled) == ("rejected", False)
    assert flagged.review_id in {review.review_id for review in case.services.reviews.unfinished()}


def test_other_evidence_is_refused(case: Case, flagged: Review) -> None:
    """The page was of another evaluation."""
    with pytest.raises(OtherEvidenceError, match="look at it again"):
        decide_review(case.services, flagged, choice="approve", by="ann", comment="yes", evidence_digest="0" * 64)
    seen = flagged.evidence_digest
    decided = decide_review(case.services, flagged, choice="approve", by="ann", comment="yes", evidence_digest=seen)
    assert decided.state == "approved"


def test_four_eyes(case: Case, mlflow_client: MlflowClient, tmp_path: Path) -> None:
    """Who uploaded the data may reject, but another must approve."""
    review = flag(case, mlflow_client, tmp_path, uploader="Ann@example.org", review={"four_eyes": True})
    assert review.triggered_by == ("Ann@example.org",)
    with pytest.raises(FourEyesError, match="ann@example.org has triggered this promotion") as caught:
        decide_review(case.services, review, choice="approve", by="ann@example.org", comment="mine is best")
    assert caught.value.code == "not_allowed"
    assert read(case, review).state == "open"
    assert decide_review(case.services, review, choice="approve", by="bob", comment="yes").state == "approved"


def _order(case: Case, actor: str, again: str) -> None:
    upload = make_upload().model_copy(update={"again": again})
    order = ImprovementOrder(reason="more", improves="r", files=(upload.name,), uploads=(upload,))
    case.services.ledger.append(record(order, key=f"o:{actor}", model=case.model, run="r", subject="m", actor=actor))


def test_who_orders_it_once_more_has_triggered_it(case: Case, mlflow_client: MlflowClient, tmp_path: Path) -> None:
    """An improvement has a person behind it; what Nightshift orders by itself has none, and an order of a newer release
    is passed over."""
    for actor, again in (("bob", "improve-1"), ("eve", "improve-2"), ("nightshift", "improve-1")):
        _order(case, actor, again)
    newer = {"order": "backfill", "again": "improve-1"}
    case.services.ledger.append(
        LedgerRecord(key="o:new", model=case.model, run="r", kind="order", subject="m", actor="ann", body=newer)
    )
    review = flag(case, mlflow_client, tmp_path, uploader="ann", again="improve-1", review={"four_eyes": True})
    assert review.triggered_by == ("bob",)
    with pytest.raises(FourEyesError):
        decide_review(case.services, review, choice="approve", by="bob", comment="yes")


def test_fresh_evidence_has_the_trigger_of_the_first(case: Case, mlflow_client: MlflowClient, tmp_path: Path) -> None:
    """A void approval does not launder who triggered the promotion."""
    case.services.reviews.open(make_review(model=case.model, review_id="void1", triggered_by=("ann",)))
    assert flag(case, mlflow_client, tmp_path, again="void1").triggered_by == ("ann",)


@pytest.mark.parametrize(("uploader", "four_eyes"), [("", True), ("ann", False)])
def test_two_eyes_are_enough(
    case: Case, mlflow_client: MlflowClient, tmp_path: Path, uploader: str, *, four_eyes: bool
) -> None:
    """Nobody is known to have triggered it, or the spec does not ask."""
    review = flag(case, mlflow_client, tmp_path, uploader=uploader, review={"four_eyes": four_eyes})
    assert decide_review(case.services, review, choice="approve", by="ann", comment="yes").state == "approved"


def test_each_step_reports_its_people_once(case: Case, flagged: Review, tmp_path: Path) -> None:
    """The steps of the escalation policy are in the timeline, and what is left is handed back to the orchestrator."""
    told = []
    links = Links(mlflow="", databricks="", app="https://app.example")
    case.replace(links=links, notifier=AppriseNotifier("", tmp_path / "told.jsonl"))
    first = notify_reviewers(case.services, request(flagged))
    asked = case.services.notifications.get(case.model, f"review:{flagged.review_id}:opened")
    assert asked is not None
    assert asked.notification.link == f"https://app.example/reviews/{flagged.review_id}"
    assert [step.kind for step in first.steps] == ["remind", "escalate", "escalate", "expire"]
    for step in first.steps[:-1]:
        services = later(case.services, step.at + timedelta(seconds=1))
        due = ReviewRequest(model=flagged.model, review_id=flagged.review_id, step=step)
        result = notify_reviewers(services, due)
        assert notify_reviewers(services, due) == result
        told.append(len(result.steps))
    assert told == [3, 2, 1]
    kept = read(case, flagged)
    assert [event.what for event in kept.timeline] == [
        "flagged: better on rmse, but worse on mae",
        "on-call was notified",
        "second was notified",
        "manager was notified",
    ]
    assert kept.next_step is not None
    assert kept.next_step.kind == "expire"


def test_an_improvement_that_could_try_nothing_is_refused(
    case: Case, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    """The review stays open for the other answers, and the reason names the spec's section."""
    review = flag(case, mlflow_client, tmp_path, improvement={})
    with refusal(BadInputError, field="improvement.bounds.actions"):
        decide_review(case.services, review, choice="improve", by="ann", comment="try more")
    assert read(case, review).state == "open"
