"""One pass over the data: counts and extremes of every column that the footer has not decided.

Nothing is kept but the aggregates, so memory does not grow with the file. Very wide tables take one pass per 200
columns, because a query's plan grows with its columns. Where a query needs more than the memory limit, or a Parquet
query meets a damaged page, its columns are halved and tried again, until the column at fault stands alone.
"""

# ruff: noqa: S608 (SQL here is positions and fixed words; names and values of a file never enter it)

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from nightshift.validation.column_facts import NUMERIC, TEMPORAL, ColumnFacts, is_finite
from nightshift.validation.conditions import not_allowed
from nightshift.validation.engine import Engine
from nightshift.validation.table import BoundColumn, Table

_BATCH = 200


@dataclass(frozen=True)
class Scan:
    """What a scan found.

    Attributes:
        rows: rows that were held against the rules.
        short, long: rows of a CSV file with fewer or more cells than the header.
        facts: by position of the column.
        unreadable: by position of the column, why its data cannot be read.
    """

    rows: int
    short: int
    long: int
    facts: dict[int, ColumnFacts]
    unreadable: dict[int, str]


def scan_columns(engine: Engine, table: Table, columns: Sequence[BoundColumn]) -> Scan:
    """Read the columns once. Without any column, only the rows of a CSV file are counted.

    Raises:
        duckdb.Error: a CSV file cannot be parsed, or the engine itself is broken.
    """
    counts = (0, 0, 0)
    facts: dict[int, ColumnFacts] = {}
    unreadable: dict[int, str] = {}
    pending = [columns[start : start + _BATCH] for start in range(0, max(1, len(columns)), _BATCH)]
    while pending:
        batch = pending.pop()
        try:
            counts, found = _scan(engine, table, batch)
            facts.update(found)
        except (duckdb.InternalException, duckdb.FatalException):
            raise  # nothing that follows would work either
        except duckdb.Error as error:
            if table.is_text and not (isinstance(error, duckdb.OutOfMemoryException) and len(batch) > 1):
                raise
            if len(batch) == 1:
                unreadable[batch[0].position] = engine.reason(error)
            else:
                half = len(batch) // 2
                pending += [batch[half:], batch[:half]]
    return Scan(*counts, facts=facts, unreadable=unreadable)


def _scan(
    engine: Engine, table: Table, columns: Sequence[BoundColumn]
) -> tuple[tuple[int, int, int], dict[int, ColumnFacts]]:
    wanted = ["count(*)"]
    if table.is_text:
        wanted += ["count(*) FILTER (is_short)", "count(*) FILTER (is_long)"]
    parameters: dict[str, Any] = {}
    for column in columns:
        wanted.append(f"count({column.raw})")
        if table.is_text and column.kind not in {"string", None}:
            wanted.append(f"count({column.value})")
        if outside := not_allowed(column):
            wanted.append(f"count(*) FILTER ({outside.sql})")
            parameters.update(outside.parameters)
        if column.kind in TEMPORAL:
            wanted += [f"epoch_us(TRY_CAST({end}({column.value}) AS TIMESTAMP))" for end in ("min", "max")]
        elif column.kind == "decimal":
            wanted += [f"CAST({end}({column.value}) AS DOUBLE)" for end in ("min", "max")]
        elif column.kind in NUMERIC:
            wanted += [f"{end}({column.value})" for end in ("min", "max")]
    values = iter(engine.row(f"SELECT {', '.join(wanted)} FROM {table.select(columns)}", parameters))
    rows = next(values)
    short, long = (next(values), next(values)) if table.is_text else (0, 0)
    return (rows, short, long), {column.position: _facts(column, table, rows, values) for column in columns}


def _facts(column: BoundColumn, table: Table, rows: int, values: Iterator[Any]) -> ColumnFacts:
    present = next(values)
    typed = next(values) if table.is_text and column.kind not in {"string", None} else present
    outside = next(values) if not_allowed(column) else 0
    low, high = (next(values), next(values)) if column.kind in NUMERIC | TEMPORAL else (None, None)
    # A moment that is infinite or beyond a timestamp's range has no microseconds.
    lost = column.kind in TEMPORAL and typed > 0 and (low is None or high is None)
    return ColumnFacts(
        nulls=rows - present,
        ill_typed=present - typed,
        outside=outside,
        minimum=low,
        maximum=high,
        all_finite=is_finite(low, high) and not lost,
    )
