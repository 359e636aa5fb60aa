"""The benchmark's rules as a contract, and our check of it."""

from datetime import UTC, datetime
from pathlib import Path

from benchmarks.validation.measure import Check
from benchmarks.validation.rules import FLOAT_RANGE, FLOATS, INTEGER_RANGE, INTEGERS, MAX_NULL_FRACTION, STRINGS


def load(*, use_statistics: bool) -> Check:
    """Import the engine and return the check."""
    import duckdb

    from nightshift.domain.uploads.contract import Column, DataContract
    from nightshift.validation.check import check_file

    contract = DataContract(
        columns=(
            Column(name="row_id", dtype="integer"),
            Column(name="read_at", dtype="timestamp"),
            Column(name="read_on", dtype="date"),
            Column(name="is_valid", dtype="boolean"),
            *(
                Column(
                    name=name,
                    dtype="number",
                    nullable=True,
                    max_null_fraction=MAX_NULL_FRACTION,
                    minimum=FLOAT_RANGE[0],
                    maximum=FLOAT_RANGE[1],
                )
                for name in FLOATS
            ),
            *(
                Column(
                    name=name,
                    dtype="integer",
                    nullable=True,
                    max_null_fraction=MAX_NULL_FRACTION,
                    minimum=INTEGER_RANGE[0],
                    maximum=INTEGER_RANGE[1],
                )
                for name in INTEGERS
            ),
            *(Column(name=name, dtype="string") for name in STRINGS),
        )
    )

    def check(path: Path) -> str:
        report = check_file(path, "parquet", contract, uploaded_at=datetime.now(UTC), use_statistics=use_statistics)
        assert report.passed, report.violations
        return f"{report.rows} rows x {len(report.columns)}, engine {report.engine}, DuckDB {duckdb.__version__}"

    return check
