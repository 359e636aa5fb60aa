"""Deciding about a challenger on real storage and a real registry: once, whatever happens on the way."""

from typing import cast

import pytest
from mlflow import MlflowClient

from nightshift.domain.lifecycle.evidence import Evidence, MetricComparison
from nightshift.domain.platform.errors import (
    BlobMissingError,
    ConflictError,
    ServiceRefusedError,
    ServiceUnavailableError,
)
from nightshift.domain.platform.names import CHAMPION, EVIDENCE, TAG_QUARANTINE
from nightshift.domain.platform.ports import Services
from nightshift.domain.uploads.upload import BlobRef
from nightshift.services.champions.move_champion import move_champion
from nightshift.wiring.services import LazyServices
from tests.support.deciding import FLAG, PROMOTE, REJECT, Deciding, Verdicts
from tests.support.interruptions import Interrupted, KilledError
from tests.support.responder import Replaced

pytestmark = pytest.mark.xdist_group("mlflow")


@pytest.fixture
def deciding(services: LazyServices, mlflow_client: MlflowClient, model: str) -> Deciding:
    """A challenger to decide about."""
    return Deciding(services, mlflow_client, model)


OUTCOMES = {"promoted": (PROMOTE, "2"), "rejected": (REJECT, "1"), "flagged": (FLAG, "1")}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_killed_at_any_call_and_repeated_it_is_decided_once(deciding: Deciding, outcome: str, after: bool) -> None:
    """One decision, one outcome, one move of the champion at most, one review at most; the ledger holds together."""
    verdicts, champion = OUTCOMES[outcome]
    request, number, finished = deciding.request(verdicts), 0, False
    while not finished:
        number += 1
        try:
            result = deciding.act(request, Interrupted(deciding.services, last=number, after=after))
            finished = True
        except KilledError:
            assert deciding.champion in {"1", champion}
            assert len(deciding.entries("decision")) <= 1
    assert number > 8
    assert (result.outcome, result.champion_version) == (outcome, champion)
    assert deciding.champion == champion
    [decision], [ended] = deciding.entries("decision"), deciding.entries("outcome")
    assert (ended.body["outcome"], ended.body["decision_entry"]) == (outcome, decision.sequence)
    assert result.ledger == decision.sequence
    assert deciding.reigns == ([("1", None), ("2", "1")] if outcome == "promoted" else [])
    reviews = deciding.services.reviews.all(deciding.model)
    assert [review.review_id for review in reviews] == ([result.review_id] if outcome == "flagged" else [])
    assert deciding.services.ledger.verify(deciding.model) is None
    assert (deciding.accepted("good.csv"), deciding.accepted("bad.csv")) == (True, False)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_repeat_says_the_same(deciding: Deciding, outcome: str) -> None:
    """Delivered twice, the second answer is the first, and nothing is written."""
    request = deciding.request(OUTCOMES[outcome][0])
    first = deciding.act(request)
    entries = deciding.services.ledger.entries(deciding.model)
    assert deciding.act(request) == first
    assert deciding.services.ledger.entries(deciding.model) == entries


def test_the_decision_says_what_it_was_made_on(deciding: Deciding) -> None:
    """Rule, reason, evidence with all its digests, and where the whole of it is."""
    request = deciding.request(PROMOTE)
    result = deciding.act(request)
    evidence = Evidence.model_validate_json(deciding.services.blobs.read(request.evidence))
    [entry] = deciding.entries("decision")
    assert (result.decision.rule, result.decision.evidence_digest) == ("better", evidence.digest)
    assert entry.body["decision"] == result.decision.to_json()
    assert entry.body["evidence"] == {**evidence.to_json(), "slices": []}
    assert entry.body["evidence_at"] == deciding.services.blobs.url(request.evidence)
    assert (entry.subject, entry.run) == ("version 2", deciding.lifecycle)


