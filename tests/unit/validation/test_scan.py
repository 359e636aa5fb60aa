"""What a single pass finds, and what it does when the memory is too small for it."""

from collections.abc import Callable
from pathlib import Path

from nightshift.domain.uploads.contract import Column
from nightshift.validation.engine import open_engine
from nightshift.validation.parquet_table import parquet_table
from nightshift.validation.scan import scan_columns
from nightshift.validation.table import BoundColumn

Write = Callable[..., Path]


def test_facts(write_parquet: Write) -> None:
    """Nulls, values outside the set, extremes."""
    path = write_parquet("SELECT CASE WHEN range > 2 THEN range END AS x, 'a' || range AS s FROM range(6)")
    columns = [
        BoundColumn("x", 0, Column(name="x", dtype="integer", allowed_values=(4,)), "BIGINT", "integer"),
        BoundColumn("s", 1, None, "VARCHAR", None),
    ]
    with open_engine(path, "parquet", memory_limit_megabytes=64, threads=1, spill_directory=None) as engine:
        scan = scan_columns(engine, parquet_table(engine, path), columns)
    assert (scan.rows, scan.short, scan.long, scan.unreadable) == (6, 0, 0, {})
    x, s = scan.facts[0], scan.facts[1]
    assert (x.nulls, x.outside, x.minimum, x.maximum, x.all_finite) == (3, 2, 3, 5, True)
    assert (s.nulls, s.minimum, s.maximum) == (0, None, None)


def test_columns_that_need_too_much_memory_are_read_one_by_one(write_parquet: Write) -> None:
    """Halving brings columns under a memory limit that they exceed together; one too large alone is reported."""
    wide = ", ".join(f"repeat(chr(97 + (range % 26)::INT), 60_000) || {index} AS c{index}" for index in range(4))
    path = write_parquet(f"SELECT {wide}, range AS x FROM range(400)", ", COMPRESSION zstd, ROW_GROUP_SIZE 2048")
    columns = [
        BoundColumn(
            f"c{index}", index, Column(name=f"c{index}", dtype="string", allowed_values=("a",)), "VARCHAR", "string"
        )
        for index in range(4)
    ] + [BoundColumn("x", 4, Column(name="x", dtype="integer"), "BIGINT", "integer")]
    with open_engine(path, "parquet", memory_limit_megabytes=16, threads=1, spill_directory=None) as engine:
        scan = scan_columns(engine, parquet_table(engine, path), columns)
    assert sorted([*scan.facts, *scan.unreadable]) == [0, 1, 2, 3, 4]
    assert scan.facts[4].maximum == 399
    assert all("emory" in reason for reason in scan.unreadable.values())
