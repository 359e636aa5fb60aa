"""Every metric: its kind of model, which way it is better, and its formula. A further one is an entry of ``METRICS``.

A formula is given by per-row statistics whose means determine the metric, so that a bootstrap resample costs one
weighted mean. The app decides by these formulas, and training logs and searches by them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

Kind = Literal["regression", "anomaly_detection"]


@dataclass(frozen=True)
class MetricDefinition:
    """A metric.

    Attributes:
        kind: of the models that it measures.
        statistics: (truth, prediction), each of shape (n,) -> k per-row statistics of shape (n,).
        combine: the k means of these -> the metric; NaN where it is undefined.
        needs_truth: whether rows without truth (NaN) are left out.
    """

    kind: Kind
    higher_is_better: bool
    statistics: "Callable[[Array, Array], tuple[npt.NDArray[np.float64 | np.bool_], ...]]"
    combine: "Callable[..., Array]"
    needs_truth: bool = True

    def per_row(self, truth: "Array", prediction: "Array") -> "Array":
        """The statistics of each row, shape (n, k)."""
        import numpy as np

        return np.stack(self.statistics(truth, prediction), axis=1).astype(np.float64)

    def of_means(self, means: "Array") -> "Array":
        """The metric of each row of means: shape (..., k) -> shape (...)."""
        import numpy as np

        return self.combine(*np.moveaxis(means, -1, 0))


def value(name: str, truth: "Array", prediction: "Array") -> float | None:
    """A metric over all rows; None where it is undefined."""
    import numpy as np

    metric = METRICS[name]
    if metric.needs_truth:
        known = ~np.isnan(truth)
        truth, prediction = truth[known], prediction[known]
    if truth.size == 0:
        return None
    result = float(metric.of_means(metric.per_row(truth, prediction).mean(axis=0)))
    return result if np.isfinite(result) else None


def names_of(kind: Kind) -> tuple[str, ...]:
    """The metrics of a kind of model."""
    return tuple(name for name, metric in METRICS.items() if metric.kind == kind)


def measure(kind: Kind, truth: "Array", prediction: "Array") -> dict[str, float]:
    """The metrics of a kind of model over all rows; one that is undefined on these rows is left out."""
    found = ((name, value(name, truth, prediction)) for name in names_of(kind))
    return {name: number for name, number in found if number is not None}


def _root(mean: "Array") -> "Array":
    import numpy as np

    return np.sqrt(mean)


def _ratio(numerator: "Array", denominator: "Array") -> "Array":
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def _relative_errors(truth: "Array", prediction: "Array") -> "tuple[Array, npt.NDArray[np.bool_]]":
    import numpy as np

    counted = truth != 0
    relative = np.zeros_like(truth)
    relative[counted] = abs(prediction - truth)[counted] / abs(truth[counted])
    return relative, counted


def _squares(truth: "Array", prediction: "Array") -> "tuple[Array, Array, Array]":
    # A variance is the same around any value. Around one of the rows, large values of little variance lose no digits.
    level = truth - truth[:1]
    return (prediction - truth) ** 2, level, level**2


def _confusion(truth: "Array", prediction: "Array") -> "tuple[npt.NDArray[np.bool_], ...]":
    """True positives, false positives, false negatives."""
    positive, flagged = truth > 0.5, prediction > 0.5
    return positive & flagged, ~positive & flagged, positive & ~flagged


METRICS: dict[str, MetricDefinition] = {
    # Root mean squared error, in the unit of the target.
    "rmse": MetricDefinition(
        kind="regression",
        higher_is_better=False,
        statistics=lambda truth, prediction: ((prediction - truth) ** 2,),
        combine=_root,
    ),
    # Mean absolute error, in the unit of the target.
    "mae": MetricDefinition(
        kind="regression",
        higher_is_better=False,
        statistics=lambda truth, prediction: (abs(prediction - truth),),
        combine=lambda error: error,
    ),
    # Coefficient of determination, 1 - SSE / SST; undefined where the truth does not vary.
    "r2": MetricDefinition(
        kind="regression",
        higher_is_better=True,
        statistics=_squares,
        combine=lambda error, level, square: 1 - _ratio(error, square - level**2),
    ),
    # Mean absolute percentage error as a fraction (0.1 is 10 %); rows whose truth is 0 are left out.
    "mape": MetricDefinition(
        kind="regression",
        higher_is_better=False,
        statistics=_relative_errors,
        combine=_ratio,
    ),
    # Share of flagged rows that are anomalies; undefined where nothing is flagged.
    "precision": MetricDefinition(
        kind="anomaly_detection",
        higher_is_better=True,
        statistics=_confusion,
        combine=lambda hits, false_alarms, _missed: _ratio(hits, hits + false_alarms),
    ),
    # Share of anomalies that are flagged; undefined where there is none.
    "recall": MetricDefinition(
        kind="anomaly_detection",
        higher_is_better=True,
        statistics=_confusion,
        combine=lambda hits, _false_alarms, missed: _ratio(hits, hits + missed),
    ),
    # Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).
    "f1": MetricDefinition(
        kind="anomaly_detection",
        higher_is_better=True,
        statistics=_confusion,
        combine=lambda hits, false_alarms, missed: _ratio(2 * hits, 2 * hits + false_alarms + missed),
    ),
    # Share of rows flagged, labels or not.
    "anomaly_rate": MetricDefinition(
        kind="anomaly_detection",
        higher_is_better=False,
        statistics=lambda _truth, prediction: (prediction > 0.5,),
        combine=lambda rate: rate,
        needs_truth=False,
    ),
}
