"""Files that are no Parquet, broken Parquet, and Parquet with awkward schemas."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from nightshift.domain.uploads.contract import Column, ContractReport, DataContract
from nightshift.validation.parquet_table import top_level

Check = Callable[..., ContractReport]
Write = Callable[..., Path]
CONTRACT = DataContract(columns=(Column(name="x", dtype="integer"), Column(name="y", dtype="integer")))
QUERY = "SELECT range AS x, (hash(range) % 1000)::BIGINT AS y FROM range(1000)"


def found(report: ContractReport) -> list[tuple[str, str | None, int]]:
    """Return rule, column and count of each violation."""
    return [(violation.rule, violation.column, violation.count) for violation in report.violations]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "empty (0 bytes)"),
        (b"PAR1", "truncated"),
        (b"PAR1PAR1", "truncated"),
        (b"x,y\n1,2\n", "CSV text?"),
        (b"\x89PNG....", "not a Parquet file"),
        (b"PAR1\x00\x00\x00\x00PAR1", "footer cannot be read"),
        (b"PAR1\xff\xff\xff\x7fPAR1", "footer cannot be read"),
        (b"PAR1" + b"\xff" * 64 + b"\x40\x00\x00\x00PAR1", "footer cannot be read"),
    ],
)
def test_not_parquet(check_parquet_bytes: Check, content: bytes, part: str) -> None:
    """Each way not to be a Parquet file has its reason, without any path."""
    report = check_parquet_bytes(content, CONTRACT)
    assert (found(report), report.engine) == ([("readable", None, 1)], "none")
    assert part in report.violations[0].message
    assert "/" not in report.violations[0].message


def test_truncated_anywhere(write_parquet: Write, check_parquet_bytes: Check) -> None:
    """A file cut at any point is refused, never accepted, never an exception."""
    content = write_parquet(QUERY).read_bytes()
    for length in range(1, len(content), len(content) // 23):
        assert found(check_parquet_bytes(content[:length], CONTRACT)) == [("readable", None, 1)]


def test_cut_out_of_the_middle(write_parquet: Write, check_parquet_bytes: Check) -> None:
    """Pages that are missing before a whole footer are found, although the statistics are complete."""
    content = write_parquet(QUERY).read_bytes()
    report = check_parquet_bytes(content[:100] + content[-600:], CONTRACT)
    assert {violation.rule for violation in report.violations} == {"readable"}


def test_damaged_page_names_its_column(write_parquet: Write, check_parquet_bytes: Check) -> None:
    """One damaged column is named; the others are still checked."""
    path = write_parquet(QUERY, ", COMPRESSION zstd")
    with duckdb.connect() as connection:
        start, size = connection.execute(
            f"SELECT coalesce(dictionary_page_offset, data_page_offset), total_compressed_size"
            f" FROM parquet_metadata('{path}') WHERE path_in_schema = 'y'"
        ).fetchall()[0]
    content = bytearray(path.read_bytes())
    content[start : start + size] = b"\xff" * size
    contract = DataContract(
        columns=(Column(name="y", dtype="integer"), Column(name="x", dtype="integer", maximum=900)), key=("x",)
    )
    report = check_parquet_bytes(bytes(content), contract, use_statistics=False)
    assert found(report) == [("readable", "y", 1), ("maximum", "x", 99)]
    assert [column.name for column in report.columns] == ["x"]


def test_encrypted(tmp_path: Path, check_parquet_bytes: Check) -> None:
    """An encrypted file is reported as such."""
    path = tmp_path / "encrypted.parquet"
    with duckdb.connect() as connection:
        connection.execute("SET force_mbedtls_unsafe = true")
        connection.execute("PRAGMA add_parquet_key('key', '0123456789112345')")
        connection.execute(
            f"COPY (SELECT 1 AS x) TO '{path}' (FORMAT parquet, ENCRYPTION_CONFIG {{footer_key: 'key'}})"
        )
    report = check_parquet_bytes(path.read_bytes(), CONTRACT)
    assert found(report) == [("readable", None, 1)]
    assert "encrypted" in report.violations[0].message


def test_nested_columns_keep_their_neighbours(check_parquet: Check) -> None:
    """Nested columns do not shift the statistics of the columns after them."""
    query = "SELECT {'a': 1, 'b': [2, 3]} AS s, MAP {'k': 1} AS m, 5 AS x, [[1]] AS l, NULL::INTEGER AS y"
    contract = DataContract(
        columns=(
            Column(name="s", dtype="string"),
            Column(name="x", dtype="integer", minimum=6),
            Column(name="y", dtype="integer"),
        ),
        extra_columns="allow",
    )
    report = check_parquet(query, contract)
    assert found(report) == [("dtype", "s", 1), ("minimum", "x", 1), ("nullable", "y", 1)]


def test_names_that_differ_in_case_or_repeat(tmp_path: Path, check_parquet_bytes: Check) -> None:
    """The engine renames such columns; here they keep their names, by position."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pa.table([pa.array([1]), pa.array([2]), pa.array([3]), pa.array([4])], names=["X", "x", "y", ""])
    parquet.write_table(table, tmp_path / "names.parquet")
    contract = DataContract(
        columns=(
            Column(name="x", dtype="integer", minimum=2, maximum=2),
            Column(name="y", dtype="integer", minimum=3, maximum=3),
        )
    )
    report = check_parquet_bytes((tmp_path / "names.parquet").read_bytes(), contract)
    assert found(report) == [("extra_columns", None, 2)]
    assert report.violations[0].examples == ("X", "")


def test_column_without_a_type(tmp_path: Path, check_parquet_bytes: Check) -> None:
    """An all-empty column may be stored without a type; it conforms and is all null."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.table({"x": [1, 2], "y": pa.nulls(2)}), tmp_path / "nulls.parquet")
    content = (tmp_path / "nulls.parquet").read_bytes()
    nullable = DataContract(
        columns=(CONTRACT.columns[0], Column(name="y", dtype="string", nullable=True, allowed_values=("a",)))
    )
    assert found(check_parquet_bytes(content, nullable)) == []
    assert found(check_parquet_bytes(content, CONTRACT)) == [("nullable", "y", 2)]


def test_built_in_column_name(check_parquet: Check) -> None:
    """A column named like the engine's row numbers does not disturb the examples."""
    contract = DataContract(columns=(Column(name="file_row_number", dtype="integer", maximum=10),))
    report = check_parquet("SELECT 10 + range AS file_row_number FROM range(3)", contract)
    assert report.violations[0].examples == ("row 2: 11", "row 3: 12")


@pytest.mark.parametrize(
    ("children", "expected"),
    [
        ([0], []),
        ([2, None, None], [1, 2]),
        ([3, 1, 1, None, None, 2, None, None], [1, 4, 5]),
        ([5, None], [1]),
    ],
)
def test_top_level(children: list[int | None], expected: list[int]) -> None:
    """Children of the root are found behind nested ones."""
    assert top_level(children) == expected
