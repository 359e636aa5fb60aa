"""When the footer is enough, and when it is not."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from nightshift.domain.uploads.contract import Column, ContractReport, DataContract, Freshness
from nightshift.validation.check import check_file
from nightshift.validation.parquet_footer import ParquetFooter
from nightshift.validation.table import BoundColumn

Check = Callable[..., ContractReport]
Write = Callable[..., Path]


def outcome(report: ContractReport) -> tuple[str, list[tuple[str, str | None, int]]]:
    """Return the engine and the rule, column and count of each violation."""
    return report.engine, [(violation.rule, violation.column, violation.count) for violation in report.violations]


@pytest.mark.parametrize(
    ("column", "value", "engine"),
    [
        (Column(name="x", dtype="integer"), "range", "footer"),
        (Column(name="x", dtype="integer", minimum=0, maximum=1e6), "range::UBIGINT", "footer"),
        (Column(name="x", dtype="number", minimum=0), "range::DECIMAL(18,3)", "footer"),
        (Column(name="x", dtype="string"), "'text ' || range", "footer"),
        (Column(name="x", dtype="boolean"), "range % 2 = 0", "footer"),
        (Column(name="x", dtype="date"), "DATE '2012-06-01' + range::INTEGER % 9", "footer"),
        (Column(name="x", dtype="timestamp"), "TIMESTAMPTZ '2012-06-01' + INTERVAL 1 SECOND * range", "footer"),
        (Column(name="x", dtype="integer", allowed_values=tuple(range(50_000))), "range", "scan"),
        (Column(name="x", dtype="string", nullable=True), "CASE WHEN range < 9 THEN 'x' END", "footer"),
    ],
)
def test_what_the_footer_settles(check_parquet: Check, column: Column, value: str, engine: str) -> None:
    """Counts and extremes come from the footer; a closed set needs the values."""
    query = f"SELECT {value} AS x FROM range(50000)"
    contract = DataContract(columns=(column,))
    by_footer = check_parquet(query, contract, ", ROW_GROUP_SIZE 10000")
    by_scan = check_parquet(query, contract, ", ROW_GROUP_SIZE 10000", use_statistics=False)
    assert outcome(by_footer) == (engine, [])
    assert by_scan.engine == "scan"
    assert by_footer.model_copy(update={"engine": "scan"}) == by_scan


def test_violations_by_footer_have_counts_and_examples(check_parquet: Check) -> None:
    """The footer finds the broken rules; only then are the offenders counted and shown."""
    query = (
        "SELECT CASE WHEN range % 5000 = 4999 THEN NULL ELSE range END AS x, DATE '2002-01-01' AS d FROM range(20000)"
    )
    contract = DataContract(
        columns=(Column(name="x", dtype="integer", maximum=19_990), Column(name="d", dtype="date")),
        freshness=Freshness(column="d", max_age_days=10),
    )
    report = check_parquet(query, contract, ", ROW_GROUP_SIZE 4096")
    assert outcome(report) == ("footer", [("nullable", "x", 4), ("maximum", "x", 8), ("freshness", "d", 1)])
    assert report.violations[0].examples == (
        "row 5000: (empty)",
        "row 10000: (empty)",
        "row 15000: (empty)",
        "row 20000: (empty)",
    )


@pytest.mark.parametrize("row_group_size", [10_000, 1_000_000])
def test_nan_hidden_by_statistics_is_found(tmp_path: Path, check_parquet_bytes: Check, row_group_size: int) -> None:
    """Writers leave NaN out of minimum and maximum; a float column without a NaN count is scanned."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    values = [float(row) for row in range(50_000)]
    values[31_000] = float("nan")
    parquet.write_table(pa.table({"x": values}), tmp_path / "nan.parquet", row_group_size=row_group_size)
    contract = DataContract(columns=(Column(name="x", dtype="number", minimum=0, maximum=50_000),))
    report = check_parquet_bytes((tmp_path / "nan.parquet").read_bytes(), contract)
    assert outcome(report) == ("scan", [("dtype", "x", 1)])
    assert report.violations[0].examples == ("row 31001: nan",)


def test_float_with_a_stated_nan_count(check_parquet: Check) -> None:
    """Where the writer states that no value is NaN, the footer is enough for a float, too."""
    contract = DataContract(columns=(Column(name="x", dtype="number", minimum=0),))
    assert outcome(check_parquet("SELECT range::DOUBLE AS x FROM range(100)", contract)) == ("footer", [])


