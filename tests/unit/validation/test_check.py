"""Every rule of a contract, once per format."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.uploads.contract import Column, ContractReport, DataContract, Freshness
from nightshift.validation.check import check_file

Check = Callable[..., ContractReport]


def contract_of(*columns: Column, **rules: Any) -> DataContract:
    """Return a contract of these columns."""
    return DataContract(columns=columns, **rules)


def found(report: ContractReport) -> list[tuple[str, str | None, int]]:
    """Return rule, column and count of each violation."""
    return [(violation.rule, violation.column, violation.count) for violation in report.violations]


NUMBER = contract_of(Column(name="x", dtype="integer", minimum=0, maximum=10))
FREIGHT = contract_of(
    Column(name="id", dtype="integer"),
    Column(name="day", dtype="date"),
    Column(name="at", dtype="timestamp"),
    Column(name="price", dtype="number", nullable=True),
    Column(name="kind", dtype="string", allowed_values=("air", "sea")),
    Column(name="paid", dtype="boolean"),
    key=("id",),
    freshness=Freshness(column="at", max_age_days=3),
)
FREIGHT_CSV = (
    "id,day,at,price,kind,paid\n"
    "1,2012-06-01,2012-06-01T10:00:00Z,2.5,air,true\n"
    '2,2012-06-02,2012-06-02 23:30:00,,"sea",0\n'
)
FREIGHT_SQL = (
    "SELECT * FROM (VALUES"
    " (1, DATE '2012-06-01', TIMESTAMP '2012-06-01 10:00:00', 2.5::DOUBLE, 'air', true),"
    " (2, DATE '2012-06-02', TIMESTAMP '2012-06-02 23:30:00', NULL, 'sea', false))"
    ' t(id, day, "at", price, kind, paid)'
)


class TestGoodFiles:
    """A file that meets its contract."""

    def test_csv_passes_with_profile(self, check_csv: Check) -> None:
        """Rows, nulls, extremes and the newest row are reported."""
        report = check_csv(FREIGHT_CSV, FREIGHT)
        assert found(report) == []
        assert (report.rows, report.newest, report.engine) == (2, "2012-06-02T23:30:00Z", "scan")
        profile = {column.name: (column.null_count, column.minimum, column.maximum) for column in report.columns}
        assert profile["id"] == (0, "1", "2")
        assert profile["price"] == (1, "2.5", "2.5")
        assert profile["day"] == (0, "2012-06-01", "2012-06-02")

    def test_parquet_passes(self, check_parquet: Check) -> None:
        """The same rows in Parquet pass, too."""
        report = check_parquet(FREIGHT_SQL, FREIGHT)
        assert found(report) == []
        assert (report.rows, report.newest, report.engine) == (2, "2012-06-02T23:30:00Z", "scan")

    @pytest.mark.parametrize(
        "variant",
        [
            "\ufeff" + FREIGHT_CSV,
            FREIGHT_CSV.replace("\n", "\r\n"),
            FREIGHT_CSV.replace("\n", "\r"),
            FREIGHT_CSV.replace("\n", "\r\n", 1).replace('"', ""),
            FREIGHT_CSV.rstrip("\n"),
            FREIGHT_CSV + "\n\n",
        ],
        ids=["byte order mark", "crlf", "cr", "mixed line endings", "no last line end", "blank lines at the end"],
    )
    def test_csv_variants_pass(self, check_csv: Check, variant: str) -> None:
        """What every CSV reader understands is understood here."""
        assert found(check_csv(variant, FREIGHT)) == []

    def test_column_order_is_free(self, check_csv: Check) -> None:
        """Columns are matched by name."""
        contract = contract_of(Column(name="a", dtype="integer"), Column(name="b", dtype="string"))
        assert found(check_csv("b,a\nx,1\n", contract)) == []

    def test_quoted_line_breaks_commas_and_quotes(self, check_csv: Check) -> None:
        """A quoted cell may hold anything."""
        contract = contract_of(Column(name="a", dtype="string"), Column(name="b", dtype="integer"))
        report = check_csv('a,b\n"x\ny, ""z""",1\n"\r\n",2\n', contract)
        assert (found(report), report.rows) == ([], 2)


