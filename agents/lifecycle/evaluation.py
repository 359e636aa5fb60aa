"""Champion against challenger: every metric with its interval, verdict and limits, and the slices."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agents.lifecycle.bootstrap import Array, paired_interval
from nightshift.domain.lifecycle import metrics
from nightshift.domain.lifecycle.evidence import Interval, MetricComparison, SliceComparison, Verdict
from nightshift.domain.platform.spec import Bootstrap, EvaluationPolicy, Metric


@dataclass(frozen=True)
class Predictions:
    """Both models on the holdout, rows in order of time.

    Attributes:
        truth: shape (n,); NaN where unknown.
        challenger: shape (n,).
        champion: shape (n,), or None without a champion.
        slices: column name -> values of shape (n,) as text.
    """

    truth: Array
    challenger: Array
    champion: Array | None
    slices: dict[str, npt.NDArray[np.str_]]


def compare(predictions: Predictions, policy: EvaluationPolicy) -> tuple[MetricComparison, ...]:
    """Compare both models on every metric of the policy."""
    return tuple(_compare_metric(metric, predictions, policy.bootstrap) for metric in policy.metrics)


def compare_slices(predictions: Predictions, policy: EvaluationPolicy) -> tuple[SliceComparison, ...]:
    """Compare both models by the first tracked metric within each slice that has enough rows."""
    metric = next(metric for metric in policy.metrics if metric.tracked)
    found = []
    for item in policy.slices:
        column = predictions.slices[item.column]
        for value in np.unique(column):
            inside = column == value
            if inside.sum() < item.min_rows:
                continue
            part = Predictions(
                truth=predictions.truth[inside],
                challenger=predictions.challenger[inside],
                champion=None if predictions.champion is None else predictions.champion[inside],
                slices={},
            )
            result = _compare_metric(metric, part, policy.bootstrap)
            found.append(
                SliceComparison(
                    column=item.column,
                    value=str(value),
                    rows=int(inside.sum()),
                    metric=metric.name,
                    champion=result.champion,
                    challenger=result.challenger,
                    verdict=result.verdict,
                )
            )
    return tuple(found)


def _compare_metric(metric: Metric, predictions: Predictions, settings: Bootstrap) -> MetricComparison:
    challenger = metrics.value(metric.name, predictions.truth, predictions.challenger)
    champion: float | None = None
    difference: Interval | None = None
    verdict: Verdict = "undefined" if challenger is None else "unopposed"
    if predictions.champion is not None:
        champion = metrics.value(metric.name, predictions.truth, predictions.champion)
        if challenger is not None and champion is not None:
            difference = paired_interval(
                metric.name, predictions.truth, predictions.champion, predictions.challenger, settings
            )
        verdict = (
            "undefined" if difference is None else _verdict(difference, metrics.METRICS[metric.name].higher_is_better)
        )
    return MetricComparison(
        name=metric.name,
        tracked=metric.tracked,
        champion=champion,
        challenger=challenger,
        difference=difference,
        verdict=verdict,
        broken_limit=_broken_limit(metric, challenger),
    )


def _verdict(difference: Interval, higher_is_better: bool) -> Verdict:
    if difference.low > 0:
        return "better" if higher_is_better else "worse"
    if difference.high < 0:
        return "worse" if higher_is_better else "better"
    return "equal"


def _broken_limit(metric: Metric, challenger: float | None) -> str:
    if metric.minimum is None and metric.maximum is None:
        return ""
    if challenger is None:
        return f"{metric.name} is undefined and has a limit"
    if metric.minimum is not None and challenger < metric.minimum:
        return f"{metric.name} = {challenger:.4g} is below the minimum {metric.minimum:.4g}"
    if metric.maximum is not None and challenger > metric.maximum:
        return f"{metric.name} = {challenger:.4g} is above the maximum {metric.maximum:.4g}"
    return ""
