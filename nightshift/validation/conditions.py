"""The rules of one column as SQL conditions on its value; values of a contract travel as parameters, never as SQL."""

import math
import struct
from dataclasses import dataclass
from typing import Any

from nightshift.domain.uploads.contract import Column
from nightshift.validation.column_facts import NUMERIC, TEMPORAL
from nightshift.validation.stored_type import Kind
from nightshift.validation.table import BoundColumn

_HUGEINT_LIMIT = 2**127 - 1


@dataclass(frozen=True)
class Condition:
    """An SQL condition with its parameters; true for a cell that breaks the rule."""

    sql: str
    parameters: dict[str, Any]


def bounds(rule: Column, kind: Kind | None) -> tuple[int | float | None, int | float | None]:
    """Return minimum and maximum in the precision of the stored values.

    Integers get whole bounds; FLOAT values are compared with the bound rounded to FLOAT, so that a stored 0.1 meets
    ``maximum: 0.1``.
    """
    low, high = rule.minimum, rule.maximum
    if kind == "integer":
        return _whole(low, math.ceil), _whole(high, math.floor)
    if kind == "single":
        return _single(low), _single(high)
    return low, high


def below(column: BoundColumn) -> Condition | None:
    """Return the condition that a value lies below the minimum; NaN and infinity are another rule's."""
    return _beyond(column, "<", 0)


def above(column: BoundColumn) -> Condition | None:
    """Return the condition that a value lies above the maximum."""
    return _beyond(column, ">", 1)


def not_allowed(column: BoundColumn) -> Condition | None:
    """Return the condition that a value is not in the closed set; numbers compare as numbers, text as text."""
    rule = column.rule
    if rule is None or not rule.allowed_values or column.kind is None or column.kind == "empty":
        return None
    allowed = [
        typed for value in rule.allowed_values if (typed := _as_kind(value, column.kind)) is not None
    ]  # a value of another type can never occur
    names = [f"allowed_{column.position}_{index}" for index in range(len(allowed))]
    present = f"{column.value} IS NOT NULL"
    if not allowed:
        return Condition(present, {})
    value, item = column.value, "${}"
    if column.kind in {"decimal", "single", "double"}:
        value = f"CAST({value} AS DOUBLE)"
    elif column.kind in TEMPORAL:
        value = f"CAST({value} AS TIMESTAMP)"
        item = "CAST(TRY_CAST(${} AS TIMESTAMPTZ) AS TIMESTAMP)"
    elif column.kind == "string":
        value = f"CAST({value} AS VARCHAR)"
    # coalesce: an unreadable moment in the set compares as NULL, and such a set never matches.
    inside = f"coalesce({value} IN ({', '.join(item.format(name) for name in names)}), false)"
    return Condition(f"{present} AND NOT {inside}", dict(zip(names, allowed, strict=True)))


def not_finite(column: BoundColumn) -> Condition:
    """Return the condition that a value is NaN, infinite, or a moment beyond what a timestamp can hold."""
    if column.kind in TEMPORAL:
        moment = f"TRY_CAST({column.value} AS TIMESTAMP)"
        return Condition(f"{column.value} IS NOT NULL AND NOT coalesce(isfinite({moment}), false)", {})
    return Condition(f"NOT isfinite({column.value})", {})


def _beyond(column: BoundColumn, operator: str, side: int) -> Condition | None:
    if column.rule is None or column.kind not in NUMERIC:
        return None
    bound = bounds(column.rule, column.kind)[side]
    if bound is None:
        return None
    name = f"bound_{column.position}_{side}"
    if isinstance(bound, int):
        return Condition(f"{column.value} {operator} CAST(${name} AS HUGEINT)", {name: bound})
    value = f"CAST({column.value} AS DOUBLE)"
    return Condition(f"isfinite({value}) AND {value} {operator} CAST(${name} AS DOUBLE)", {name: bound})


def _whole(bound: float | None, rounding: Any) -> int | None:
    if bound is None:
        return None
    if math.isinf(bound):
        return _HUGEINT_LIMIT if bound > 0 else -_HUGEINT_LIMIT
    return max(-_HUGEINT_LIMIT, min(_HUGEINT_LIMIT, int(rounding(bound))))


def _single(bound: float | None) -> float | None:
    if bound is None:
        return None
    try:
        rounded: float = struct.unpack("f", struct.pack("f", bound))[0]
    except OverflowError:
        return math.copysign(math.inf, bound)
    return rounded


def _as_kind(value: str | float | bool, kind: Kind) -> str | int | float | bool | None:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if kind == "string" or kind in TEMPORAL:
        return text
    if kind == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    try:
        number = float(text)
        if kind == "integer":
            return int(text) if text.lstrip("+-").isdecimal() else int(number) if number.is_integer() else None
    except (ValueError, OverflowError):
        return None
    return _single(number) if kind == "single" else number
