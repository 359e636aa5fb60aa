"""What the check accepts, the reader of training reads: the same values, in UTC."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.contract import Column, DataContract, Dtype
from domain.errors import BadInputError
from validation.check import check_file
from validation.rows import read_rows

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


@pytest.mark.parametrize(
    ("dtype", "cell"),
    [
        ("timestamp", "9999-12-31T23:00:00-05:00"),
        ("timestamp", "9999-12-31T24:00:00"),
        ("timestamp", "0000-01-01T01:00:00+02:00"),
    ],
)
def test_a_moment_that_training_could_not_read_is_refused(tmp_path: Path, dtype: Dtype, cell: str) -> None:
    """Beyond the year 9999 in UTC, or before the year 0: by the check and by the reader, with the column."""
    path = tmp_path / "cells.csv"
    path.write_text(f"cell\n2024-01-01\n{cell}\n")
    report = check_file(path, "csv", _contract(dtype), uploaded_at=WHEN)
    assert [(found.rule, found.column, found.count) for found in report.violations] == [("dtype", "cell", 1)]
    assert cell in report.violations[0].examples[0]
    with pytest.raises(BadInputError, match="after the year 9999 in UTC") as refused:
        read_rows(path, "csv", _contract(dtype), name="part", memory_limit_megabytes=256, threads=1)
    assert refused.value.fields["field"] == "cell"


@pytest.mark.parametrize("use_statistics", [False, True])
@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("ms", "UTC"), pa.date32()], ids=str)
def test_a_stored_moment_beyond_the_year_9999_is_refused(
    tmp_path: Path, kind: pa.DataType, use_statistics: bool
) -> None:
    """Parquet holds it, and no text of ISO 8601 does."""
    days = 3_000_000
    beyond = days if kind == pa.date32() else days * 86_400 * (1_000 if kind.unit == "ms" else 1)
    path = tmp_path / "cells.parquet"
    number = pa.int32() if kind == pa.date32() else pa.int64()
    pq.write_table(pa.table({"cell": pa.array([0, beyond, None], number).cast(kind)}), path)
    contract = _contract("date" if kind == pa.date32() else "timestamp")
    report = check_file(path, "parquet", contract, uploaded_at=WHEN, use_statistics=use_statistics)
    assert [(found.rule, found.column, found.count) for found in report.violations] == [("dtype", "cell", 1)]