def test_the_first_decision_stands_whatever_the_evidence_says_later(deciding: Deciding) -> None:
    """The process was gone after the decision was written; its repeat finds other evidence at the same place."""
    request, number = deciding.request(REJECT), 0
    while not deciding.entries("decision"):
        number += 1
        with pytest.raises(KilledError):
            deciding.act(request, Interrupted(deciding.services, last=number, after=True))
    assert deciding.entries("outcome") == []
    result = deciding.act(deciding.request(PROMOTE))
    assert (result.outcome, deciding.champion) == ("rejected", "1")
    assert (result.decision.rule, len(deciding.entries("decision"))) == ("worse", 1)


@pytest.mark.parametrize("verdicts", [PROMOTE, REJECT, FLAG], ids=["promote", "reject", "flag"])
def test_a_champion_that_has_moved_makes_it_void(deciding: Deciding, verdicts: Verdicts) -> None:
    """Nothing is done, no review opened, no content called decided on; the next round decides on fresh evidence."""
    request = deciding.request(verdicts)
    deciding.services.registry.set_alias(deciding.model, CHAMPION, "3")
    result = deciding.act(request)
    assert (result.outcome, result.champion_version, result.improve) == ("void", "3", None)
    assert (deciding.champion, deciding.reigns) == ("3", [])
    assert deciding.services.reviews.all(deciding.model) == ()
    assert not deciding.accepted("good.csv")
    assert deciding.act(request) == result
    fresh = deciding.act(deciding.request(PROMOTE, number=2, champion_version="3"))
    assert (fresh.outcome, deciding.champion) == ("promoted", "2")
    assert [entry.body["outcome"] for entry in deciding.entries("outcome")] == ["void", "promoted"]
    assert deciding.accepted("good.csv")


def test_a_void_decision_stays_void(deciding: Deciding) -> None:
    """The champion comes back by another's hand after the outcome was written: the repeat does not promote."""
    request = deciding.request(PROMOTE)
    deciding.services.registry.set_alias(deciding.model, CHAMPION, "3")
    deciding.act(request)
    deciding.services.registry.set_alias(deciding.model, CHAMPION, "1")
    assert deciding.act(request).outcome == "void"
    assert (deciding.champion, len(deciding.entries("outcome"))) == ("1", 1)


def test_a_champion_that_is_gone_makes_it_void(deciding: Deciding, mlflow_client: MlflowClient) -> None:
    """Nobody holds the alias any more: the evidence compared with a champion that is none."""
    mlflow_client.delete_registered_model_alias(deciding.model, CHAMPION)
    result = deciding.act(deciding.request(PROMOTE))
    assert (result.outcome, result.champion_version, deciding.champion) == ("void", None, None)


def test_a_promotion_undone_before_its_repeat_is_not_made_again(deciding: Deciding) -> None:
    """Promoted, rolled back by an incident, delivered again: the rollback stands."""
    request = deciding.request(PROMOTE)
    assert deciding.act(request).outcome == "promoted"
    move_champion(
        deciding.services,
        model=deciding.model,
        expected="2",
        version="1",
        run="incident",
        decided_by="rollback",
        kind="rollback",
    )
    assert deciding.act(request).outcome == "promoted"
    assert (deciding.champion, [version for version, _ in deciding.reigns]) == ("1", ["1", "2", "1"])


def test_a_flagged_decision_opens_one_review(deciding: Deciding) -> None:
    """With what it binds: the evidence, the policy, both versions."""
    request = deciding.request(FLAG)
    result = deciding.act(request)
    [review] = deciding.services.reviews.all(deciding.model)
    assert (review.review_id, review.state, review.rule) == (result.review_id, "open", "mixed")
    assert (review.challenger_version, review.champion_version) == ("2", "1")
    assert (review.evidence_digest, review.evidence) == (result.decision.evidence_digest, request.evidence)
    assert (review.policy_digest, review.spec_digest) == (deciding.spec.policy_digest, deciding.spec.digest)
    assert deciding.champion == "1"


def test_two_rounds_are_two_decisions(deciding: Deciding) -> None:
    """Each round of a run decides for itself, and opens its own review."""
    results = [deciding.act(deciding.request(FLAG, number)) for number in (1, 2)]
    assert len({result.review_id for result in results}) == 2
    assert len(deciding.entries("decision")) == 2


