"""What the check accepts, the reader of training reads: the same values, in UTC."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nightshift.domain.uploads.contract import Column, DataContract, Dtype
from nightshift.validation.check import check_file
from nightshift.validation.rows import read_rows

WHEN = datetime(2026, 11, 1, tzinfo=UTC)
MOMENTS = [
    datetime.fromisoformat(text) for text in ("2024-01-01T05:00:00", "1969-12-31T23:00:00", "2200-06-01T00:00:00")
]
INTEGERS = [0, 7, 100]
NUMBERS = [0.0, 7.0, 1.5]
DECIMALS = [Decimal(0), Decimal(7), Decimal("1.5")]
TEXTS = ["a", "", "ä"]
ZONES = (None, "UTC", "Europe/Berlin", "+05:30")
STORED: list[tuple[Dtype, pa.DataType, list[Any], list[Any]]] = [
    *(("integer", kind, INTEGERS, INTEGERS) for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64())),
    *(("integer", kind, INTEGERS, INTEGERS) for kind in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())),
    ("number", pa.int32(), INTEGERS, INTEGERS),
    ("number", pa.uint64(), INTEGERS, INTEGERS),
    *(("number", kind, NUMBERS, NUMBERS) for kind in (pa.float32(), pa.float64())),
    *(("number", kind, DECIMALS, NUMBERS) for kind in (pa.decimal128(9, 2), pa.decimal128(20, 3))),
    *(("string", kind, TEXTS, TEXTS) for kind in (pa.string(), pa.large_string())),
    ("string", pa.dictionary(pa.int8(), pa.string()), TEXTS, TEXTS),
    ("boolean", pa.bool_(), [True, False, True], [True, False, True]),
    *(
        ("date", kind, [at.date() for at in MOMENTS], [at.replace(hour=0) for at in MOMENTS])
        for kind in (pa.date32(), pa.date64())
    ),
    *(
        ("timestamp", pa.timestamp(unit, zone), [at.replace(tzinfo=UTC) if zone else at for at in MOMENTS], MOMENTS)
        for unit in ("s", "ms", "us", "ns")
        for zone in ZONES
    ),
    *((dtype, pa.null(), [None] * 3, [None] * 3) for dtype in ("integer", "number", "string", "boolean", "timestamp")),
]


def _contract(dtype: Dtype) -> DataContract:
    return DataContract(columns=(Column(name="cell", dtype=dtype, nullable=True),))


@pytest.mark.parametrize("version", ["1.0", "2.6"])
@pytest.mark.parametrize(
    ("dtype", "stored", "written", "expected"), STORED, ids=[f"{item[0]} as {item[1]}" for item in STORED]
)
def test_every_stored_type_that_is_accepted_is_read(
    tmp_path: Path, dtype: Dtype, stored: pa.DataType, written: list[Any], expected: list[Any], version: str
) -> None:
    """By the check and by training alike, an empty cell included."""
    path = tmp_path / "cells.parquet"
    pq.write_table(pa.table({"cell": pa.array([*written, None], stored)}), path, version=version)
    for use in (True, False):
        report = check_file(path, "parquet", _contract(dtype), uploaded_at=WHEN, use_statistics=use)
        assert report.passed, report.violations
    rows = read_rows(path, "parquet", _contract(dtype), name="part", memory_limit_megabytes=256, threads=1)
    assert rows["cell"].to_pylist() == [*expected, None]
