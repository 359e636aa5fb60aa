"""Putting parts together."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.domain.platform.errors import BadInputError
from nightshift.training.steps.union import union
from tests.support.refusals import refusal

PART = st.lists(st.tuples(st.integers(0, 20), st.integers()), max_size=30, unique_by=lambda row: row[0])


def as_table(rows: list[tuple[int, int]]) -> pd.DataFrame:
    """Rows of (days since the start, value)."""
    start = pd.Timestamp("2024-01-01")
    return pd.DataFrame(
        {
            "at": pd.Series([start + pd.Timedelta(days=day) for day, _ in rows], dtype="datetime64[us]"),
            "value": pd.Series([value for _, value in rows], dtype="object"),
        }
    )


@settings(deadline=None)
@given(parts=st.lists(PART, min_size=1, max_size=4))
def test_the_later_part_wins_and_time_orders(parts: list[list[tuple[int, int]]]) -> None:
    """The union is what a dictionary filled part by part holds, ordered by time."""
    expected: dict[int, int] = {}
    for part in parts:
        expected.update(part)
    rows = union([as_table(part) for part in parts], ["at"], "at")
    pd.testing.assert_frame_equal(rows, as_table(sorted(expected.items())))


def test_no_part_is_an_error() -> None:
    """A dataset without parts cannot be trained on."""
    with pytest.raises(BadInputError, match="at least one part"):
        union([], ["at"], "at")


def test_no_key_is_an_error() -> None:
    """Without a key nobody can say which row a later part replaces."""
    with pytest.raises(BadInputError, match=r"contract\.key"):
        union([as_table([(1, 1)])], [], "at")


def test_a_row_without_time_is_an_error() -> None:
    """Rows without a time cannot be ordered, and are not dropped in silence."""
    table = pd.DataFrame({"id": [1, 2], "at": [pd.Timestamp("2024-01-01"), pd.NaT]})
    with refusal(BadInputError, "1 rows ", field="at", value=None):
        union([table], ["id"], "at")
