"""Generated tables: one that meets the contract passes; one seeded mistake is found by rule, column and count."""

import csv
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.domain.uploads.contract import Column, ContractReport, DataContract, Freshness
from nightshift.validation.check import check_file

NAMES = ("id", "n", "kind", "text", "day", "at", "flag")
KINDS = ("air", 'se"a', "é,\n")
UPLOADED_AT = datetime(2012, 7, 1, tzinfo=UTC)
CONTRACT = DataContract(
    columns=(
        Column(name="id", dtype="integer", minimum=0),
        Column(name="n", dtype="number", nullable=True, minimum=-1e6, maximum=1e6),
        Column(name="kind", dtype="string", allowed_values=KINDS),
        Column(name="text", dtype="string"),
        Column(name="day", dtype="date"),
        Column(name="at", dtype="timestamp"),
        Column(name="flag", dtype="boolean"),
    ),
    key=("id",),
    freshness=Freshness(column="at", max_age_days=60),
)
TYPES = ("BIGINT", "DOUBLE", "VARCHAR", "VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN")
Row = list[Any]

cells = st.tuples(
    st.none() | st.floats(min_value=-1e6, max_value=1e6, allow_subnormal=False),
    st.sampled_from(KINDS),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12),
    st.dates(min_value=date(1900, 1, 1)),
    st.datetimes(min_value=datetime(2012, 5, 10), max_value=datetime(2012, 7, 1)),  # noqa: DTZ001 - stored without zone
    st.booleans(),
)
tables = st.lists(cells, min_size=1, max_size=30).map(lambda rows: [[number, *row] for number, row in enumerate(rows)])


def write_csv(path: Path, rows: list[Row]) -> None:
    """Write rows as spreadsheets do (CR LF, which is also what gets a bare CR quoted), moments in ISO 8601."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(NAMES)
        for row in rows:
            writer.writerow(cell.isoformat() if isinstance(cell, date) else cell for cell in row)


def write_parquet(path: Path, rows: list[Row], types: tuple[str, ...] = TYPES) -> None:
    """Write rows with the stored types of the contract."""
    columns = ", ".join(f'"{name}" {stored}' for name, stored in zip(NAMES, types, strict=True))
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE rows ({columns})")
        marks = ", ".join("?" for _ in NAMES)
        connection.executemany(f"INSERT INTO rows VALUES ({marks})", rows)
        connection.execute(f"COPY rows TO '{path}' (FORMAT parquet)")


def check(rows: list[Row], file_format: Any) -> ContractReport:
    """Write the rows and check them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        (write_csv if file_format == "csv" else write_parquet)(path, rows)
        return check_file(path, file_format, CONTRACT, uploaded_at=UPLOADED_AT)


def found(report: ContractReport) -> list[tuple[str, str | None, int]]:
    """Return rule, column and count of each violation."""
    return [(violation.rule, violation.column, violation.count) for violation in report.violations]


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
@settings(max_examples=25, deadline=None)
@given(rows=tables)
def test_a_table_that_meets_the_contract_passes(file_format: str, rows: list[Row]) -> None:
    """No false alarm, and the profile is that of the rows."""
    report = check(rows, file_format)
    assert found(report) == []
    assert report.rows == len(rows)
    profile = {column.name: column for column in report.columns}
    numbers = [row[1] for row in rows if row[1] is not None]
    assert profile["n"].null_count == len(rows) - len(numbers)
    assert profile["n"].maximum == (str(max(numbers) + 0.0) if numbers else None) or math.isclose(max(numbers), 0)
    assert profile["day"].minimum == min(row[4] for row in rows).isoformat()
    assert report.newest == max(row[5] for row in rows).isoformat() + "Z"


def put(column: str, value: Any) -> Callable[[Row], None]:
    """Return the mistake of writing a value into a column."""

    def mistake(row: Row) -> None:
        row[NAMES.index(column)] = value

    return mistake


MISTAKES: list[tuple[str, str, Any]] = [
    ("nullable", "text", None),
    ("nullable", "at", None),
    ("minimum", "n", -1_000_001.5),
    ("maximum", "n", 1e7),
    ("minimum", "id", -5),
    ("dtype", "n", math.nan),
    ("dtype", "n", math.inf),
    ("allowed_values", "kind", "Air"),
]
TEXT_MISTAKES: list[tuple[str, str, Any]] = [
    ("dtype", "id", "1.5"),
    ("dtype", "n", "1_0"),
    ("dtype", "day", "2012-02-30"),
    ("dtype", "at", "2012-06-01T12"),
    ("dtype", "flag", "yes"),
]


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
@settings(max_examples=40, deadline=None)
@given(rows=tables, data=st.data())
def test_one_mistake_is_found(file_format: str, rows: list[Row], data: st.DataObject) -> None:
    """Exactly the one rule is broken, with the row that breaks it as the example."""
    rule, column, value = data.draw(
        st.sampled_from(MISTAKES + (TEXT_MISTAKES if file_format == "csv" else [])), label="mistake"
    )
    at = data.draw(st.integers(0, len(rows) - 1), label="row")
    rows.append([len(rows), 0.0, "air", "x", date(2012, 6, 1), datetime(2012, 6, 1), True])  # noqa: DTZ001
    put(column, value)(rows[at])
    report = check(rows, file_format)
    assert found(report) == [(rule, column, 1)]
    assert report.violations[0].examples[0].startswith(f"row {at + 1}: ")


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
@settings(max_examples=20, deadline=None)
@given(rows=tables, data=st.data())
def test_repeated_keys_are_counted(file_format: str, rows: list[Row], data: st.DataObject) -> None:
    """Each row that repeats a key counts once."""
    repeats = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=8), label="repeats")
    rows += [list(rows[index]) for index in repeats]
    assert found(check(rows, file_format)) == [("unique", "id", len(repeats))]


@settings(max_examples=25, deadline=None)
@given(rows=tables, data=st.data())
def test_ragged_rows_are_counted(rows: list[Row], data: st.DataObject) -> None:
    """Rows with cells missing or too many are counted apart, and break no other rule."""
    changes = data.draw(
        st.dictionaries(st.integers(0, len(rows) - 1), st.sampled_from([-2, -1, 1, 2, 9])), label="cells too many"
    )
    fresh = [len(rows), 0.0, "air", "x", date(2012, 6, 1), datetime(2012, 6, 1), True]  # noqa: DTZ001
    ragged = [
        row[: len(row) + min(0, changes.get(index, 0))] + ["x"] * max(0, changes.get(index, 0))
        for index, row in enumerate(rows)
    ]
    short = sum(change < 0 for change in changes.values())
    long = len(changes) - short
    report = check([*ragged, fresh], "csv")
    assert found(report) == [("format", None, count) for count in (short, long) if count]
    assert report.rows == len(rows) + 1


@settings(max_examples=100, deadline=timedelta(seconds=30))
@given(content=st.binary(max_size=200), file_format=st.sampled_from(["csv", "parquet"]))
def test_no_bytes_raise(content: bytes, file_format: Any) -> None:
    """Whatever the bytes, there is a report, and it is not a pass."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        report = check_file(path, file_format, CONTRACT, uploaded_at=UPLOADED_AT)
    assert not report.passed
