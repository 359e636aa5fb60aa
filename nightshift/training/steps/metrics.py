"""Point metrics of a model on rows whose truth is known, as logged to MLflow."""

from typing import Literal

import numpy as np

from nightshift.training.steps.fit import Values


def metrics(kind: Literal["regression", "anomaly_detection"], truth: Values, predicted: Values) -> dict[str, float]:
    """Compute the metrics of a kind of model; one that is undefined on these rows is left out.

    Rows without a known truth do not count, except for ``anomaly_rate``.
    """
    if kind == "regression":
        return regression_metrics(truth, predicted)
    return detection_metrics(truth, predicted)


def regression_metrics(truth: Values, predicted: Values) -> dict[str, float]:
    """RMSE and MAE in the target's unit, R2, and MAPE as a fraction (0.1 is 10 %).

    MAPE is the mean of ``|truth - predicted| / |truth|`` over the rows whose truth is not 0: a relative error against
    0 has no meaning. It is undefined if all are 0, R2 if the truth does not vary.
    """
    known = np.isfinite(truth)
    y, error = truth[known], truth[known] - predicted[known]
    if not len(y):
        return {}
    found = {"rmse": float(np.sqrt(np.mean(error**2))), "mae": float(np.mean(np.abs(error)))}
    total = float(np.sum((y - y.mean()) ** 2))
    if total > 0:
        found["r2"] = 1 - float(np.sum(error**2)) / total
    relative = y != 0
    if relative.any():
        found["mape"] = float(np.mean(np.abs(error[relative] / y[relative])))
    return found


def detection_metrics(truth: Values, predicted: Values) -> dict[str, float]:
    """Precision, recall and F1 of the flags against the labels, and the share of all rows that is flagged.

    Precision is undefined if no labelled row is flagged, recall if no row is labelled 1, F1 if both counts are 0.
    """
    found = {"anomaly_rate": float(np.mean(predicted == 1))} if len(predicted) else {}
    known = np.isfinite(truth)
    anomalous, flagged = truth[known] == 1, predicted[known] == 1
    hits = int(np.sum(anomalous & flagged))
    if flagged.any():
        found["precision"] = hits / int(flagged.sum())
    if anomalous.any():
        found["recall"] = hits / int(anomalous.sum())
    if flagged.any() or anomalous.any():
        found["f1"] = 2 * hits / int(flagged.sum() + anomalous.sum())
    return found
