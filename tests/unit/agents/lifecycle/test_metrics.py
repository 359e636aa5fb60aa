"""Metrics agree with scikit-learn and say None where they are undefined."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as reference

from agents.lifecycle import metrics

VALUES = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False).map(lambda value: round(value, 3))


def test_mape_leaves_out_rows_whose_truth_is_zero() -> None:
    """A relative error against zero does not exist, so the row takes no part."""
    truth, prediction = np.array([0.0, 10.0, 20.0]), np.array([5.0, 11.0, 18.0])
    assert metrics.value("mape", truth, prediction) == pytest.approx(0.1)


def test_rows_without_truth_count_for_the_anomaly_rate_only() -> None:
    """Unlabelled rows say nothing about precision, but they are flagged or not."""
    truth, prediction = np.array([1.0, np.nan, np.nan, 0.0]), np.array([1.0, 1.0, 1.0, 0.0])
    assert metrics.value("precision", truth, prediction) == 1.0
    assert metrics.value("anomaly_rate", truth, prediction) == 0.75


def test_without_any_truth_a_metric_is_undefined() -> None:
    """No label at all gives no precision, rather than a made-up one."""
    assert metrics.value("precision", np.array([np.nan]), np.array([1.0])) is None


@pytest.mark.parametrize(
    ("name", "truth", "prediction", "expected"),
    [
        # Nothing is flagged; there is no anomaly; neither. A truth that does not vary.
        ("precision", [1.0, 0.0], [0.0, 0.0], None),
        ("recall", [0.0, 0.0], [1.0, 0.0], None),
        ("f1", [0.0, 0.0], [0.0, 0.0], None),
        ("r2", [3.0, 3.0], [3.0, 4.0], None),
        ("r2", [3.0, 3.0], [3.0, 3.0], None),
        # The same, where the mean of the squares is less than the square of the mean by 1.7e-18.
        ("r2", [0.1, 0.1, 0.1], [0.1, 0.2, 0.3], None),
        ("mape", [0.0, 0.0], [1.0, 2.0], None),
        # A figure of exactly one half is not flagged.
        ("anomaly_rate", [0.0, 0.0, 0.0, 0.0], [0.5, 0.6, 0.7, 0.8], 0.75),
        ("precision", [0.5, 1.0], [1.0, 1.0], 0.5),
        ("recall", [1.0, 1.0], [0.5, 1.0], 0.5),
        # Relative to the size of the truth, whatever its sign.
        ("mape", [-10.0, 10.0], [-11.0, 12.0], 0.15),
    ],
)
def test_metrics_at_their_edges(name: str, truth: list[float], prediction: list[float], expected: float | None) -> None:
    """Worked by hand."""
    found = metrics.value(name, np.array(truth), np.array(prediction))
    assert found == (None if expected is None else pytest.approx(expected))


def test_no_rows_at_all_are_undefined() -> None:
    """Also for a metric that needs no truth."""
    assert metrics.value("anomaly_rate", np.array([]), np.array([])) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rmse", reference.root_mean_squared_error),
        ("mae", reference.mean_absolute_error),
        ("r2", reference.r2_score),
    ],
)
@given(data=st.data())
def test_regression_metrics_match_scikit_learn(name: str, expected: object, data: st.DataObject) -> None:
    """RMSE, MAE and R2 equal scikit-learn's on any rows."""
    rows = data.draw(st.integers(2, 40))
    truth = data.draw(arrays(np.float64, rows, elements=VALUES))
    prediction = data.draw(arrays(np.float64, rows, elements=VALUES))
    if name == "r2" and np.ptp(truth) < 1:
        return
    assert callable(expected)
    assert metrics.value(name, truth, prediction) == pytest.approx(expected(truth, prediction), rel=1e-4, abs=1e-6)


@given(data=st.data())
def test_detection_metrics_match_scikit_learn(data: st.DataObject) -> None:
    """Precision, recall and F1 equal scikit-learn's wherever they are defined."""
    rows = data.draw(st.integers(1, 40))
    flags = st.sampled_from([0.0, 1.0])
    truth = data.draw(arrays(np.float64, rows, elements=flags))
    prediction = data.draw(arrays(np.float64, rows, elements=flags))
    expected = {
        "precision": reference.precision_score(truth, prediction, zero_division=np.nan),
        "recall": reference.recall_score(truth, prediction, zero_division=np.nan),
        "f1": reference.f1_score(truth, prediction, zero_division=np.nan),
    }
    for name, value in expected.items():
        assert metrics.value(name, truth, prediction) == (None if np.isnan(value) else pytest.approx(value))
