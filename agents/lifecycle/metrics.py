"""Metrics as functions of per-row statistics, so that every bootstrap resample costs one weighted mean.

Each metric turns truth and prediction, arrays of shape (n,), into statistics of shape (n, k) whose means over rows
determine the metric. Rows without truth (NaN) take no part in metrics that need it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MetricDefinition:
    """A metric in two steps.

    Attributes:
        statistics: (truth, prediction) of shape (n,) -> per-row statistics of shape (n, k).
        combine: means of shape (..., k) -> values of shape (...); NaN where the metric is undefined.
        needs_truth: whether rows without truth are left out.
    """

    statistics: Callable[[Array, Array], Array]
    combine: Callable[[Array], Array]
    needs_truth: bool = True


def _ratio(numerator: Array, denominator: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def _relative_errors(truth: Array, prediction: Array) -> Array:
    counted = truth != 0
    relative = np.zeros_like(truth)
    relative[counted] = np.abs(prediction - truth)[counted] / np.abs(truth[counted])
    return np.stack([relative, counted.astype(float)], axis=1)


def _confusion(truth: Array, prediction: Array) -> Array:
    positive, flagged = truth > 0.5, prediction > 0.5
    return np.stack([positive & flagged, ~positive & flagged, positive & ~flagged], axis=1).astype(float)


METRICS: dict[str, MetricDefinition] = {
    # Root mean squared error, in the unit of the target.
    "rmse": MetricDefinition(
        statistics=lambda truth, prediction: np.square(prediction - truth)[:, None],
        combine=lambda means: np.sqrt(means[..., 0]),
    ),
    # Mean absolute error, in the unit of the target.
    "mae": MetricDefinition(
        statistics=lambda truth, prediction: np.abs(prediction - truth)[:, None],
        combine=lambda means: means[..., 0],
    ),
    # Coefficient of determination, 1 - SSE / SST; undefined where the truth does not vary.
    "r2": MetricDefinition(
        statistics=lambda truth, prediction: np.stack([np.square(prediction - truth), truth, np.square(truth)], axis=1),
        combine=lambda means: 1 - _ratio(means[..., 0], means[..., 2] - np.square(means[..., 1])),
    ),
    # Mean absolute percentage error as a fraction; rows whose truth is 0 are left out.
    "mape": MetricDefinition(
        statistics=_relative_errors,
        combine=lambda means: _ratio(means[..., 0], means[..., 1]),
    ),
    # Share of flagged rows that are anomalies; undefined where nothing is flagged.
    "precision": MetricDefinition(
        statistics=_confusion,
        combine=lambda means: _ratio(means[..., 0], means[..., 0] + means[..., 1]),
    ),
    # Share of anomalies that are flagged; undefined where there is none.
    "recall": MetricDefinition(
        statistics=_confusion,
        combine=lambda means: _ratio(means[..., 0], means[..., 0] + means[..., 2]),
    ),
    # Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).
    "f1": MetricDefinition(
        statistics=_confusion,
        combine=lambda means: _ratio(2 * means[..., 0], 2 * means[..., 0] + means[..., 1] + means[..., 2]),
    ),
    # Share of rows flagged, labels or not.
    "anomaly_rate": MetricDefinition(
        statistics=lambda _truth, prediction: (prediction > 0.5).astype(float)[:, None],
        combine=lambda means: means[..., 0],
        needs_truth=False,
    ),
}


def value(name: str, truth: Array, prediction: Array) -> float | None:
    """A metric over all rows; None where it is undefined."""
    metric = METRICS[name]
    if metric.needs_truth:
        known = ~np.isnan(truth)
        truth, prediction = truth[known], prediction[known]
    if truth.size == 0:
        return None
    result = float(metric.combine(metric.statistics(truth, prediction).mean(axis=0)))
    return result if np.isfinite(result) else None
