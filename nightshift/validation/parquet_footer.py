"""What the Parquet footer proves, so that no data page need be read for it.

The footer is enough for a column when, in every row group that holds any of its values,

- the count of nulls is stated (asked of every column), and
- for numbers with bounds, and for every date and timestamp: minimum and maximum are stated and exact, and
- for FLOAT and DOUBLE: also a NaN count of 0 is stated. Minimum and maximum alone never prove a float column, because
  writers leave NaN out of them; most writers do not state the NaN count yet, and such columns are scanned.

It is never enough for ``allowed_values``, for a key, and where the footer contradicts itself (value counts that do not
add up, data outside the file, a minimum above its maximum). Only the fields ``min_value`` and ``max_value`` are
believed: the older ``min`` and ``max`` have no defined order. INT96 timestamps carry no statistics and are scanned.

The footer is written by whoever wrote the data. What it cannot prove is that the data pages can be decoded: damage in a
page is found only if a rule needs that page, or with ``use_statistics=False``.
"""

# ruff: noqa: S608 (SQL here is positions and fixed words; names and values of a file never enter it)

from dataclasses import dataclass
from typing import Any

from nightshift.validation.column_facts import NUMERIC, TEMPORAL, ColumnFacts, is_finite
from nightshift.validation.engine import Engine
from nightshift.validation.parquet_table import top_level
from nightshift.validation.table import BoundColumn

_FLOATS = frozenset({"single", "double"})
_GROUP_EMPTY = "stats_null_count = num_values"
_STATED = (
    "stats_min_value IS NOT NULL AND stats_max_value IS NOT NULL"
    " AND coalesce(min_is_exact, true) AND coalesce(max_is_exact, true)"
)
_QUERY = f"""
SELECT
    column_id,
    sum(num_values),
    CASE WHEN bool_and(stats_null_count IS NOT NULL AND stats_null_count <= num_values) THEN sum(stats_null_count) END,
    bool_and(coalesce({_GROUP_EMPTY}, false) OR ({_STATED})),
    bool_and(coalesce({_GROUP_EMPTY}, false) OR coalesce(stats_nan_count = 0, false)),
    min(TRY_CAST(stats_min_value AS HUGEINT)),
    max(TRY_CAST(stats_max_value AS HUGEINT)),
    min(TRY_CAST(stats_min_value AS DOUBLE)),
    max(TRY_CAST(stats_max_value AS DOUBLE)),
    epoch_us(min(TRY_CAST(stats_min_value AS TIMESTAMP))),
    epoch_us(max(TRY_CAST(stats_max_value AS TIMESTAMP))),
    bool_and(coalesce(TRY_CAST(stats_min_value AS HUGEINT) <= TRY_CAST(stats_max_value AS HUGEINT), true)
        AND coalesce(TRY_CAST(stats_min_value AS DOUBLE) <= TRY_CAST(stats_max_value AS DOUBLE), true)
        AND coalesce(TRY_CAST(stats_min_value AS TIMESTAMP) <= TRY_CAST(stats_max_value AS TIMESTAMP), true)),
    bool_and(total_compressed_size >= 0
        AND coalesce(dictionary_page_offset, data_page_offset) BETWEEN 4 AND $size - 8 - total_compressed_size)
FROM parquet_metadata({{source}})
WHERE num_values > 0
GROUP BY column_id
"""


@dataclass(frozen=True)
class ParquetFooter:
    """The row count and, by position of a flat column, what the statistics say."""

    rows: int
    statistics: dict[int, tuple[Any, ...]]

    def facts(self, column: BoundColumn) -> ColumnFacts | None:
        """Return what the footer proves about the column, or None if it must be scanned."""
        if self.rows == 0:
            return ColumnFacts(nulls=0)
        rule = column.rule
        if column.position not in self.statistics or (rule and column.kind and rule.allowed_values):
            return None
        values, nulls, stated, no_nan, *extremes, ordered, inside = self.statistics[column.position]
        # Text is ordered as text, so that 10 may come before 9: only numbers and moments can contradict.
        contradicts = not ordered and column.kind in NUMERIC | TEMPORAL
        if contradicts or not inside or nulls is None or values != self.rows:
            return None
        if column.kind in NUMERIC:
            return _numeric_facts(column, int(nulls), stated=stated, no_nan=no_nan, extremes=extremes)
        if column.kind in TEMPORAL:
            low, high = extremes[4], extremes[5]
            # An infinite timestamp casts to no microseconds; leave that to the scan.
            known = stated and (nulls == values or None not in (low, high))
            return ColumnFacts(nulls=int(nulls), minimum=low, maximum=high) if known else None
        return ColumnFacts(nulls=int(nulls))


def read_footer(engine: Engine, size: int) -> ParquetFooter:
    """Read row count and statistics; ``size`` is the file's in bytes. Errors: ``duckdb.Error``."""
    rows = engine.row(f"SELECT coalesce(sum(num_rows), 0) FROM parquet_file_metadata({engine.source})")[0]
    children = [row[0] for row in engine.rows(f"SELECT num_children FROM parquet_schema({engine.source})")]
    by_leaf = {
        row[0]: row[1:] for row in engine.rows(_QUERY.format(source=engine.source), {"size": size})
    }  # one row per leaf
    leaf_of_element: dict[int, int] = {}
    for element, count in enumerate(children):
        if element and not count:
            leaf_of_element[element] = len(leaf_of_element)
    statistics = {
        position: by_leaf[leaf_of_element[element]]
        for position, element in enumerate(top_level(children))
        if element in leaf_of_element and leaf_of_element[element] in by_leaf
    }
    return ParquetFooter(rows=int(rows), statistics=statistics)


def _numeric_facts(
    column: BoundColumn, nulls: int, *, stated: bool, no_nan: bool, extremes: list[Any]
) -> ColumnFacts | None:
    is_float = column.kind in _FLOATS
    low, high = (extremes[0], extremes[1]) if column.kind == "integer" else (extremes[2], extremes[3])
    # An unsigned integer may be larger than a signed one can be, which is a rule of its own.
    bounded = column.stored.startswith("U") or (
        column.rule is not None and (column.rule.minimum is not None or column.rule.maximum is not None)
    )
    if (is_float and not no_nan) or ((is_float or bounded) and not stated):
        return None
    if not stated:
        return ColumnFacts(nulls=nulls)
    return ColumnFacts(nulls=nulls, minimum=low, maximum=high) if is_finite(low, high) else None
