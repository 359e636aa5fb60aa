"""The critic in the loop: looks at the holdout are counted, a judgement stands, and the gate acts on it."""

import pytest
from mlflow import MlflowClient

from agents.lifecycle.holdout_spending import confidence_at_interim_look
from nightshift.domain.ledger.ledger import LedgerRecord
from nightshift.domain.platform.errors import BadInputError, BlobMissingError
from nightshift.domain.platform.names import CHAMPION
from nightshift.wiring.services import LazyServices
from tests.support.improving import BAD, GOOD, Improving

pytestmark = pytest.mark.xdist_group("mlflow")


@pytest.fixture
def loop(services: LazyServices, mlflow_client: MlflowClient, model: str) -> Improving:
    """A rejected challenger of a model of this test's own."""
    return Improving(services, mlflow_client, model)


def test_a_challenger_that_misses_a_limit_is_tried_again(loop: Improving) -> None:
    """The judgement is in the ledger before anybody acts on it, with plan, look and evidence."""
    result, criticism = loop.round(BAD)
    assert (criticism.judgement, criticism.rule) == ("retry", "limit_missed")
    assert criticism.feedback.gaps[0].metric == "r2"
    (entry,) = loop.services.ledger.of_kind(loop.model, "criticism")
    assert entry.body["criticism"] == criticism.to_json()
    assert entry.body["evidence_digest"] == result.summary.digest
    assert (entry.key, entry.run, entry.body["look"]) == (f"{loop.run}:criticism:1", loop.run, 1)
    assert entry.body["plan"]["action"]["days"] == 61


def test_significance_is_spent_over_the_rounds(loop: Improving) -> None:
    """Each look is judged more strictly than the one before."""
    looks = [loop.round(error) for error in (BAD, BAD - 5, BAD - 10)]
    wanted = [confidence_at_interim_look(0.95, look) for look in (1, 2, 3)]
    assert [result.look for result, _ in looks] == [1, 2, 3]
    assert [criticism.confidence for _, criticism in looks] == wanted


def test_significance_is_spent_over_challengers_of_other_loops(loop: Improving) -> None:
    """The same rows were looked at twice last week: this loop's first look is the third."""
    loop.round(BAD)
    loop.round(BAD)
    loop.run, loop.rounds = f"improvement-{loop.model}-2", []
    assert loop.round(BAD)[0].look == 3
    # Other rows are another holdout, whatever was tried on these.
    assert loop.round(BAD, holdout="holdout-2")[0].look == 1
    assert loop.round(BAD)[0].look == 4


def test_a_look_of_a_newer_release_counts(loop: Improving) -> None:
    """Its planner knew an action that this release does not: of the entry only the holdout is read."""
    result, _ = loop.round(BAD)
    (entry,) = loop.services.ledger.of_kind(loop.model, "criticism")
    newer = {**entry.body, "plan": {"action": {"kind": "distil", "teacher": "7"}}}
    loop.services.ledger.append(
        LedgerRecord(**{**entry.model_dump(include=set(LedgerRecord.model_fields)), "key": "newer", "body": newer})
    )
    assert (result.look, loop.round(BAD)[0].look) == (1, 3)


def test_the_lifecycles_own_interim_look_is_not_one_of_the_loop(loop: Improving) -> None:
    """It is judged at the confidence that the spec states."""
    assert loop.evaluate(0, run=loop.lifecycle).look == 0


def test_a_repeated_round_is_one_interim_look(loop: Improving) -> None:
    """Each step is delivered again before and after its result is known: one entry, one look, one judgement."""
    loop.score(1, BAD)
    first = loop.evaluate(1)
    assert loop.evaluate(1) == first
    judged = loop.evaluate_round(first)
    assert loop.evaluate(1) == first
    assert loop.judge(first) == judged
    assert len(loop.services.ledger.of_kind(loop.model, "criticism")) == 1
    assert loop.round(BAD)[0].look == 2


def test_a_late_repeat_leaves_the_evidence_as_it_was(loop: Improving) -> None:
    """Rounds later the first evaluation is delivered once more: its evidence keeps its bytes, its look its number."""
    first, _ = loop.round(BAD)
    before = loop.services.blobs.read(first.evidence)
    loop.round(BAD)
    assert loop.evaluate(1) == first
    assert loop.services.blobs.read(first.evidence) == before


