"""Verdicts per metric and slice, and absolute limits."""

import numpy as np
import pytest

from agents.lifecycle.evaluation import Predictions, compare, compare_slices
from nightshift.domain.platform.spec import Bootstrap, EvaluationPolicy, Metric, Slice

FAST = Bootstrap(resamples=300)


def _predictions(champion_noise: float | None, challenger_noise: float, seed: int = 1) -> Predictions:
    generator = np.random.default_rng(seed)
    truth = generator.normal(100, 30, 800)
    return Predictions(
        truth=truth,
        challenger=truth + generator.normal(0, challenger_noise, 800),
        champion=None if champion_noise is None else truth + generator.normal(0, champion_noise, 800),
        slices={"weekend": np.where(np.arange(800) % 7 < 2, "1", "0")},
    )


def _verdicts(predictions: Predictions, *names: str) -> dict[str, str]:
    metrics = tuple(Metric.model_validate({"name": name}) for name in names)
    policy = EvaluationPolicy(metrics=metrics, bootstrap=FAST)
    return {item.name: item.verdict for item in compare(predictions, policy)}


def test_a_clearly_better_challenger_is_better_whichever_way_the_metric_points() -> None:
    """Lower RMSE and higher R2 are both an improvement."""
    assert _verdicts(_predictions(20, 10), "rmse", "r2") == {"rmse": "better", "r2": "better"}


def test_a_clearly_worse_challenger_is_worse_whichever_way_the_metric_points() -> None:
    """Higher RMSE and lower R2 are both a regression."""
    assert _verdicts(_predictions(10, 20), "rmse", "r2") == {"rmse": "worse", "r2": "worse"}


def test_within_noise_is_equal() -> None:
    """Two models of the same quality are equal, even if one number is smaller."""
    assert _verdicts(_predictions(10, 10), "rmse") == {"rmse": "equal"}


@pytest.mark.parametrize("name", ["rmse", "r2"])
def test_two_models_that_predict_the_same_are_equal(name: str) -> None:
    """Every resample differs by 0: an interval that touches 0 says neither better nor worse."""
    predictions = _predictions(10, 10)
    same = Predictions(predictions.truth, predictions.challenger, predictions.challenger, {})
    policy = EvaluationPolicy(metrics=(Metric.model_validate({"name": name}),), bootstrap=FAST)
    (found,) = compare(same, policy)
    assert found.difference is not None
    assert (found.difference.low, found.difference.high, found.verdict) == (0.0, 0.0, "equal")


def test_without_champion_the_challenger_is_unopposed() -> None:
    """The first model has nobody to beat."""
    assert _verdicts(_predictions(None, 10), "rmse") == {"rmse": "unopposed"}


def test_limits_name_metric_value_and_bound() -> None:
    """A broken limit says by what."""
    policy = EvaluationPolicy(
        metrics=(Metric(name="rmse", maximum=5.0), Metric(name="r2", minimum=0.5)), bootstrap=FAST
    )
    broken = {item.name: item.broken_limit for item in compare(_predictions(None, 10), policy)}
    assert broken["rmse"].startswith("rmse = ")
    assert broken["rmse"].endswith("is above the maximum 5")
    assert broken["r2"] == ""


@pytest.mark.parametrize(
    ("limit", "broken"),
    [
        (Metric(name="rmse", maximum=2.0), False),
        (Metric(name="rmse", maximum=1.9), True),
        (Metric(name="recall", minimum=0.5), False),
        (Metric(name="recall", minimum=0.6), True),
    ],
)
def test_a_metric_at_its_limit_is_within_it(limit: Metric, broken: bool) -> None:
    """Every prediction errs by 2, so RMSE is 2; of two anomalies one is flagged, so recall is 1/2."""
    truth = np.array([1.0, 1.0, 0.0, 0.0])
    challenger = truth + 2 if limit.name == "rmse" else np.array([1.0, 0.0, 0.0, 0.0])
    policy = EvaluationPolicy(metrics=(limit,), bootstrap=FAST)
    (found,) = compare(Predictions(truth, challenger, None, {}), policy)
    assert (found.challenger, bool(found.broken_limit)) == (2.0 if limit.name == "rmse" else 0.5, broken)


def test_an_undefined_metric_with_a_limit_breaks_it() -> None:
    """What cannot be measured cannot be said to be within its limit."""
    predictions = Predictions(np.full(20, np.nan), np.ones(20), None, {})
    policy = EvaluationPolicy(metrics=(Metric(name="recall", minimum=0.5),), bootstrap=FAST)
    (result,) = compare(predictions, policy)
    assert result.verdict == "undefined"
    assert result.broken_limit.startswith("recall is undefined")


def test_a_losing_slice_is_found_behind_a_better_whole() -> None:
    """Better on weekdays and worse on weekends shows as exactly that."""
    predictions = _predictions(20, 5)
    weekend = predictions.slices["weekend"] == "1"
    challenger = np.where(weekend, predictions.truth + 60, predictions.challenger)
    policy = EvaluationPolicy(metrics=(Metric(name="mae"),), bootstrap=FAST, slices=(Slice(column="weekend"),))
    found = compare_slices(Predictions(predictions.truth, challenger, predictions.champion, predictions.slices), policy)
    assert {item.value: item.verdict for item in found} == {"0": "better", "1": "worse"}


def test_slices_with_too_few_rows_are_left_out() -> None:
    """A handful of rows proves nothing."""
    policy = EvaluationPolicy(
        metrics=(Metric(name="mae"),), bootstrap=FAST, slices=(Slice(column="weekend", min_rows=500),)
    )
    assert [item.value for item in compare_slices(_predictions(20, 5), policy)] == ["0"]


@pytest.mark.parametrize(("rows", "compared"), [(99, {"a", "b", "c"}), (100, {"a", "b", "c"}), (101, {"a", "c"})])
def test_a_slice_of_just_enough_rows_is_compared(rows: int, compared: set[str]) -> None:
    """100 of the 800 rows; the one after it is compared whether or not it is."""
    predictions = _predictions(20, 5)
    column = np.array(["a"] * 400 + ["b"] * 100 + ["c"] * 300)
    policy = EvaluationPolicy(
        metrics=(Metric(name="mae"),), bootstrap=FAST, slices=(Slice(column="part", min_rows=rows),)
    )
    found = compare_slices(
        Predictions(predictions.truth, predictions.challenger, predictions.champion, {"part": column}), policy
    )
    assert {item.value: item.rows for item in found} == {
        name: count for name, count in (("a", 400), ("b", 100), ("c", 300)) if name in compared
    }