def test_file_without_statistics(tmp_path: Path, check_parquet_bytes: Check) -> None:
    """Without statistics everything is scanned."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.table({"x": [1, None, 3]}), tmp_path / "bare.parquet", write_statistics=False)
    contract = DataContract(columns=(Column(name="x", dtype="integer", maximum=2),))
    report = check_parquet_bytes((tmp_path / "bare.parquet").read_bytes(), contract)
    assert outcome(report) == ("scan", [("nullable", "x", 1), ("maximum", "x", 1)])


def test_all_null_row_groups(check_parquet: Check) -> None:
    """A row group of nulls has no extremes, and needs none."""
    query = "SELECT CASE WHEN range >= 4096 THEN range END AS x FROM range(8192)"
    contract = DataContract(columns=(Column(name="x", dtype="integer", nullable=True, minimum=4096),))
    report = check_parquet(query, contract, ", ROW_GROUP_SIZE 4096")
    assert outcome(report) == ("footer", [])
    assert (report.columns[0].null_count, report.columns[0].minimum) == (4096, "4096")


def test_only_open_columns_are_scanned(write_parquet: Write, check_parquet_bytes: Check) -> None:
    """The scan skips what the footer has proved: damage there is not even seen."""
    path = write_parquet("SELECT range AS settled, range % 7 AS open FROM range(5000)")
    with duckdb.connect() as connection:
        start, size = connection.execute(
            f"SELECT data_page_offset, total_compressed_size FROM parquet_metadata('{path}') WHERE column_id = 0"
        ).fetchall()[0]
    content = bytearray(path.read_bytes())
    content[start : start + size] = b"\xff" * size
    contract = DataContract(
        columns=(
            Column(name="settled", dtype="integer", minimum=0),
            Column(name="open", dtype="integer", allowed_values=tuple(range(7))),
        )
    )
    assert outcome(check_parquet_bytes(bytes(content), contract)) == ("scan", [])
    whole: dict[str, Any] = {"use_statistics": False}
    assert outcome(check_parquet_bytes(bytes(content), contract, **whole)) == ("scan", [("readable", "settled", 1)])


@pytest.mark.parametrize("name", ["p50_reversed_statistics", "p52_reversed_timestamp", "p53_reversed_int32"])
def test_a_minimum_above_its_maximum_is_not_believed(name: str) -> None:
    """Some writers put them the wrong way round: the data is read, and it says what is in it."""
    column = Column(name="valid_to", dtype="timestamp", nullable=True)
    if name != "p52_reversed_timestamp":
        column = Column(name="qty", dtype="integer", minimum=0, maximum=10)
    contract = DataContract(columns=(column,), extra_columns="allow")
    path = Path(__file__).parents[2] / "data" / "cases" / "files" / f"{name}.parquet"
    report = check_file(path, "parquet", contract, uploaded_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert report.engine == "scan"
    (profile,) = (item for item in report.columns if item.name == column.name)
    if column.dtype == "timestamp":
        assert (profile.minimum, profile.maximum) == ("2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z")
    else:
        assert {violation.rule for violation in report.violations} == {"minimum", "maximum"}


def test_an_unsigned_integer_beyond_64_signed_bits_is_refused(check_parquet: Check) -> None:
    """The footer finds it where it states extremes; training could not hold it."""
    contract = DataContract(columns=(Column(name="x", dtype="integer"),))
    report = check_parquet("SELECT range::UBIGINT + 9223372036854775806 AS x FROM range(3)", contract)
    assert outcome(report) == ("footer", [("dtype", "x", 1)])
    assert report.violations[0].examples == ("row 3: 9223372036854775808",)
    as_number = DataContract(columns=(Column(name="x", dtype="number"),))
    assert check_parquet("SELECT 18446744073709551615::UBIGINT AS x", as_number).passed


@pytest.mark.parametrize(("stored", "settled"), [("BIGINT", True), ("UBIGINT", False)])
def test_an_unsigned_integer_without_extremes_is_scanned(stored: str, settled: bool) -> None:
    """Nothing says that it is not too large, and the contract itself gives no bound."""
    column = BoundColumn("x", 0, Column(name="x", dtype="integer"), stored, "integer")
    unstated = (2, 0, False, True, *[None] * 6, True, True)
    assert (ParquetFooter(rows=2, statistics={0: unstated}).facts(column) is not None) is settled
