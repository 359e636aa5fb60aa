"""Fit an anomaly detector: a robust distance of the deviation features, cut where the labels say."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.covariance import EllipticEnvelope
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline

from nightshift.domain.platform.errors import BadInputError

PARAMETERS = frozenset(
    {"contamination", "max_contamination", "min_labelled_rows", "support_fraction", "profile_weeks", "window_hours"}
)


def fit_detector(
    features: pd.DataFrame,
    label: "pd.Series[float]",
    parameters: dict[str, int | float | str | bool],
    seed: int,
) -> Pipeline:
    """Fit a robust covariance (minimum covariance determinant) and cut its Mahalanobis distance.

    The cut flags the share of training rows that maximises F1 against the labels, within
    [0.001, ``max_contamination``], if at least ``min_labelled_rows`` training rows are labelled 1; with fewer labels it
    flags the share ``contamination``. A row whose past is missing counts as not deviating and is not flagged.

    Args:
        label: 1 anomalous, 0 normal, NaN unknown.

    Raises:
        BadInputError: an unknown parameter, one out of range, or no training row with enough past.
    """
    unknown = sorted(set(parameters) - PARAMETERS)
    if unknown:
        raise BadInputError(
            field="training.parameters", value=", ".join(unknown), rule=f"known are {', '.join(sorted(PARAMETERS))}"
        )
    share = _fraction(parameters, "contamination", 0.05)
    largest = _fraction(parameters, "max_contamination", 0.2)
    enough = _fraction(parameters, "min_labelled_rows", 48, upper=1_000_000_000)
    support = _fraction(parameters, "support_fraction", 0.8, upper=1.0)
    complete = features.notna().all(axis=1).to_numpy()
    if not complete.any():
        raise BadInputError(
            field="dataset.rows", value=len(features), rule="no training row has enough past for the seasonal profile"
        )
    rows = features[complete]
    pipeline = _pipeline(share, support, seed).fit(rows)
    truth = label[complete]
    known = truth.notna().to_numpy()
    labelled = truth[known].to_numpy(dtype="float64") == 1
    if labelled.sum() >= enough:
        best = best_share(-pipeline.score_samples(rows[known]), labelled)
        pipeline = _pipeline(float(np.clip(best, 0.001, largest)), support, seed).fit(rows)
    return pipeline


def best_share(distance: npt.NDArray[np.float64], labelled: npt.NDArray[np.bool_]) -> float:
    """Share of rows to flag, largest distances first, so that F1 against the labels is highest."""
    hits = np.cumsum(labelled[np.argsort(-distance, kind="stable")])
    flagged = np.arange(1, len(hits) + 1)
    f1 = 2 * hits / (flagged + labelled.sum())
    return float(flagged[int(np.argmax(f1))] / len(hits))


def _pipeline(contamination: float, support_fraction: float, seed: int) -> Pipeline:
    return Pipeline(
        [
            ("no_past", SimpleImputer(strategy="constant", fill_value=0.0)),
            (
                "envelope",
                EllipticEnvelope(contamination=contamination, support_fraction=support_fraction, random_state=seed),
            ),
        ]
    )


def _fraction(parameters: dict[str, int | float | str | bool], name: str, default: float, upper: float = 0.5) -> float:
    value = parameters.get(name, default)
    if isinstance(value, bool | str) or not 0 < value <= upper:
        raise BadInputError(field=f"training.parameters.{name}", value=value, rule=f"must lie in (0, {upper:g}]")
    return float(value)
