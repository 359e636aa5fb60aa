"""Weights by age."""

import pandas as pd
import pytest

from nightshift.domain.improvement.actions.augment_data import ExponentialWeighting, StepWeighting
from nightshift.training.steps.weighting import row_weights

TIMES = pd.Series(pd.date_range("2024-01-01", periods=5))


def test_recent_rows_count_more() -> None:
    """The newest two days count four times as much as the others, and the mean is 1."""
    weights = row_weights(TIMES, StepWeighting(recent_days=2, weight=4))
    assert ((weights / weights[0]).tolist(), weights.mean()) == ([1, 1, 1, 4, 4], pytest.approx(1))


def test_a_half_life_halves() -> None:
    """Two days older counts half, and the mean is 1."""
    weights = row_weights(TIMES, ExponentialWeighting(half_life_days=2))
    assert ((weights / weights[-1]).tolist(), weights.mean()) == (
        pytest.approx([0.25, 0.5**1.5, 0.5, 0.5**0.5, 1]),
        pytest.approx(1),
    )


def test_a_very_old_row_does_not_break_the_weights() -> None:
    """Decades at a half life of a day round to nothing, and the rest stays finite."""
    times = pd.Series(pd.to_datetime(["1970-01-01", "2024-01-01"]))
    assert row_weights(times, ExponentialWeighting(half_life_days=1)).tolist() == [0.0, 2.0]
