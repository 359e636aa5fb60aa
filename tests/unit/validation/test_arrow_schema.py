"""Columns that are integers to Parquet alone: Arrow's schema says what they are."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nightshift.domain.uploads.contract import Column, DataContract
from nightshift.validation.arrow_schema import KEY, special_columns
from nightshift.validation.check import check_file

CONTRACT = DataContract(columns=(Column(name="n", dtype="integer", nullable=True),))


def dtype_message(path: Path) -> str:
    """The one broken rule of a file of the column ``n``."""
    (violation,) = check_file(path, "parquet", CONTRACT, uploaded_at=datetime(2026, 1, 1, tzinfo=UTC)).violations
    assert (violation.rule, violation.column) == ("dtype", "n")
    return violation.message


@pytest.mark.parametrize(
    ("values", "stored"),
    [
        (pd.to_timedelta(["1 days", None]), "duration (BIGINT)"),
        (pd.PeriodIndex(["2024-01", "2024-02"], freq="M"), "pandas.period (BIGINT)"),
    ],
)
def test_a_duration_or_a_period_is_no_integer(tmp_path: Path, values: pd.Index, stored: str) -> None:
    """The reason names what the column is stored as."""
    pd.DataFrame({"n": values}).to_parquet(tmp_path / "a.parquet")
    message = dtype_message(tmp_path / "a.parquet")
    assert (f"stored as {stored}; " in message, message.endswith(" integer")) == (True, True)


def test_plain_columns_are_not_special(tmp_path: Path) -> None:
    """Only the columns that say so, in a schema of many types and nested columns."""
    fields = {"a": pa.int64(), "d": pa.duration("s"), "s": pa.struct([("d", pa.duration("s"))]), "t": pa.date32()}
    pq.write_table(pa.schema(fields.items()).empty_table(), tmp_path / "a.parquet")
    assert special_columns(pq.read_metadata(tmp_path / "a.parquet").metadata[KEY.encode()]) == {"d": "duration"}


def test_a_schema_that_cannot_be_read_names_nothing(tmp_path: Path) -> None:
    """Cut off anywhere, or no base64: other readers do without it, too."""
    pq.write_table(pa.table({"d": pa.array([1], pa.duration("s"))}), tmp_path / "a.parquet")
    whole = pq.read_metadata(tmp_path / "a.parquet").metadata[KEY.encode()]
    assert special_columns(whole) == {"d": "duration"}
    for length in range(0, len(whole), 4):
        assert set(special_columns(whole[:length])) <= {"d", ""}
    assert special_columns(b"\xff not base64") == {}
