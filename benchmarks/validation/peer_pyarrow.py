"""The same rules in pyarrow, by row batches with little memory. Run with a Python that has ``pyarrow``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.validation.measure import Check, main
from benchmarks.validation.rules import COLUMNS, FLOAT_RANGE, FLOATS, INTEGER_RANGE, INTEGERS, MAX_NULL_FRACTION


def load() -> Check:
    """Import pyarrow and return the check."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    def check(path: Path) -> str:
        with pq.ParquetFile(path, pre_buffer=False, memory_map=False) as file:
            assert tuple(file.schema_arrow.names) == COLUMNS
            assert all(file.schema_arrow.field(name).type == pa.float64() for name in FLOATS)
            assert all(file.schema_arrow.field(name).type == pa.int64() for name in (*INTEGERS, "row_id"))
            rows = 0
            nulls = dict.fromkeys(COLUMNS, 0)
            for batch in file.iter_batches(batch_size=131_072):
                rows += batch.num_rows
                for name in COLUMNS:
                    nulls[name] += batch.column(name).null_count
                for names, (low, high) in ((FLOATS, FLOAT_RANGE), (INTEGERS, INTEGER_RANGE)):
                    for name in names:
                        extremes = pc.min_max(batch.column(name))
                        assert low <= extremes["min"].as_py()
                        assert extremes["max"].as_py() <= high
                for name in FLOATS:
                    assert not pc.any(pc.is_nan(batch.column(name))).as_py()
        for name, count in nulls.items():
            limit = MAX_NULL_FRACTION if name in (*FLOATS, *INTEGERS) else 0
            assert count / rows <= limit
        return f"{rows} rows x {len(COLUMNS)}, pyarrow {pa.__version__}, batches of 131,072 rows"

    return check


if __name__ == "__main__":
    main("validation_pyarrow", load)
