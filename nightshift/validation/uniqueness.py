"""Whether the key is unique: an aggregation that spills to disk when it outgrows the memory limit.

Keys compare by value, so ``1`` and ``01`` of an integer column are one key. Cells that another rule has already
reported (empty where none may be, text of another type) take no part. Empty cells that are allowed are a value like any
other.
"""

# ruff: noqa: S608 (SQL here is positions and fixed words; names and values of a file never enter it)

from collections.abc import Sequence

import duckdb

from nightshift.domain.uploads.contract import Violation
from nightshift.validation.engine import Engine
from nightshift.validation.offences import EXAMPLES
from nightshift.validation.table import BoundColumn, Table

_SHOWN_CHARACTERS = 120


def key_violation(engine: Engine, table: Table, key: Sequence[BoundColumn]) -> Violation | None:
    """Return the broken ``unique`` rule, counting every row that repeats an earlier row's key."""
    names = ", ".join(column.name for column in key)
    query = (
        "SELECT coalesce(sum(repeats - 1), 0) FROM ("
        f"SELECT count(*) AS repeats FROM {_keys(table, key, numbered=False)} GROUP BY {_columns(key)}"
        " HAVING count(*) > 1)"
    )
    try:
        count = int(engine.row(query)[0])
    except (duckdb.InternalException, duckdb.FatalException):
        raise
    except duckdb.Error as error:
        message = f"whether the key ({names}) is unique could not be checked: {engine.reason(error)}"
        return Violation(rule="unique", message=message)
    if not count:
        return None
    message = f"{count} row(s) repeat the key ({names}) of an earlier row"
    column = key[0].name if len(key) == 1 else None
    return Violation(rule="unique", column=column, message=message, count=count, examples=_examples(engine, table, key))


def _examples(engine: Engine, table: Table, key: Sequence[BoundColumn]) -> tuple[str, ...]:
    """Return the first repetition of the keys that appear first: the groups keep one number each, and so can spill."""
    keys = _keys(table, key, numbered=True)
    same = " AND ".join(f"later.k{index} IS NOT DISTINCT FROM repeated.k{index}" for index in range(len(key)))
    parts = ", ".join(f"coalesce(CAST(any_value(later.k{index}) AS VARCHAR), '(empty)')" for index in range(len(key)))
    query = (
        f'SELECT repeated.first, min(later."row"), [{parts}]'
        f' FROM {keys} AS later JOIN (SELECT {_columns(key)}, min("row") AS first FROM {keys} GROUP BY {_columns(key)}'
        f" HAVING count(*) > 1 ORDER BY first LIMIT {EXAMPLES}) AS repeated"
        f' ON {same} AND later."row" > repeated.first GROUP BY repeated.first ORDER BY 2'
    )
    try:
        found = engine.rows(query)
    except duckdb.Error:
        return ()  # the count stands without examples
    return tuple(f"row {row}: {_shown(key, values)} repeats row {first}" for first, row, values in found)


def _shown(key: Sequence[BoundColumn], values: Sequence[str]) -> str:
    shown = ", ".join(f"{column.name}={value}" for column, value in zip(key, values, strict=True))
    return shown if len(shown) <= _SHOWN_CHARACTERS else shown[:_SHOWN_CHARACTERS] + "..."


def _keys(table: Table, key: Sequence[BoundColumn], *, numbered: bool) -> str:
    parts: list[str] = []
    conditions: list[str] = []
    for index, column in enumerate(key):
        parts.append(f"{column.value if column.kind else column.raw} AS k{index}")
        if column.rule is not None and not column.rule.nullable:
            conditions.append(f"{column.raw} IS NOT NULL")
        if table.is_text:
            conditions.append(f"({column.raw} IS NULL OR {column.value} IS NOT NULL)")
    if numbered:
        parts.append('"row"')
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"(SELECT {', '.join(parts)} FROM {table.select(key, numbered=numbered)}{where})"


def _columns(key: Sequence[BoundColumn]) -> str:
    return ", ".join(f"k{index}" for index in range(len(key)))
