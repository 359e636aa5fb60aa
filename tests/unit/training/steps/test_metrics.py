"""Point metrics: against scikit-learn, against the app's own definitions, and where they are undefined."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as reference

from agents.lifecycle.metrics import value
from nightshift.training.steps.fit import Values
from nightshift.training.steps.metrics import detection_metrics, metrics, regression_metrics

NUMBERS = arrays(np.float64, 12, elements=st.floats(-1e6, 1e6).map(lambda number: round(number, 3)))
FLAGS = arrays(np.float64, 20, elements=st.sampled_from([0.0, 1.0]))


def test_regression_metrics_agree_with_scikit_learn() -> None:
    """RMSE, MAE, R2 and MAPE are those of scikit-learn where no truth is 0."""
    random = np.random.default_rng(1)
    truth, predicted = random.uniform(1, 9, 200), random.uniform(1, 9, 200)
    assert regression_metrics(truth, predicted) == pytest.approx(
        {
            "rmse": reference.root_mean_squared_error(truth, predicted),
            "mae": reference.mean_absolute_error(truth, predicted),
            "r2": reference.r2_score(truth, predicted),
            "mape": reference.mean_absolute_percentage_error(truth, predicted),
        }
    )


@settings(deadline=None)
@given(truth=NUMBERS, predicted=NUMBERS)
def test_logged_metrics_are_those_that_decide(truth: Values, predicted: Values) -> None:
    """What MLflow shows and what the comparison computes from the predictions is the same number."""
    found = {name: number for name, number in regression_metrics(truth, predicted).items() if name != "r2"}
    assert found == pytest.approx(
        {name: decided for name in found if (decided := value(name, truth, predicted)) is not None}, rel=1e-9, abs=1e-9
    )


@settings(deadline=None)
@given(truth=FLAGS, predicted=FLAGS)
def test_logged_detection_metrics_are_those_that_decide(truth: Values, predicted: Values) -> None:
    """The same for flags, including which metrics are undefined."""
    found = detection_metrics(truth, predicted)
    assert found == pytest.approx(
        {
            name: decided
            for name in ("anomaly_rate", "precision", "recall", "f1")
            if (decided := value(name, truth, predicted)) is not None
        }
    )


def test_mape_leaves_out_zeros() -> None:
    """A row whose truth is 0 has no relative error."""
    assert regression_metrics(np.array([0.0, 10.0]), np.array([5.0, 8.0]))["mape"] == pytest.approx(0.2)


def test_undefined_regression_metrics_are_left_out() -> None:
    """Without variance there is no R2, with truth 0 alone no MAPE, without truth nothing."""
    constant = regression_metrics(np.zeros(3), np.ones(3))
    assert (sorted(constant), regression_metrics(np.array([np.nan]), np.ones(1))) == (["mae", "rmse"], {})


def test_unlabelled_rows_count_for_the_anomaly_rate_only() -> None:
    """Precision and recall look at labelled rows, the rate at all."""
    truth, flags = np.array([1.0, 0.0, np.nan, np.nan]), np.array([1.0, 0.0, 1.0, 1.0])
    assert detection_metrics(truth, flags) == {"anomaly_rate": 0.75, "precision": 1.0, "recall": 1.0, "f1": 1.0}


def test_metrics_follow_the_kind() -> None:
    """A forecast gets errors, a detector gets hits."""
    ones = np.ones(2)
    assert (sorted(metrics("regression", ones, ones)), sorted(metrics("anomaly_detection", ones, ones))) == (
        ["mae", "mape", "rmse"],
        ["anomaly_rate", "f1", "precision", "recall"],
    )
