"""What the planner's rules read of the evidence, at the edges of what they ask."""

from collections.abc import Callable

import pytest

from agents.improvement.planner.context import PlannerContext
from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.loop import Budget, FeatureDrift, PlanningEvidence, Round
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.lifecycle.evidence import MetricComparison, SliceComparison, Verdict
from tests.support.refusals import figures

MakeEvidence = Callable[..., PlanningEvidence]
MakeRound = Callable[..., Round]

PLAN = Plan(action=AdjustTrainingWindow(days=365), rationale="r", expected_effect="e")


@pytest.mark.parametrize(
    ("job_runs", "dbu", "spent", "affordable"),
    [
        (1, 2.0, (2.0,), True),
        (0, 2.0, (2.0,), False),
        (1, 1.9, (2.0,), False),
        (1, 2.0, (1.0, 2.5), False),
        (1, 2.5, (1.0, 2.5), True),
        (1, 0.5, (), True),
        (1, 0.0, (), False),
        (1, 0.0, (0.0,), False),
    ],
)
def test_another_run_must_fit_what_is_left(
    make_evidence: MakeEvidence,
    make_round: MakeRound,
    job_runs: int,
    dbu: float,
    spent: tuple[float, ...],
    affordable: bool,
) -> None:
    """One job run, and as many DBU as the dearest round has cost; before the first round any DBU."""
    tried = tuple(
        make_round(PLAN, number, spent=Budget(job_runs=1, dbu=cost, tokens=0))
        for number, cost in enumerate(spent, start=1)
    )
    evidence = make_evidence(left=Budget(job_runs=job_runs, dbu=dbu), tried=tried)
    assert PlannerContext(evidence).affordable is affordable


def test_what_an_earlier_round_did_was_tried(make_evidence: MakeEvidence, make_round: MakeRound) -> None:
    """Also if its run failed; another window was not."""
    context = PlannerContext(make_evidence(tried=(make_round(PLAN, error="out of memory"),)))
    assert context.was_tried(PLAN.action)
    assert not context.was_tried(AdjustTrainingWindow(days=90))


@pytest.mark.parametrize(
    ("psi", "p", "moved"),
    [(0.249, 0.01, False), (0.25, 0.05, True), (0.25, 0.051, False), (0.9, None, False)],
)
def test_a_distribution_has_moved_by_much_and_beyond_its_season(
    make_evidence: MakeEvidence, psi: float, p: float | None, moved: bool
) -> None:
    """The target of a regression, and every feature; what an earlier release compared with all rows has not."""
    target = PlannerContext(make_evidence(drift=(FeatureDrift(feature="revenue", psi=psi, p=p),)))
    assert (target.target_moved, target.moved) == (moved, ())
    feature = PlannerContext(make_evidence(drift=(FeatureDrift(feature="temp", psi=psi, p=p),)))
    assert (feature.target_moved, [item.feature for item in feature.moved]) == (False, ["temp"] if moved else [])


def test_the_target_of_a_detector_does_not_move(make_evidence: MakeEvidence) -> None:
    """Its label is no distribution that could be followed."""
    drift = (FeatureDrift(feature="revenue", psi=0.9, p=0.01),)
    assert not PlannerContext(make_evidence(kind="anomaly_detection", drift=drift)).target_moved
    assert not PlannerContext(make_evidence(drift=())).target_moved


def test_features_are_named_the_most_moved_first(make_evidence: MakeEvidence) -> None:
    """Three of them, with figures; equal ones by name. The target is none of them."""
    figures = {"a": 0.3, "d": 0.6, "c": 0.6, "b": 0.4, "still": 0.2, "revenue": 0.9}
    context = PlannerContext(
        make_evidence(drift=tuple(FeatureDrift(feature=name, psi=psi, p=0.04) for name, psi in figures.items()))
    )
    assert [item.feature for item in context.moved] == ["c", "d", "b", "a"]
    assert context.moved_text.endswith("c (PSI 0.60, p 0.04), d (PSI 0.60, p 0.04), b (PSI 0.40, p 0.04)")