class TestRowCount:
    """min_rows and max_rows."""

    @pytest.mark.parametrize("file_format", ["csv", "parquet"])
    @pytest.mark.parametrize(("rows", "expected"), [(1, "row_count"), (2, None), (3, None), (4, "row_count")])
    def test_bounds_are_inclusive(
        self, check_csv: Check, check_parquet: Check, file_format: str, rows: int, expected: str | None
    ) -> None:
        """Two and three rows are allowed, one and four are not."""
        contract = contract_of(Column(name="x", dtype="integer"), min_rows=2, max_rows=3)
        if file_format == "csv":
            report = check_csv("x\n" + "1\n" * rows, contract)
        else:
            report = check_parquet(f"SELECT 1 AS x FROM range({rows})", contract)
        assert [violation.rule for violation in report.violations] == ([expected] if expected else [])
        assert report.rows == rows

    def test_header_only_csv(self, check_csv: Check) -> None:
        """A CSV with a header only has 0 rows and breaks nothing else."""
        assert found(check_csv("id,day,at,price,kind,paid\n", FREIGHT)) == [("row_count", None, 1)]

    def test_zero_row_parquet(self, check_parquet: Check) -> None:
        """A Parquet file without rows is told from its footer."""
        report = check_parquet(FREIGHT_SQL + " WHERE false", FREIGHT)
        assert (found(report), report.engine) == ([("row_count", None, 1)], "footer")


class TestNulls:
    """nullable, max_null_fraction of a column and of the file."""

    def test_csv_empty_cells(self, check_csv: Check) -> None:
        """Bare and quoted empty cells are null; examples name the rows."""
        contract = contract_of(Column(name="a", dtype="integer"), Column(name="b", dtype="string"))
        report = check_csv('a,b\n1,\n,x\n3,""\n', contract)
        assert found(report) == [("nullable", "a", 1), ("nullable", "b", 2)]
        assert report.violations[1].examples == ("row 1: (empty)", "row 3: (empty)")

    def test_parquet_nulls(self, check_parquet: Check) -> None:
        """Nulls are counted; the first five rows are shown."""
        report = check_parquet(
            "SELECT CASE WHEN range >= 3 THEN range END AS x FROM range(10)",
            contract_of(Column(name="x", dtype="integer")),
        )
        assert found(report) == [("nullable", "x", 3)]
        assert report.violations[0].examples == ("row 1: (empty)", "row 2: (empty)", "row 3: (empty)")

    @pytest.mark.parametrize(("limit", "expected"), [(0.5, []), (0.49, [("null_fraction", "x", 2)])])
    def test_fraction_of_a_column(
        self, check_csv: Check, check_parquet: Check, limit: float, expected: list[tuple[str, str, int]]
    ) -> None:
        """The limit itself is allowed."""
        contract = contract_of(
            Column(name="x", dtype="integer", nullable=True, max_null_fraction=limit), Column(name="y", dtype="integer")
        )
        assert found(check_csv("x,y\n1,1\n,2\n,3\n4,4\n", contract)) == expected
        query = "SELECT CASE WHEN range < 2 THEN range END AS x, range AS y FROM range(4)"
        assert found(check_parquet(query, contract)) == expected

    def test_fraction_of_the_file_counts_extra_columns(self, check_csv: Check, check_parquet: Check) -> None:
        """Over the whole file means every cell, of extra columns too."""
        contract = contract_of(
            Column(name="x", dtype="integer", nullable=True), extra_columns="allow", max_null_fraction=0.5
        )
        assert found(check_csv("x,y,z\n1,,\n2,,\n", contract)) == [("null_fraction", None, 4)]
        query = "SELECT 1 AS x, NULL::INTEGER AS y, NULL::INTEGER[] AS z FROM range(2)"
        assert found(check_parquet(query, contract)) == [("null_fraction", None, 4)]


