"""Each metric by a worked example, against scikit-learn, and where it is undefined."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as reference

from nightshift.domain.lifecycle.metrics import METRICS, measure, value
from nightshift.domain.platform.spec import ModelSpec

ROOT = Path(__file__).resolve().parents[4]
VALUES = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False).map(lambda value: round(value, 3))
# Truth, prediction, and the metric by hand.
EXAMPLES: dict[str, tuple[list[float], list[float], float]] = {
    "rmse": ([1.0, 2.0], [1.0, 4.0], 2**0.5),
    "mae": ([1.0, 2.0], [0.0, 4.0], 1.5),
    "r2": ([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], 0.5),
    "mape": ([0.0, 10.0, 20.0], [5.0, 11.0, 18.0], 0.1),
    "precision": ([1, 0, 0, 1, np.nan], [1, 1, 0, 0, 1], 1 / 2),
    "recall": ([1, 0, 0, 1, 1, np.nan], [1, 1, 0, 0, 0, 1], 1 / 3),
    "f1": ([1, 0, 0, 1, 1, np.nan], [1, 1, 0, 0, 0, 1], 2 / 5),
    "anomaly_rate": ([1, 0, np.nan, np.nan], [1, 0, 1, 1], 3 / 4),
}


@pytest.mark.parametrize("name", METRICS)
def test_a_worked_example(name: str) -> None:
    """Every metric of the table has one."""
    truth, prediction, expected = EXAMPLES[name]
    assert value(name, np.array(truth, dtype=float), np.array(prediction, dtype=float)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "truth", "prediction", "expected"),
    [
        # Nothing is flagged; there is no anomaly; neither. A truth that does not vary.
        ("precision", [1.0, 0.0], [0.0, 0.0], None),
        ("recall", [0.0, 0.0], [1.0, 0.0], None),
        ("f1", [0.0, 0.0], [0.0, 0.0], None),
        ("r2", [3.0, 3.0], [3.0, 4.0], None),
        ("r2", [3.0, 3.0], [3.0, 3.0], None),
        # The mean of the squares is less than the square of the mean by 1.7e-18.
        ("r2", [0.1, 0.1, 0.1], [0.1, 0.2, 0.3], None),
        ("mape", [0.0, 0.0], [1.0, 2.0], None),
        # A figure of exactly one half is not flagged.
        ("anomaly_rate", [0.0, 0.0, 0.0, 0.0], [0.5, 0.6, 0.7, 0.8], 0.75),
        ("precision", [0.5, 1.0], [1.0, 1.0], 0.5),
        ("recall", [1.0, 1.0], [0.5, 1.0], 0.5),
        # Relative to the size of the truth, whatever its sign.
        ("mape", [-10.0, 10.0], [-11.0, 12.0], 0.15),
        # No rows at all, also for a metric that needs no truth.
        ("anomaly_rate", [], [], None),
    ],
)
def test_metrics_at_their_edges(name: str, truth: list[float], prediction: list[float], expected: float | None) -> None:
    """Worked by hand."""
    found = value(name, np.array(truth), np.array(prediction))
    assert found == (None if expected is None else pytest.approx(expected))


# A truth, what a model says that is right about it (for the rate: that flags nothing), and what one says that is not.
RIGHT_AND_WRONG: dict[str, tuple[list[float], list[float], list[float]]] = {
    **{name: ([1.0, 2.0, 4.0], [1.0, 2.0, 4.0], [2.0, 0.0, 1.0]) for name in ("rmse", "mae", "r2", "mape")},
    **{
        name: ([1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 1.0])
        for name in ("precision", "recall", "f1")
    },
    "anomaly_rate": ([0.0, 0.0], [0.0, 0.0], [1.0, 1.0]),
}


@pytest.mark.parametrize("name", METRICS)
def test_what_is_right_is_better(name: str) -> None:
    """Which way a metric is better decides every promotion; the table must agree with its formula."""
    truth, right, wrong = (np.array(values) for values in RIGHT_AND_WRONG[name])
    good, bad = value(name, truth, right), value(name, truth, wrong)
    assert good is not None
    assert bad is not None
    assert good != bad
    assert (good > bad) is METRICS[name].higher_is_better


def test_specs_offer_what_the_table_has() -> None:
    """The schema of specs lists the names of the table, in its order."""
    schema = ModelSpec.model_json_schema()
    assert schema["$defs"]["Metric"]["properties"]["name"]["enum"] == list(METRICS)


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
    assert value(name, truth, prediction) == pytest.approx(expected(truth, prediction), rel=1e-4, abs=1e-6)


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
    for name, number in expected.items():
        assert value(name, truth, prediction) == (None if np.isnan(number) else pytest.approx(number))


def test_r2_of_large_values_of_little_variance_loses_no_digits() -> None:
    """A variance from squares of large values would be all rounding."""
    small, errors = np.array([1.0, 2.0, 3.0, 5.0]), np.array([0.1, 0.0, -0.2, 0.1])
    assert value("r2", small + 1e9, small + errors + 1e9) == pytest.approx(value("r2", small, small + errors), rel=1e-5)


def test_r2_of_a_variance_below_zero_by_rounding_is_undefined() -> None:
    """A resample may leave out every row that differs: the square of the mean is then as large as the mean square."""
    error, level, square = 0.25, 0.1, 0.1**2 - 1e-18
    assert square - level**2 < 0
    assert np.isnan(METRICS["r2"].of_means(np.array([error, level, square])))


def test_the_metric_of_many_means_is_that_of_each() -> None:
    """As many figures as resamples: hits, false alarms and missed of two of them."""
    found = METRICS["f1"].of_means(np.array([[0.2, 0.1, 0.1], [0.1, 0.1, 0.3]]))
    assert found == pytest.approx([2 / 3, 1 / 3])


@pytest.mark.parametrize("level", [0.0, 0.1, 1e9 / 3])
def test_undefined_metrics_are_left_out(level: float) -> None:
    """Without variance there is no R2, with truth 0 alone no MAPE."""
    found = measure("regression", np.full(3, level), np.ones(3))
    assert {"rmse", "mae", "r2", "mape"} & set(found) == {"rmse", "mae", *(["mape"] if level else [])}


def test_without_any_truth_only_the_anomaly_rate_is_defined() -> None:
    """No label at all gives no precision, rather than a made-up one."""
    unknown, ones = np.array([np.nan]), np.ones(1)
    assert measure("regression", unknown, ones) == {}
    assert measure("anomaly_detection", unknown, ones) == {"anomaly_rate": 1.0}


def test_the_table_is_read_without_numpy() -> None:
    """Specs are checked against it on machines that have the command line alone."""
    probe = "import sys; import nightshift.domain.lifecycle.metrics; print('numpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"


def test_metrics_follow_the_kind() -> None:
    """A forecast gets errors, a detector gets hits."""
    truth, ones = np.array([1.0, 2.0]), np.ones(2)
    errors, hits = measure("regression", truth, ones), measure("anomaly_detection", ones, ones)
    assert {"rmse", "mae", "r2", "mape"} <= set(errors)
    assert {"precision", "recall", "f1", "anomaly_rate"} <= set(hits)
    assert (set(errors) & set(hits), set(errors) | set(hits)) == (set(), set(METRICS))