@pytest.mark.parametrize(
    ("drift", "said"),
    [
        ((), "no reference of the same season"),
        ((FeatureDrift(feature="revenue", psi=0.9, p=0.01),), "no reference of the same season"),
        ((FeatureDrift(feature="temp", psi=0.9),), "no reference of the same season"),
        (
            (FeatureDrift(feature="temp", psi=0.1, p=0.5), FeatureDrift(feature="hum", psi=0.2, p=0.012)),
            "(highest: hum, PSI 0.20, p 0.012)",
        ),
    ],
)
def test_without_a_moved_feature_the_highest_is_named(
    make_evidence: MakeEvidence, drift: tuple[FeatureDrift, ...], said: str
) -> None:
    """If there was a season to compare with; the target's own is told apart."""
    assert said in PlannerContext(make_evidence(drift=drift)).moved_text


def test_new_and_missing_values_are_named_apart(make_evidence: MakeEvidence) -> None:
    """They are no movement of what both seasons have."""
    drift = (
        FeatureDrift(feature="shop", psi=0.1, p=0.3, gone=0.05),
        FeatureDrift(feature="plan", psi=0.0, p=1.0, new=0.2),
    )
    said = PlannerContext(make_evidence(drift=drift)).moved_text
    assert said.endswith("; plan: new values in 20.0% of the rows; shop: values of 5.0% of last year's rows are gone")
    assert PlannerContext(make_evidence(drift=drift)).moved == ()


def test_the_targets_drift_is_the_largest_that_was_measured(make_evidence: MakeEvidence) -> None:
    """It may be measured twice."""
    drift = (FeatureDrift(feature="revenue", psi=0.2, p=0.01), FeatureDrift(feature="revenue", psi=0.61, p=0.02))
    assert "PSI 0.61, p 0.02; limits PSI 0.25 and p 0.05" in PlannerContext(make_evidence(drift=drift)).target_text


def _slice(column: str, value: str, verdict: Verdict) -> SliceComparison:
    return SliceComparison(
        column=column, value=value, rows=9, metric="rmse", champion=1.0, challenger=2.0, verdict=verdict
    )


def test_only_slices_that_are_worse_lose(make_evidence: MakeEvidence) -> None:
    """By column and value, and the columns alone."""
    slices = (_slice("weekend", "1", "worse"), _slice("season", "2", "equal"), _slice("weekend", "0", "worse"))
    context = PlannerContext(make_evidence(slices=slices))
    assert context.losing_slices == ("weekend = 1", "weekend = 0")
    assert context.losing_columns == {"weekend"}


def _metric(name: str, verdict: Verdict, *, tracked: bool = True, broken: str = "") -> MetricComparison:
    return MetricComparison(
        name=name,
        tracked=tracked,
        champion=2.0,
        challenger=None if verdict == "undefined" else 3.0,
        difference=None,
        verdict=verdict,
        broken_limit=broken,
    )


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ((), ["the challenger was not accepted"]),
        ((_metric("rmse", "better"), _metric("mae", "worse", tracked=False)), ["the challenger was not accepted"]),
        ((_metric("rmse", "worse"),), ["rmse = 3 is worse"]),
        ((_metric("rmse", "equal"),), ["rmse = 3 is within noise"]),
        (
            (_metric("rmse", "worse"), _metric("r2", "better", tracked=False, broken="r2 is too low")),
            ["r2 is too low", "rmse = 3 is worse"],
        ),
        (
            tuple(_metric(name, "worse", broken=f"{name} is too high") for name in ("rmse", "mae", "mape", "f1")),
            ["rmse is too high", "mae is too high", "mape is too high"],
        ),
    ],
)
def test_what_is_missed_is_said_with_its_figures(
    make_evidence: MakeEvidence, metrics: tuple[MetricComparison, ...], said: list[str]
) -> None:
    """Limits first, then what is tracked and does not beat the champion; three of them."""
    found = PlannerContext(make_evidence(metrics=metrics)).missed_text.split("; ")
    assert [line[: len(each)] for line, each in zip(found, said, strict=True)] == said
    assert all(figures(line) == ["3", "2"] for line in found if " = " in line)