def test_what_is_flagged_in_an_ordered_improvement_opens_its_review(deciding: Deciding) -> None:
    """Nobody loses what is good in it: a person is asked about it, and the loop that was ordered tries more."""
    request = deciding.request(FLAG).model_copy(update={"improve": True})
    result = deciding.act(request)
    assert (result.outcome, result.improve) == ("flagged", deciding.spec.improvement)
    [review] = deciding.services.reviews.all(deciding.model)
    assert (review.review_id, review.state) == (result.review_id, "open")


def test_what_is_flagged_by_itself_starts_no_loop(deciding: Deciding) -> None:
    """A person is asked; nobody has ordered an improvement."""
    assert deciding.act(deciding.request(FLAG)).improve is None


def test_only_a_rule_that_the_spec_names_starts_the_loop(deciding: Deciding) -> None:
    """A challenger that merely loses is rejected; one that breaks a limit is worth another try."""
    assert deciding.act(deciding.request(REJECT)).improve is None
    broken = MetricComparison(
        name="r2", tracked=False, champion=0.9, challenger=0.4, difference=None, verdict="worse", broken_limit="r2 low"
    )
    result = deciding.act(deciding.request(REJECT, number=2, metrics=[broken]))
    assert (result.outcome, result.improve) == ("rejected", deciding.spec.improvement)


def test_a_version_in_quarantine_is_flagged(deciding: Deciding) -> None:
    """What was rolled back at night comes back by a person only."""
    deciding.services.registry.tag(deciding.model, "2", TAG_QUARANTINE, "i1")
    result = deciding.act(deciding.request(PROMOTE))
    assert (result.outcome, result.decision.rule, deciding.champion) == ("flagged", "quarantined", "1")


def test_a_challenger_that_was_deleted_is_refused(deciding: Deciding, mlflow_client: MlflowClient) -> None:
    """The registry refuses; the champion stays, and no outcome is claimed."""
    mlflow_client.delete_model_version(deciding.model, "2")
    with pytest.raises(ServiceRefusedError) as refused:
        deciding.act(deciding.request(PROMOTE))
    assert (refused.value.code, refused.value.retryable) == ("service_refused", False)
    assert (deciding.champion, deciding.entries("outcome")) == ("1", [])


@pytest.mark.parametrize("missing", ["manifest", "evidence"])
def test_a_reference_to_nothing_is_refused(deciding: Deciding, missing: str) -> None:
    """Somebody cleaned the container up: the error names the blob; no decision is made."""
    gone = BlobRef(container=EVIDENCE, name=f"{deciding.model}/gone.json")
    with pytest.raises(BlobMissingError) as refused:
        deciding.act(deciding.request(PROMOTE).model_copy(update={missing: gone}))
    assert (refused.value.code, refused.value.fields["url"].endswith(gone.name)) == ("blob_missing", True)
    assert deciding.entries("decision") == []


class _Down:
    """A registry that answers no more."""

    def version(self, *_: str) -> None:
        raise ServiceUnavailableError("MLflow", "503")


def test_an_outage_is_tried_again(deciding: Deciding) -> None:
    """It is raised, so that Durable calls again; nothing was decided."""
    down = cast("Services", Replaced(deciding.services, registry=_Down()))
    with pytest.raises(ServiceUnavailableError):
        deciding.act(deciding.request(PROMOTE), down)
    assert deciding.entries("decision") == []


def test_a_move_of_another_under_way_is_waited_for(deciding: Deciding) -> None:
    """A rollback has begun and not ended: neither void nor failed, but later."""
    registry = deciding.services.registry
    with pytest.raises(KilledError):
        move_champion(
            cast("Services", Interrupted(deciding.services, named="registry.set_alias")),
            model=deciding.model, expected="1", version="3", run="incident", decided_by="rollback", kind="rollback",
        )  # fmt: skip
    assert deciding.services.champions.moves(deciding.model)[-1].state == "begun"
    assert registry.version_of(deciding.model, CHAMPION) == "1"
    with pytest.raises(ConflictError, match="under way"):
        deciding.act(deciding.request(PROMOTE))
    assert deciding.entries("outcome") == []
