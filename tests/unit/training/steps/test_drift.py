"""The population stability index."""

import numpy as np
import pandas as pd
import pytest

from nightshift.training.steps.drift import drift, psi


def test_equal_distributions_have_not_moved() -> None:
    """The same shares give nothing."""
    assert psi(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == 0


def test_the_index_is_that_of_the_formula() -> None:
    """(0.8 - 0.5) ln(0.8/0.5) + (0.2 - 0.5) ln(0.2/0.5)."""
    assert psi(np.array([0.5, 0.5]), np.array([0.8, 0.2])) == pytest.approx(0.4158883)


def test_a_shifted_column_is_reported_from_a_still_one() -> None:
    """Numbers by deciles, few values by value, missing values count, times are left out."""
    generator = np.random.default_rng(1)
    still, moved = generator.normal(size=2000), generator.normal(size=1000)
    train = pd.DataFrame(
        {
            "still": still,
            "moved": still,
            "kind": ["a", "b"] * 1000,
            "holes": still,
            "at": pd.date_range("2026-01-01", periods=2000),
        }
    )
    holdout = pd.DataFrame(
        {
            "still": moved,
            "moved": moved + 2,
            "kind": ["a"] * 1000,
            "holes": np.where(np.arange(1000) % 2, np.nan, moved),
            "at": pd.date_range("2032-01-01", periods=1000),
        }
    )
    found = drift(train, holdout, ("still", "moved", "kind", "holes", "at"))
    assert sorted(found) == ["holes", "kind", "moved", "still"]
    assert found["still"] < 0.1
    assert min(found["moved"], found["kind"], found["holes"]) > 0.25
