"""The report as text for people."""

from nightshift.domain.uploads.contract import ColumnProfile, ContractReport, Violation
from nightshift.validation.summary import summary


def test_passed() -> None:
    """One line for a file that meets its contract."""
    report = ContractReport(
        rows=1234, columns=(ColumnProfile(name="x", null_count=0),), newest="2012-06-01", engine="footer"
    )
    assert summary(report) == (
        "The contract is met: 1,234 rows, 1 columns, checked from the Parquet footer, newest 2012-06-01."
    )


def test_broken() -> None:
    """Every violation with its examples, and how many more there are."""
    report = ContractReport(
        rows=9,
        violations=(
            Violation(
                rule="dtype",
                column="x",
                message="column 'x': 7 cell(s) are not a finite number",
                count=7,
                examples=("row 1: 'a'", "row 2: 'b'"),
            ),
            Violation(rule="row_count", message="9 row(s), at least 10 needed"),
        ),
    )
    assert summary(report).splitlines() == [
        "The contract is broken: 2 violations (9 rows, 0 columns, checked by reading the data).",
        "1. dtype: column 'x': 7 cell(s) are not a finite number",
        "   - row 1: 'a'",
        "   - row 2: 'b'",
        "   - and 5 more",
        "2. row_count: 9 row(s), at least 10 needed",
    ]