class TestColumns:
    """Missing and extra columns."""

    def test_missing_column(self, check_csv: Check, check_parquet: Check) -> None:
        """A missing column is one violation; nothing more is said of it."""
        contract = contract_of(Column(name="a", dtype="integer"), Column(name="b", dtype="integer"), key=("a", "b"))
        assert found(check_csv("a\n1\n1\n", contract)) == [("columns", "b", 1)]
        assert found(check_parquet("SELECT 1 AS a", contract)) == [("columns", "b", 1)]

    def test_case_difference_is_named(self, check_csv: Check, check_parquet: Check) -> None:
        """A name in another case is missing, and the message says why; it is not reported as extra again."""
        contract = contract_of(Column(name="a", dtype="integer"), Column(name="Total", dtype="integer"))
        for report in (check_csv("a, total\n1,2\n", contract), check_parquet("SELECT 1 AS a, 2 AS total", contract)):
            assert found(report) == [("columns", "Total", 1)]
            assert "differs from it only in case" in report.violations[0].message

    @pytest.mark.parametrize(("extra", "expected"), [("forbid", [("extra_columns", None, 2)]), ("allow", [])])
    def test_extra_columns(
        self, check_csv: Check, check_parquet: Check, extra: str, expected: list[tuple[str, None, int]]
    ) -> None:
        """Extra columns are forbidden or ignored as the contract says."""
        contract = contract_of(Column(name="a", dtype="integer"), extra_columns=extra)
        assert found(check_csv("z,a,y\n?,1,?\n", contract)) == expected
        assert found(check_parquet("SELECT [1] AS z, 1 AS a, 'x' AS y", contract)) == expected

    def test_header_that_is_data(self, check_csv: Check) -> None:
        """Without a header row no name matches, and that is said once."""
        report = check_csv(
            "1,2012-06-01\n2,2012-06-02\n",
            contract_of(Column(name="a", dtype="integer"), Column(name="b", dtype="date")),
        )
        assert (found(report), report.engine) == ([("columns", None, 2)], "none")
        assert "reads '1', '2012-06-01'" in report.violations[0].message

    def test_name_twice(self, check_csv: Check) -> None:
        """A repeated header name is reported; the first column is checked."""
        report = check_csv("x,x\n1,99\n", NUMBER)
        assert found(report) == [("columns", "x", 1)]


