"""The planner's table: which plan for which evidence, and never one that is tried, forbidden or too dear."""

from collections.abc import Callable

import pytest

from agents.planner.rules import RULES, plan_by_rules
from domain.evidence import SliceComparison
from domain.improvement import Budget, FeatureDrift, PlanningEvidence, Round
from domain.plan import (
    AdjustTrainingWindow,
    AugmentData,
    ExponentialWeighting,
    Plan,
    RetrainWithFeatures,
    TuneHyperparameters,
)
from domain.plan_bounds import PlanBounds

MakeEvidence = Callable[..., PlanningEvidence]
MakeRound = Callable[..., Round]


def _all_plans(evidence: PlanningEvidence, make_round: MakeRound) -> list[Plan]:
    found: list[Plan] = []
    while (plan := plan_by_rules(evidence)) is not None:
        found.append(plan)
        evidence = evidence.model_copy(update={"tried": (*evidence.tried, make_round(plan, len(found)))})
    return found


def test_a_shifted_target_is_followed_slowly_then_by_features_then_by_the_window(
    make_evidence: MakeEvidence, make_round: MakeRound
) -> None:
    """The story of the demo: a half-life of 180 days, then earlier values of the target, then less past."""
    first, second, third, *_ = _all_plans(make_evidence(), make_round)
    assert [first.action, second.action, third.action] == [
        AugmentData(weighting=ExponentialWeighting(half_life_days=180)),
        RetrainWithFeatures(feature_groups=("demand_level", "recent_demand")),
        AdjustTrainingWindow(days=180),
    ]


def test_the_rationale_holds_the_numbers(make_evidence: MakeEvidence) -> None:
    """A person reads which figures led to the plan."""
    plan = plan_by_rules(make_evidence())
    assert plan is not None
    assert plan.rationale == (
        "target_level_shift: the distribution of revenue has moved (PSI 0.61, limit 0.25);"
        " r2 = 0.241 is below the minimum 0.5; recent rows should count more"
    )


@pytest.mark.parametrize(
    ("drift", "kind"),
    [
        ((), TuneHyperparameters),
        ((FeatureDrift(feature="temp", psi=0.1),), TuneHyperparameters),
        ((FeatureDrift(feature="temp", psi=0.3),), AugmentData),
        ((FeatureDrift(feature="revenue", psi=0.2),), TuneHyperparameters),
    ],
)
def test_without_a_shifted_target_the_inputs_decide(
    make_evidence: MakeEvidence, drift: tuple[FeatureDrift, ...], kind: type
) -> None:
    """Drift of features asks for weighting, no drift for a search."""
    plan = plan_by_rules(make_evidence(drift=drift))
    assert plan is not None
    assert type(plan.action) is kind


def test_a_losing_slice_asks_for_its_interaction(make_evidence: MakeEvidence) -> None:
    """The group that holds the slice's column is chosen."""
    losing = SliceComparison(
        column="workingday", value="0", rows=300, metric="rmse", champion=100, challenger=150, verdict="worse"
    )
    plan = plan_by_rules(make_evidence(drift=(), slices=(losing,)))
    assert plan is not None
    assert plan.action == RetrainWithFeatures(feature_groups=("comfort",))
    assert "workingday = 0" in plan.rationale


def test_every_plan_of_a_long_loop_is_new_and_allowed(make_evidence: MakeEvidence, make_round: MakeRound) -> None:
    """The table runs out after finitely many plans, none twice, none outside the bounds."""
    evidence = make_evidence()
    plans = _all_plans(evidence, make_round)
    assert len(plans) == len({plan.fingerprint for plan in plans}) == 8
    assert [evidence.bounds.check(plan) for plan in plans] == [()] * len(plans)


def test_a_detector_is_tuned_or_windowed_only(make_evidence: MakeEvidence, make_round: MakeRound) -> None:
    """Groups and weights mean nothing to it, even if the bounds name them."""
    evidence = make_evidence(kind="anomaly_detection", target="label", drift=(FeatureDrift(feature="n", psi=0.5),))
    assert [plan.action.kind for plan in _all_plans(evidence, make_round)] == [
        "adjust_training_window",
        "tune_hyperparameters",
    ]


def test_a_detector_without_drift_is_tuned_first(make_evidence: MakeEvidence, detector_bounds: PlanBounds) -> None:
    """The cut is searched before the past is thrown away."""
    plan = plan_by_rules(make_evidence(kind="anomaly_detection", target="label", drift=(), bounds=detector_bounds))
    assert plan is not None
    assert plan.action.kind == "tune_hyperparameters"


def test_no_action_allowed_is_no_plan(make_evidence: MakeEvidence) -> None:
    """A spec that allows nothing gets nothing."""
    assert plan_by_rules(make_evidence(bounds=PlanBounds())) is None


@pytest.mark.parametrize("left", [Budget(job_runs=0), Budget(dbu=0), Budget(dbu=1)])
def test_no_plan_beyond_the_budget(make_evidence: MakeEvidence, make_round: MakeRound, left: Budget) -> None:
    """No job run, no DBU, or fewer than the dearest round has cost: None."""
    first = plan_by_rules(make_evidence())
    assert first is not None
    assert plan_by_rules(make_evidence(left=left, tried=(make_round(first),))) is None


def test_equal_evidence_gives_an_equal_plan(make_evidence: MakeEvidence) -> None:
    """The rules are deterministic, the seed of a search included."""
    assert plan_by_rules(make_evidence(drift=())) == plan_by_rules(make_evidence(drift=()))


def test_rules_have_names_of_their_own() -> None:
    """A rationale names one rule."""
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
