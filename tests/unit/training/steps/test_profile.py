"""Feature profiles for later drift checks."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.training.steps.profile import OTHER, DatasetProfile, profile


@settings(deadline=None)
@given(values=st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9)), min_size=1, max_size=200))
def test_numeric_fractions_and_missing_sum_to_one(values: list[float | None]) -> None:
    """Every row is in exactly one bin or missing, and bins are one more than edges."""
    column = profile(pd.DataFrame({"x": pd.Series(values, dtype="float64")})).features["x"]
    assert sum(column.fractions) + column.missing == pytest.approx(1)
    if column.kind == "numeric":
        assert len(column.fractions) == len(column.edges) + 1


def test_continuous_numbers_fall_into_ten_equal_bins() -> None:
    """Quantile edges put a tenth of the rows into each bin."""
    column = profile(pd.DataFrame({"x": np.linspace(0, 1, 1000)})).features["x"]
    assert column.fractions == pytest.approx([0.1] * 10)


def test_few_whole_numbers_are_categories() -> None:
    """A season from 1 to 4 is a category, its values as text."""
    column = profile(pd.DataFrame({"season": [1.0, 1.0, 2.0, np.nan]})).features["season"]
    assert (column.kind, column.categories, column.fractions, column.missing) == (
        "category",
        ("1", "2"),
        (0.5, 0.25),
        0.25,
    )


def test_rare_texts_are_put_together() -> None:
    """Only the most frequent categories are kept by name."""
    texts = [f"t{number}" for number in range(40)] + ["t0"] * 10
    column = profile(pd.DataFrame({"text": pd.Series(texts, dtype="object")})).features["text"]
    assert (column.categories[0], column.categories[-1], column.fractions[-1]) == ("t0", OTHER, 16 / 50)


def test_an_empty_column_is_all_missing() -> None:
    """A column without a value has a profile too."""
    column = profile(pd.DataFrame({"x": [np.nan, np.nan]})).features["x"]
    assert (column.missing, sum(column.fractions)) == (1.0, 0.0)


def test_a_profile_survives_its_json() -> None:
    """The artifact reads back equal."""
    made = profile(pd.DataFrame({"x": [0.5, 1.5], "text": ["a", None]}))
    assert DatasetProfile.from_json(made.model_dump_json()) == made