class TestDtype:
    """Conformance of text and of stored types."""

    @pytest.mark.parametrize(
        ("dtype", "good", "bad"),
        [
            (
                "integer",
                ["0", "-7", "+5", "007", "9223372036854775807"],
                ["1.0", "1e3", "1_000", " 1", "0x1F", "9223372036854775808", "one", "-", "NA"],
            ),
            (
                "number",
                ["0", "-1.5", ".5", "5.", "1e-3", "+2E+4"],
                ["nan", "inf", "-Infinity", "1_0.5", "1,5", "+-1", "1e"],
            ),
            ("boolean", ["true", "False", "TRUE", "0", "1"], ["yes", "t", "2", "on"]),
            (
                "date",
                ["2012-06-30", "0001-01-01"],
                ["2012-6-30", "30.06.2012", "2012-02-30", "2012/06/30", "2012-06-30T00:00:00", "epoch", "infinity"],
            ),
            (
                "timestamp",
                ["2012-06-30T23:00:00Z", "2012-06-30 23:00", "2012-06-30T23:00:00.123456+02:00", "2012-06-30"],
                [
                    "2012-06-30T25:00:00",
                    "yesterday",
                    "2012-06-30T23",
                    "now",
                    "1341097200",
                    "2012-06-30 23:00 Europe/Berlin",
                ],
            ),
            ("string", ["anything", " ", "NULL"], []),
        ],
    )
    def test_csv_text(self, check_csv: Check, dtype: Any, good: list[str], bad: list[str]) -> None:
        """Exactly the text of the documented forms is taken."""
        contract = contract_of(Column(name="x", dtype=dtype))
        cells = "".join(f'"{cell}"\n' for cell in good + bad)
        report = check_csv("x\n" + cells, contract)
        assert found(report) == ([("dtype", "x", len(bad))] if bad else [])
        for violation in report.violations:
            expected = [f"row {len(good) + 1 + index}: {cell!r}" for index, cell in enumerate(bad[:5])]
            assert list(violation.examples) == expected

    def test_csv_number_beyond_double(self, check_csv: Check) -> None:
        """A decimal too large for a double is infinite, which is no number."""
        assert found(check_csv("x\n1\n1e999\n", contract_of(Column(name="x", dtype="number", maximum=5)))) == [
            ("dtype", "x", 1)
        ]

    @pytest.mark.parametrize(
        ("dtype", "good", "bad"),
        [
            ("integer", ["1::TINYINT", "1::BIGINT", "1::UBIGINT"], ["1.5::DOUBLE", "'1'", "true", "[1]"]),
            ("number", ["1::INTEGER", "1.5::FLOAT", "1.5::DOUBLE", "1.5::DECIMAL(9,2)"], ["'1.5'", "true", "[1.5]"]),
            ("string", ["'x'", "'x'::ENUM('x')"], ["1", "'x'::BLOB", "{'a': 'x'}", "MAP {'a': 1}"]),
            ("boolean", ["true"], ["1", "'true'"]),
            ("date", ["DATE '2012-06-01'"], ["TIMESTAMP '2012-06-01'", "'2012-06-01'"]),
            (
                "timestamp",
                ["TIMESTAMP '2012-06-01'", "TIMESTAMPTZ '2012-06-01'", "'2012-06-01'::TIMESTAMP_NS"],
                ["DATE '2012-06-01'", "'2012-06-01'", "[TIMESTAMP '2012-06-01']"],
            ),
        ],
    )
    def test_parquet_types(self, check_parquet: Check, dtype: Any, good: list[str], bad: list[str]) -> None:
        """A stored type conforms or is one violation over all rows."""
        contract = contract_of(Column(name="x", dtype=dtype))
        for value in good:
            assert found(check_parquet(f"SELECT {value} AS x FROM range(3)", contract)) == []
        for value in bad:
            assert found(check_parquet(f"SELECT {value} AS x FROM range(3)", contract)) == [("dtype", "x", 3)]

    @pytest.mark.parametrize("use_statistics", [True, False])
    @pytest.mark.parametrize("stored", ["FLOAT", "DOUBLE"])
    def test_parquet_nan_and_infinity(self, check_parquet: Check, stored: str, use_statistics: bool) -> None:
        """NaN and infinity are no numbers, and hide no other offender."""
        query = f"SELECT v::{stored} AS x FROM (VALUES ('1'), ('nan'), ('200'), ('-inf'), ('-3')) t(v)"
        contract = contract_of(Column(name="x", dtype="number", minimum=0, maximum=100))
        report = check_parquet(query, contract, use_statistics=use_statistics)
        assert found(report) == [("dtype", "x", 2), ("minimum", "x", 1), ("maximum", "x", 1)]
        assert report.violations[0].examples == ("row 2: nan", "row 4: -inf")

    def test_parquet_infinite_timestamp(self, check_parquet: Check) -> None:
        """A timestamp can be infinite, too."""
        query = "SELECT v::TIMESTAMP AS x FROM (VALUES ('2012-06-01'), ('infinity')) t(v)"
        assert found(check_parquet(query, contract_of(Column(name="x", dtype="timestamp")))) == [("dtype", "x", 1)]


