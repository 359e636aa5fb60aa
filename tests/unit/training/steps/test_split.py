"""The holdout: newest rows, deterministic, with a digest."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import Holdout
from nightshift.training.steps.split import evaluation_set_digest, row_keys, split
from tests.support.refusals import refusal


def rows_of(count: int) -> pd.DataFrame:
    """Rows in order of time."""
    return pd.DataFrame(
        {"at": pd.date_range("2024-01-01", periods=count, freq="h"), "y": np.arange(count, dtype=float)}
    )


@settings(deadline=None)
@given(count=st.integers(20, 400), fraction=st.floats(0.01, 0.9), least=st.integers(10, 100))
def test_split_is_a_partition_by_time(count: int, fraction: float, least: int) -> None:
    """Train and holdout together are the rows, train is older, and both have their least size; else it is an error."""
    rows = rows_of(count)
    size = max(least, round(fraction * count))
    if count - size < least:
        with pytest.raises(BadInputError):
            split(rows, Holdout(newest_fraction=fraction, min_rows=least))
        return
    parts = split(rows, Holdout(newest_fraction=fraction, min_rows=least))
    assert (len(parts.holdout), [*parts.train["y"], *parts.holdout["y"]]) == (size, list(rows["y"]))


def test_too_few_rows_say_how_many_are_needed() -> None:
    """The error names the rows there are, and what the policy asks."""
    with refusal(BadInputError, "holdout of 20 rows", "at least 20", field="dataset.rows", value=30):
        split(rows_of(30), Holdout(newest_fraction=0.5, min_rows=20))


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59", "10000-01-01T04:00:00", "148108-07-06T14:00:27.387904"])
def test_a_key_is_any_moment_that_a_contract_takes(text: str) -> None:
    """The last evening of the year 9999 with an offset is in the year 10000 in UTC, which no parser reads back."""
    rows = pd.DataFrame({"at": np.array([text], dtype="datetime64[us]")})
    assert row_keys(rows, ["at"]).tolist() == [text]


def test_row_keys_join_the_key_in_iso_8601() -> None:
    """Times are ISO 8601, parts are joined, and a bar inside a value cannot imitate the joint."""
    rows = pd.DataFrame({"at": [pd.Timestamp("2024-01-01 05:00")] * 2, "a": ["x|y", "x"], "b": [1, 2]})
    assert row_keys(rows, ["at", "a", "b"]).tolist() == ["2024-01-01T05:00:00|x\\|y|1", "2024-01-01T05:00:00|x|2"]


def test_digest_depends_on_rows_truth_and_order() -> None:
    """Equal rows give an equal digest; another key, value or order gives another."""
    keys, truth = pd.Series(["a", "b"], dtype="str"), np.array([1.0, np.nan])
    digests = {
        evaluation_set_digest(keys, truth),
        evaluation_set_digest(keys.copy(), truth.copy()),
        evaluation_set_digest(keys, np.array([1.0, 2.0])),
        evaluation_set_digest(keys[::-1], truth),
        evaluation_set_digest(pd.Series(["a", "c"], dtype="str"), truth),
    }
    assert len(digests) == 4
