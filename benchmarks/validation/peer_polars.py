"""The same rules in Polars, lazily and streaming. Run with a Python that has ``polars``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.validation.measure import Check, main
from benchmarks.validation.rules import (
    COLUMNS,
    FLOAT_RANGE,
    FLOATS,
    INTEGER_RANGE,
    INTEGERS,
    MAX_NULL_FRACTION,
    STRINGS,
)


def load() -> Check:
    """Import Polars and return the check."""
    import polars as pl  # type: ignore[import-not-found]  # a peer's package, in an environment of its own

    def check(path: Path) -> str:
        frame = pl.scan_parquet(path)
        schema = frame.collect_schema()
        assert tuple(schema) == COLUMNS
        assert all(schema[name] == pl.Float64 for name in FLOATS)
        assert all(schema[name] == pl.Int64 for name in (*INTEGERS, "row_id"))
        assert all(schema[name] == pl.String for name in STRINGS)
        assert schema["read_at"] == pl.Datetime("us")
        assert schema["read_on"] == pl.Date
        assert schema["is_valid"] == pl.Boolean
        wanted = [pl.len().alias("rows")]
        wanted += [pl.col(name).null_count().alias(f"{name} nulls") for name in COLUMNS]
        for name in (*FLOATS, *INTEGERS):
            wanted += [pl.col(name).min().alias(f"{name} min"), pl.col(name).max().alias(f"{name} max")]
        wanted += [pl.col(name).is_nan().any().alias(f"{name} nan") for name in FLOATS]
        found = frame.select(wanted).collect(engine="streaming").row(0, named=True)
        for name in COLUMNS:
            limit = MAX_NULL_FRACTION if name in (*FLOATS, *INTEGERS) else 0
            assert found[f"{name} nulls"] / found["rows"] <= limit
        for names, (low, high) in ((FLOATS, FLOAT_RANGE), (INTEGERS, INTEGER_RANGE)):
            assert all(low <= found[f"{name} min"] and found[f"{name} max"] <= high for name in names)
        assert not any(found[f"{name} nan"] for name in FLOATS)
        return f"{found['rows']} rows x {len(COLUMNS)}, Polars {pl.__version__}, lazy streaming"

    return check


if __name__ == "__main__":
    main("validation_polars", load)
