"""Reading a part with the dtypes of its contract."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.uploads.contract import Column, DataContract
from nightshift.training.steps.table import read_table
from tests.support.refusals import refusal

CONTRACT = DataContract(
    columns=(
        Column(name="at", dtype="timestamp"),
        Column(name="day", dtype="date"),
        Column(name="n", dtype="integer", nullable=True),
        Column(name="x", dtype="number", nullable=True),
        Column(name="text", dtype="string", nullable=True),
        Column(name="yes", dtype="boolean", nullable=True),
    )
)
CSV = """extra,at,day,n,x,text,yes
1,2024-01-01T05:00:00+02:00,2024-01-01,7,1.5,NA,true
2,2024-01-01 04:00:00,2024-01-02,,,,
"""


def read(path: Path, file_format: Literal["csv", "parquet"]) -> pd.DataFrame:
    """Read with the contract of this file."""
    return read_table(path, file_format, CONTRACT, name="part one")


def test_csv_gets_the_contracts_columns_and_dtypes(tmp_path: Path) -> None:
    """Columns come in the contract's order and dtypes; a further column is left out."""
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    table = read(path, "csv")
    dtypes = {name: str(dtype) for name, dtype in table.dtypes.items()}
    assert dtypes == {
        "at": "datetime64[us]",
        "day": "datetime64[us]",
        "n": "Int64",
        "x": "float64",
        "text": "str",
        "yes": "boolean",
    }


def test_times_are_utc(tmp_path: Path) -> None:
    """A time with an offset is converted, one without is taken as UTC."""
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    assert [time.isoformat() for time in read(path, "csv")["at"]] == ["2024-01-01T03:00:00", "2024-01-01T04:00:00"]


def test_only_an_empty_cell_is_missing(tmp_path: Path) -> None:
    """The text NA is a value; an empty cell is missing in every dtype."""
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    table = read(path, "csv")
    assert (table["text"].tolist()[0], table.isna().iloc[1].tolist()) == ("NA", [False, False, True, True, True, True])


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    """A CSV that begins with a byte order mark reads as one without."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" + b"at,day,n,x,text,yes\n2024-01-01,2024-01-01,1,1,a,1\n")
    assert read(path, "csv")["at"].iloc[0] == pd.Timestamp("2024-01-01")


def test_parquet_and_csv_agree(tmp_path: Path) -> None:
    """The same rows read the same from either format."""
    (tmp_path / "a.csv").write_text(CSV)
    from_csv = read(tmp_path / "a.csv", "csv")
    # A date column of a contract is a DATE in Parquet, which pandas writes from date objects.
    from_csv.assign(day=from_csv["day"].dt.date).to_parquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(read(tmp_path / "a.parquet", "parquet"), from_csv)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    """The error says which column is missing, and in which part."""
    path = tmp_path / "a.csv"
    path.write_text("at,day,n,x,text\n")
    with refusal(BadInputError, "part one: ", "missing", field="yes", value=None):
        read(path, "csv")


@pytest.mark.parametrize(("column", "value"), [("n", "many"), ("x", "much"), ("at", "noon"), ("yes", "perhaps")])
def test_a_value_of_another_dtype_is_an_error(tmp_path: Path, column: str, value: str) -> None:
    """Text where the contract says otherwise is refused, not turned into nothing."""
    row = {"at": "2024-01-01", "day": "2024-01-01", "n": "1", "x": "1", "text": "a", "yes": "true", column: value}
    path = tmp_path / "a.csv"
    path.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    with pytest.raises(BadInputError, match=value):
        read(path, "csv")


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_bytes_that_are_no_table_are_an_error(tmp_path: Path, file_format: Literal["csv", "parquet"]) -> None:
    """A broken file names itself."""
    path = tmp_path / "a"
    path.write_bytes(b"\xff\xfe\x00PAR")
    with refusal(BadInputError, f"not readable as {file_format}", field="part", value="part one"):
        read(path, file_format)


@pytest.mark.parametrize("index", ["at", "text", ["at", "n"]])
def test_columns_in_a_pandas_index_are_columns(tmp_path: Path, index: str | list[str]) -> None:
    """What ``set_index`` then ``to_parquet`` writes has the same columns and rows as without."""
    (tmp_path / "a.csv").write_text(CSV)
    table = read(tmp_path / "a.csv", "csv")
    written = table.assign(day=table["day"].dt.date)
    written.set_index(index).to_parquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(read(tmp_path / "a.parquet", "parquet"), table)


@pytest.mark.parametrize("writer", ["pandas", "another"])
def test_nullable_integers_are_exact(tmp_path: Path, writer: str) -> None:
    """A null beside it makes no float of an integer: 2**53 + 1 and the largest one stay what they are.

    pandas writes into a file that such a column is Int64; other writers do not.
    """
    numbers = [2**53 + 1, 1541815603606036481, 2**63 - 1, -(2**63), None]
    days = [date(2024, 1, 1)] * len(numbers)
    columns = {"at": pd.to_datetime(days), "day": days, "n": pd.array(numbers, "Int64")}
    table = pa.Table.from_pandas(pd.DataFrame(columns).assign(x=1.0, text="a", yes=True))
    pq.write_table(table if writer == "pandas" else table.replace_schema_metadata(None), tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet", "parquet")["n"]
    assert (found.dropna().tolist(), int(found.isna().sum())) == (numbers[:-1], 1)


@pytest.mark.parametrize("year", [1600, 2500, 9999])
def test_old_timestamps_of_96_bits_are_the_moments_that_they_say(tmp_path: Path, year: int) -> None:
    """Also outside of what 64 bits of nanoseconds can hold, such as the usual open end 9999-12-31."""
    columns = {
        "at": [datetime(year, 12, 31, tzinfo=UTC)],
        "day": [date(2024, 1, 1)],
        "n": [1],
        "x": [1.0],
        "text": ["a"],
    }
    table = pa.table(columns | {"yes": [True]})
    pq.write_table(table, tmp_path / "a.parquet", use_deprecated_int96_timestamps=True)
    assert read(tmp_path / "a.parquet", "parquet")["at"].dt.year.tolist() == [year]