class TestRanges:
    """minimum and maximum, inclusive."""

    def test_csv(self, check_csv: Check) -> None:
        """Offenders on both sides are counted and shown."""
        report = check_csv("x\n0\n10\n-1\n11\n12\n", NUMBER)
        assert found(report) == [("minimum", "x", 1), ("maximum", "x", 2)]
        assert report.violations[1].examples == ("row 4: 11", "row 5: 12")

    @pytest.mark.parametrize("stored", ["SMALLINT", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL(9,1)"])
    def test_parquet(self, check_parquet: Check, stored: str) -> None:
        """The same for every stored number."""
        contract = contract_of(Column(name="x", dtype="number", minimum=0.1, maximum=10))
        query = f"SELECT v::{stored} AS x FROM (VALUES (1), (10), (0), (11), (12)) t(v)"
        assert found(check_parquet(query, contract)) == [("minimum", "x", 1), ("maximum", "x", 2)]

    @pytest.mark.parametrize("stored", ["FLOAT", "DOUBLE", "DECIMAL(9,1)"])
    def test_bound_itself_is_allowed_in_any_precision(self, check_parquet: Check, stored: str) -> None:
        """A stored 0.1 meets minimum 0.1 and maximum 0.1, although FLOAT rounds it up."""
        contract = contract_of(Column(name="x", dtype="number", minimum=0.1, maximum=0.1))
        assert found(check_parquet(f"SELECT 0.1::{stored} AS x", contract)) == []

    def test_integers_beyond_double_precision(self, check_parquet: Check) -> None:
        """Integers compare exactly: 2^53 + 1 is above 2^53."""
        contract = contract_of(Column(name="x", dtype="integer", maximum=2.0**53))
        assert found(check_parquet("SELECT 9007199254740993 AS x", contract)) == [("maximum", "x", 1)]


class TestAllowedValues:
    """The closed set of values."""

    def test_text(self, check_csv: Check, check_parquet: Check) -> None:
        """Text compares exactly; empty cells are the business of nullable."""
        contract = contract_of(Column(name="x", dtype="string", nullable=True, allowed_values=("a'b", "c")))
        report = check_csv("x\na'b\nA'B\n\nc\n d\n", contract)
        assert found(report) == [("allowed_values", "x", 2)]
        assert report.violations[0].examples == ('row 2: "A\'B"', "row 4: ' d'")
        query = "SELECT v AS x FROM (VALUES ('a''b'), (NULL), ('C')) t(v)"
        assert found(check_parquet(query, contract)) == [("allowed_values", "x", 1)]

    def test_numbers_compare_as_numbers(self, check_csv: Check, check_parquet: Check) -> None:
        """1.0 and 01 are the allowed 1; words in the set never match a number."""
        contract = contract_of(Column(name="x", dtype="number", allowed_values=(1, "2", "many")))
        assert found(check_csv("x\n1.0\n01\n2\n3\n", contract)) == [("allowed_values", "x", 1)]
        assert found(check_parquet("SELECT range::DOUBLE AS x FROM range(1, 4)", contract)) == [
            ("allowed_values", "x", 1)
        ]

    def test_booleans_and_dates(self, check_csv: Check) -> None:
        """Booleans and moments compare by value."""
        contract = contract_of(
            Column(name="b", dtype="boolean", allowed_values=(True,)),
            Column(name="t", dtype="timestamp", allowed_values=("2012-06-01T00:00:00Z",)),
        )
        report = check_csv("b,t\n1,2012-06-01\nfalse,2012-06-01T02:00:00+02:00\ntrue,2012-06-02\n", contract)
        assert found(report) == [("allowed_values", "b", 1), ("allowed_values", "t", 1)]


class TestUnique:
    """Uniqueness of the key."""

    def test_single_key(self, check_csv: Check, check_parquet: Check) -> None:
        """Every repetition counts; examples name the row repeated."""
        contract = contract_of(Column(name="x", dtype="integer"), key=("x",))
        report = check_csv("x\n1\n2\n01\n3\n1\n2\n", contract)
        assert found(report) == [("unique", "x", 3)]
        assert report.violations[0].examples == ("row 3: x=1 repeats row 1", "row 6: x=2 repeats row 2")
        assert found(check_parquet("SELECT range % 4 AS x FROM range(6)", contract)) == [("unique", "x", 2)]

    def test_composite_key_with_allowed_nulls(self, check_csv: Check) -> None:
        """An allowed empty cell is a value of the key."""
        contract = contract_of(
            Column(name="a", dtype="string"), Column(name="b", dtype="string", nullable=True), key=("a", "b")
        )
        report = check_csv("a,b\nx,\nx,1\nx,\ny,\n", contract)
        assert found(report) == [("unique", None, 1)]
        assert report.violations[0].examples == ("row 3: a=x, b=(empty) repeats row 1",)

    def test_cells_reported_elsewhere_take_no_part(self, check_csv: Check) -> None:
        """Two empty or ill-typed key cells are not a repetition as well."""
        contract = contract_of(
            Column(name="x", dtype="integer"), Column(name="y", dtype="integer", nullable=True), key=("x",)
        )
        assert found(check_csv("x,y\n,1\n,2\nz,3\nz,4\n", contract)) == [("nullable", "x", 2), ("dtype", "x", 2)]


class TestFreshness:
    """The newest row against the upload and against the upload before; uploads here are of 2012-06-03T00:00Z."""

    @pytest.mark.parametrize(("newest", "expected"), [("2012-06-01", []), ("2012-05-31", [("freshness", "d", 1)])])
    def test_max_age(
        self, check_csv: Check, check_parquet: Check, newest: str, expected: list[tuple[str, str, int]]
    ) -> None:
        """Exactly the largest age is still fresh."""
        contract = contract_of(Column(name="d", dtype="date"), freshness=Freshness(column="d", max_age_days=2))
        assert found(check_csv(f"d\n2011-01-01\n{newest}\n", contract)) == expected
        assert found(check_parquet(f"SELECT DATE '{newest}' AS d", contract)) == expected

    @pytest.mark.parametrize(
        ("last", "expected"),
        [(None, []), ("2012-06-01T12:00:00Z", []), ("2012-06-01T12:00:01Z", [("freshness", "t", 1)])],
    )
    def test_not_older_than_last(
        self, check_csv: Check, check_parquet: Check, last: str | None, expected: list[tuple[str, str, int]]
    ) -> None:
        """The newest row may equal the last upload's, not lie before it; an offset counts."""
        contract = contract_of(Column(name="t", dtype="timestamp"), freshness=Freshness(column="t"))
        report = check_csv("t\n2012-06-01T14:00:00+02:00\n", contract, last_newest=last)
        assert (found(report), report.newest) == (expected, "2012-06-01T12:00:00Z")
        query = "SELECT TIMESTAMPTZ '2012-06-01 14:00:00+02' AS t"
        assert found(check_parquet(query, contract, last_newest=last)) == expected

    def test_no_value_at_all(self, check_csv: Check) -> None:
        """A freshness column without any value cannot be fresh."""
        contract = contract_of(
            Column(name="d", dtype="date", nullable=True),
            Column(name="x", dtype="integer"),
            freshness=Freshness(column="d"),
        )
        assert found(check_csv("d,x\n,1\n", contract)) == [("freshness", "d", 1)]

    def test_bad_calls_are_raised(self, check_csv: Check, tmp_path: Path) -> None:
        """What is wrong with the call is no violation of the data."""
        contract = contract_of(Column(name="d", dtype="date"), freshness=Freshness(column="d"))
        with pytest.raises(BadInputError, match="last_newest = 'soon'"):
            check_csv("d\n2012-06-01\n", contract, last_newest="soon")
        with pytest.raises(BadInputError, match="uploaded_at"):
            check_file(tmp_path / "upload.csv", "csv", contract, uploaded_at=datetime(2012, 6, 3))  # noqa: DTZ001 - the point
        with pytest.raises(FileNotFoundError):
            check_file(
                tmp_path / "gone.csv", "csv", contract, uploaded_at=datetime.fromisoformat("2012-06-03T00:00:00Z")
            )


class TestEverythingAtOnce:
    """Several broken rules in one report."""

    def test_all_violations_of_a_file(self, check_csv: Check) -> None:
        """Nothing stops at the first violation."""
        report = check_csv(
            "id,day,at,price,kind,paid,note\n"
            "1,2012-06-01,2002-01-01,1,air,true,\n"
            "1,2012-13-01,,abc,rail,maybe,\n"
            "x,,2002-01-01,2,sea,1,\n",
            FREIGHT,
        )
        assert found(report) == [
            ("extra_columns", "note", 1),
            ("dtype", "id", 1),
            ("nullable", "day", 1),
            ("dtype", "day", 1),
            ("nullable", "at", 1),
            ("dtype", "price", 1),
            ("allowed_values", "kind", 1),
            ("dtype", "paid", 1),
            ("unique", "id", 1),
            ("freshness", "at", 1),
        ]


class TestHostileFiles:
    """Names and values that try to become SQL, paths that try to be wildcards."""

    NAMES = ('a"b', "c'd; DROP TABLE x; --", "ünï😀", "row", "c0", "file_row_number", "a b", "$x", "{count}")

    def test_names(self, check_csv: Check, check_parquet: Check) -> None:
        """Any name is only a name."""
        contract = contract_of(
            *(Column(name=name, dtype="integer", maximum=0) for name in self.NAMES), key=(self.NAMES[0],)
        )
        header = ",".join('"' + name.replace('"', '""') + '"' for name in self.NAMES)
        row = ",".join("1" for _ in self.NAMES)
        expected = [("maximum", name, 1) for name in self.NAMES]
        assert found(check_csv(f"{header}\n{row}\n", contract)) == expected
        columns = ", ".join('1 AS "' + name.replace('"', '""') + '"' for name in self.NAMES)
        report = check_parquet(f"SELECT {columns}", contract)
        assert found(report) == expected
        assert report.violations[0].examples == ("row 1: 1",)

    def test_values(self, check_csv: Check) -> None:
        """A value is shown as it is, shortened."""
        contract = contract_of(Column(name="x", dtype="string", allowed_values=("'); DROP TABLE x; --",)))
        report = check_csv("x\n'); DROP TABLE x; --\n" + "{}" * 100 + "\n", contract)
        assert found(report) == [("allowed_values", "x", 1)]
        assert report.violations[0].examples == (f"row 2: {'{}' * 40 + '...'!r}",)

    def test_wildcards_in_the_path(self, tmp_path: Path) -> None:
        """A file whose name is a pattern is itself, not what the pattern matches."""
        (tmp_path / "a1.csv").write_text("x\n99\n")
        (tmp_path / "a[1]*.csv").write_text("x\n5\n")
        uploaded_at = datetime.fromisoformat("2012-06-03T00:00:00Z")
        assert found(check_file(tmp_path / "a[1]*.csv", "csv", NUMBER, uploaded_at=uploaded_at)) == []

    def test_many_columns(self, check_csv: Check, check_parquet: Check) -> None:
        """More columns than fit in one query."""
        names = [f"c{index}" for index in range(450)]
        contract = contract_of(*(Column(name=name, dtype="integer", maximum=1) for name in names))
        header, cells = ",".join(names), ",".join("1" for _ in names)
        assert found(check_csv(f"{header}\n{cells}\n2{cells[1:]}\n{cells[:-1]}2\n", contract)) == [
            ("maximum", "c0", 1),
            ("maximum", "c449", 1),
        ]
        columns = ", ".join(f"2 AS {name}" if name == "c449" else f"1 AS {name}" for name in names)
        assert found(check_parquet(f"SELECT {columns}", contract, use_statistics=False)) == [("maximum", "c449", 1)]

    def test_nothing_is_left_behind(self, check_csv: Check, tmp_path: Path) -> None:
        """The spill folder is empty again, also after a bad file."""
        spill = tmp_path / "spill"
        spill.mkdir()
        check_csv("x\n1\n", NUMBER, spill_directory=spill)
        check_csv("x\n\0\n", NUMBER, spill_directory=spill)
        assert list(spill.iterdir()) == []
