"""The newest days."""

import pandas as pd
import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.training.steps.window import newest_days

ROWS = pd.DataFrame({"at": pd.date_range("2024-01-01", periods=96, freq="h")})


def test_the_newest_days_keep_their_index() -> None:
    """Two days of hours are the last 48 rows."""
    assert newest_days(ROWS, "at", 2, 10).index.tolist() == list(range(48, 96))


def test_a_window_beyond_the_past_takes_all() -> None:
    """Nothing is lost when there is less than was asked for."""
    assert len(newest_days(ROWS, "at", 365, 10)) == 96


def test_too_few_rows_are_an_error() -> None:
    """The error says how many are left, and how many are needed."""
    with pytest.raises(BadInputError, match=r"plan\.action\.days = 1: leaves 24 of 96 training rows; at least 25"):
        newest_days(ROWS, "at", 1, 25)
