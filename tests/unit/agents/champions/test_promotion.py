"""The promotion table: every rule, and their order."""

from typing import Any

import pytest

from agents.champions.promotion import decide
from nightshift.domain.lifecycle.evidence import Evidence, MetricComparison, SliceComparison, Verdict
from nightshift.domain.lifecycle.training_overlap import TrainingOverlap
from nightshift.domain.platform.spec import EvaluationPolicy, Metric, Slice
from tests.support.evidence_examples import make_evidence

POLICY = EvaluationPolicy(metrics=(Metric(name="rmse"),), slices=(Slice(column="weekend", max_worse_fraction=0.2),))


_SPOILED = TrainingOverlap(known_by="rows", rows=90, left_out=False)


def _metric(verdict: Verdict, *, name: str = "rmse", tracked: bool = True, broken: str = "") -> MetricComparison:
    return MetricComparison(
        name=name,
        tracked=tracked,
        champion=None if verdict == "unopposed" else 2.0,
        challenger=1.0,
        difference=None,
        verdict=verdict,
        broken_limit=broken,
    )


def _evidence(
    *metrics: MetricComparison,
    champion: str | None = "1",
    slices: tuple[SliceComparison, ...] = (),
    overlap: TrainingOverlap | None = None,
) -> Evidence:
    return make_evidence(*metrics, champion_version=champion, slices=slices, overlap=overlap)


def _slice(challenger: float | None, champion: float | None = 10.0, verdict: Verdict = "worse") -> SliceComparison:
    return SliceComparison(
        column="weekend",
        value="1",
        rows=50,
        metric="rmse",
        champion=champion,
        challenger=challenger,
        verdict=verdict,
    )


@pytest.mark.parametrize(
    ("evidence", "action", "rule"),
    [
        (_evidence(_metric("unopposed"), champion=None), "promote", "first_champion"),
        (_evidence(_metric("unopposed", broken="too high"), champion=None), "reject", "limit_broken"),
        (_evidence(_metric("undefined"), champion=None), "flag", "undefined_metric"),
        (_evidence(_metric("better", broken="too high")), "reject", "limit_broken"),
        (
            _evidence(_metric("better"), _metric("equal", name="mae", tracked=False, broken="x")),
            "reject",
            "limit_broken",
        ),
        (_evidence(_metric("better"), _metric("undefined", name="mape")), "flag", "undefined_metric"),
        (_evidence(_metric("better"), _metric("worse", name="mape")), "flag", "mixed"),
        (_evidence(_metric("worse"), _metric("equal", name="mape")), "reject", "worse"),
        (_evidence(_metric("worse"), overlap=_SPOILED), "flag", "judged_on_training_rows"),
        (_evidence(_metric("undefined"), overlap=_SPOILED), "flag", "judged_on_training_rows"),
        (_evidence(_metric("worse", broken="too high"), overlap=_SPOILED), "reject", "limit_broken"),
        (_evidence(_metric("worse"), overlap=TrainingOverlap(known_by="rows", rows=30)), "reject", "worse"),
        (_evidence(_metric("better"), overlap=TrainingOverlap(known_by="nothing")), "promote", "better"),
        (_evidence(_metric("equal"), _metric("equal", name="mape")), "reject", "no_improvement"),
        (_evidence(_metric("better"), slices=(_slice(13.0),)), "flag", "slice_regressed"),
        (_evidence(_metric("better"), slices=(_slice(11.0),)), "promote", "better"),
        (_evidence(_metric("better"), _metric("equal", name="mape")), "promote", "better"),
        (_evidence(_metric("better"), _metric("worse", name="mape", tracked=False)), "promote", "better"),
    ],
)
def test_the_first_rule_that_holds_decides(evidence: Evidence, action: str, rule: str) -> None:
    """Each situation has one action, and the decision names its rule."""
    decision = decide(evidence, POLICY)
    assert (decision.action, decision.rule) == (action, rule)


LOSS = "version 1 was champion, and both the alias and the version are gone"


@pytest.mark.parametrize(
    ("champion", "challenger", "rule"),
    [
        (10.0, 12.0, "better"),
        (10.0, 12.1, "slice_regressed"),
        (-10.0, -12.0, "better"),
        (-10.0, -13.0, "slice_regressed"),
        (0.0, 1.0, "slice_regressed"),
        (None, 1.0, "slice_regressed"),
        (10.0, None, "slice_regressed"),
    ],
)
def test_a_slice_may_be_worse_by_the_fraction_that_the_spec_allows(
    champion: float | None, challenger: float | None, rule: str
) -> None:
    """0.2 of the champion's own size: 2 of 10 is allowed, and 3 of -10 is 0.3. Of nothing no fraction is."""
    decision = decide(_evidence(_metric("better"), slices=(_slice(challenger, champion),)), POLICY)
    assert decision.rule == rule


def test_a_slice_that_is_not_worse_costs_nothing() -> None:
    """Beyond the fraction, and within noise."""
    decision = decide(_evidence(_metric("better"), slices=(_slice(13.0, verdict="equal"),)), POLICY)
    assert decision.rule == "better"


@pytest.mark.parametrize(
    ("evidence", "given", "action", "rule"),
    [
        (_evidence(_metric("better")), {"quarantined_by": "i1"}, "flag", "quarantined"),
        (_evidence(_metric("worse")), {"quarantined_by": "i1"}, "reject", "worse"),
        (_evidence(_metric("unopposed"), champion=None), {"loss": LOSS}, "flag", "champion_lost"),
        (_evidence(_metric("unopposed", broken="x"), champion=None), {"loss": LOSS}, "reject", "limit_broken"),
        (_evidence(_metric("better")), {"loss": LOSS}, "promote", "better"),
    ],
)
def test_what_only_a_person_may_promote_is_flagged(
    evidence: Evidence, given: dict[str, str], action: str, rule: str
) -> None:
    """What was rolled back, and what has no champion to beat although there was one; a rejection stays one."""
    decision = decide(evidence, POLICY, **given)
    assert (decision.action, decision.rule) == (action, rule)


def test_a_decision_binds_the_evidence_that_it_was_made_on() -> None:
    """The digest is that of the whole evidence, and changes with any part of it."""
    evidence = _evidence(_metric("better"))
    decision = decide(evidence, POLICY)
    assert decision.evidence_digest == evidence.digest
    assert decide(evidence.model_copy(update={"rows": 101}), POLICY).evidence_digest != decision.evidence_digest


def test_the_reason_names_the_metrics_on_both_sides() -> None:
    """A person reads what is better and what is worse."""
    decision = decide(_evidence(_metric("better"), _metric("worse", name="mape")), POLICY)
    assert (decision.action, decision.rule) == ("flag", "mixed")
    assert decision.reason.index("rmse") < decision.reason.index("mape")


@pytest.mark.parametrize(
    ("known_by", "said"), [("rows", "90 of the 100 rows were"), ("time", "90 of the 100 rows may")]
)
def test_what_is_known_of_training_rows_is_said_as_far_as_it_is_known(known_by: Any, said: str) -> None:
    """By the rows themselves, or only by their time."""
    overlap = TrainingOverlap(known_by=known_by, rows=90, left_out=False)
    assert said in decide(_evidence(_metric("worse"), overlap=overlap), POLICY).reason
