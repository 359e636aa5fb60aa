"""The anomaly detector against a truth that is known."""

import numpy as np
import pandas as pd
import pytest

from nightshift.cli.demo.data import synthetic_taxi
from nightshift.domain.lifecycle.metrics import measure
from nightshift.domain.platform.errors import BadInputError
from nightshift.training.steps.detector import best_share, fit_detector
from nightshift.training.steps.deviation import seasonal_deviation
from nightshift.training.steps.features import FeatureRecipe
from nightshift.training.steps.fit import predict

RECIPE = FeatureRecipe(kind="anomaly_detection", time_column="timestamp", columns=("passengers",))


@pytest.fixture(scope="module")
def series() -> tuple[pd.DataFrame, "pd.Series[float]"]:
    """Deviation features and labels of a generated series."""
    rows = synthetic_taxi.history(5).iloc[:6000]
    features = seasonal_deviation(rows["timestamp"], rows["passengers"].astype("float64"), weeks=5, window_hours=24)
    return features, rows["label"].astype("float64")


def test_injected_anomalies_are_found(series: tuple[pd.DataFrame, "pd.Series[float]"]) -> None:
    """Fitted on the older half, the detector finds most anomalies of the newer half, mostly them."""
    features, label = series
    half = len(features) // 2
    model = fit_detector(features.iloc[:half], label.iloc[:half], {}, 1)
    found = measure(
        "anomaly_detection",
        np.asarray(label.iloc[half:], dtype=np.float64),
        predict(model, features.iloc[half:], RECIPE),
    )
    assert (found["precision"] > 0.5, found["recall"] > 0.5) == (True, True)


def test_without_labels_the_given_share_is_flagged(series: tuple[pd.DataFrame, "pd.Series[float]"]) -> None:
    """Unlabelled training rows are flagged at the rate of ``contamination``."""
    features, label = series
    model = fit_detector(features, label * np.nan, {"contamination": 0.1}, 1)
    complete = features.dropna()
    assert float(predict(model, complete, RECIPE).mean()) == pytest.approx(0.1, abs=0.01)


def test_labels_set_the_cut(series: tuple[pd.DataFrame, "pd.Series[float]"]) -> None:
    """With labels, F1 on the training rows is at least that of the unlabelled cut."""
    features, label = series
    complete = features.notna().all(axis=1)
    known = np.asarray(label[complete], dtype=np.float64)
    with_labels = predict(fit_detector(features, label, {}, 1), features[complete], RECIPE)
    without = predict(fit_detector(features, label * np.nan, {}, 1), features[complete], RECIPE)
    assert measure("anomaly_detection", known, with_labels)["f1"] >= measure("anomaly_detection", known, without)["f1"]


def test_a_row_without_past_is_not_flagged(series: tuple[pd.DataFrame, "pd.Series[float]"]) -> None:
    """Missing deviation counts as none."""
    features, label = series
    model = fit_detector(features, label, {}, 1)
    assert predict(model, features.iloc[:10], RECIPE).tolist() == [0.0] * 10


def test_best_share_is_where_f1_peaks() -> None:
    """Three rows, the two farthest labelled: two thirds are flagged."""
    assert best_share(np.array([1.0, 3.0, 2.0]), np.array([False, True, True])) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"contamination": 0.7}, r"training\.parameters\.contamination = 0\.7"),
        ({"contamination": "much"}, r"training\.parameters\.contamination = 'much'"),
        ({"contamnation": 0.1}, "contamnation"),
    ],
)
def test_bad_parameters_are_named(
    series: tuple[pd.DataFrame, "pd.Series[float]"], parameters: dict[str, float | str], message: str
) -> None:
    """Unknown or impossible parameters are refused by name."""
    with pytest.raises(BadInputError, match=message):
        fit_detector(*series, dict(parameters), 1)


def test_too_short_a_past_is_an_error(series: tuple[pd.DataFrame, "pd.Series[float]"]) -> None:
    """Rows that all lack a profile cannot be trained on."""
    features, label = series
    with pytest.raises(BadInputError, match="enough past"):
        fit_detector(features.iloc[:10], label.iloc[:10], {}, 1)