def test_the_first_judgement_stands(loop: Improving) -> None:
    """A repeat that would judge otherwise, because the world has changed, keeps to what is in the ledger."""
    result, first = loop.round(BAD)
    loop.score(2, GOOD)
    again = loop.judge(loop.evaluate(2))
    assert result.look == 1
    assert again.criticism == first


def test_a_round_without_evidence_is_no_interim_look(loop: Improving) -> None:
    """A job that fails is tried once more; it has seen no holdout."""
    judged = loop.evaluate_round(None, error="job_failed: ValueError: too few rows")
    assert (judged.criticism.judgement, judged.criticism.rule) == ("retry", "run_failed")
    assert "too few rows" in judged.criticism.feedback.likely_reason
    (entry,) = loop.services.ledger.of_kind(loop.model, "criticism")
    assert (entry.body["evaluation_set_digest"], entry.body["evidence_digest"], entry.body["look"]) == ("", None, 0)
    assert entry.subject == "round 1"
    assert loop.round(BAD)[0].look == 1


def test_two_failed_jobs_end_the_loop(loop: Improving) -> None:
    """Not in a row only: what fails twice is for a person."""
    loop.evaluate_round(None, error="job_failed: no memory")
    loop.round(BAD)
    judged = loop.evaluate_round(None, error="job_failed: no memory")
    assert (judged.criticism.judgement, judged.criticism.rule) == ("reject", "run_failed_twice")


def test_predictions_that_are_no_numbers_are_a_round_without_evidence(loop: Improving) -> None:
    """The evaluation says how many; the critic hears it as the round's error."""
    loop.score(1, float("nan"))
    with pytest.raises(BadInputError) as refused:
        loop.evaluate(1)
    assert (refused.value.code, refused.value.fields["value"]) == ("bad_input", "480 rows")
    judged = loop.evaluate_round(None, error=f"{refused.value.code}: {refused.value.message}")
    assert judged.criticism.rule == "run_failed"


def test_predictions_that_are_missing_are_named(loop: Improving) -> None:
    """A job that logs another column has not scored the challenger."""
    loop.score(1, GOOD, column="prediction")
    with pytest.raises(BadInputError) as refused:
        loop.evaluate(1)
    assert refused.value.code == "bad_input"
    assert "columns challenger must" in refused.value.fields["rule"]


def test_a_metric_without_a_value_ends_the_loop(loop: Improving) -> None:
    """R2 of a constant is undefined: no further plan would be judged better."""
    _, criticism = loop.round(GOOD, truth=100.0)
    assert (criticism.judgement, criticism.rule) == ("reject", "metric_undefined")
    assert "r2" in criticism.reason


def test_what_is_accepted_passes_the_gate_and_its_data_counts_as_promoted(loop: Improving) -> None:
    """The lifecycle rejected on the same content: what was made good of it says how new the next upload must be."""
    rejected = loop.decide(loop.start, 0, run=loop.lifecycle)
    assert (rejected.outcome, rejected.improve) == ("rejected", loop.spec.improvement)
    assert not any(item.newest for item in loop.services.datasets.accepted(loop.model))
    result, criticism = loop.round(GOOD)
    assert (criticism.judgement, criticism.rule) == ("accept", "accepted")
    decided = loop.decide(result.evidence, 1)
    assert (decided.outcome, decided.champion_version, decided.improve) == ("promoted", "3", None)
    assert loop.services.registry.version_of(loop.model, CHAMPION) == "3"
    assert [item.newest for item in loop.services.datasets.accepted(loop.model)] == ["2012-12-31T23:00:00"]
    assert loop.decide(result.evidence, 1) == decided
    assert len(loop.services.champions.moves(loop.model)) == 2


def test_a_lost_evidence_is_refused_and_is_no_judgement(loop: Improving) -> None:
    """Nothing is written into the ledger about what nobody could read."""
    loop.score(1, BAD)
    result = loop.evaluate(1)
    gone = result.model_copy(update={"evidence": result.evidence.model_copy(update={"name": "runs/gone.json"})})
    with pytest.raises(BlobMissingError) as refused:
        loop.evaluate_round(gone)
    assert (refused.value.code, refused.value.fields["url"].endswith("gone.json")) == ("blob_missing", True)
    assert loop.services.ledger.of_kind(loop.model, "criticism") == ()
