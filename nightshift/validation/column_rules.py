"""The rules of one column, held against its facts."""

from collections.abc import Iterator

from nightshift.domain.uploads.contract import Violation
from nightshift.validation.column_facts import NUMERIC, ColumnFacts
from nightshift.validation.conditions import Condition, above, below, bounds, not_allowed, not_finite
from nightshift.validation.offences import Offence
from nightshift.validation.stored_type import LARGEST_INTEGER, RULE_OF_DTYPE
from nightshift.validation.table import BoundColumn


def type_violation(column: BoundColumn, rows: int) -> Violation | None:
    """Return the broken dtype rule of a Parquet column whose stored type does not conform."""
    if column.rule is None or column.kind is not None:
        return None
    message = f"column {column.name!r} is stored as {column.stored[:80]}; the contract says {column.rule.dtype}"
    return Violation(rule="dtype", column=column.name, message=message, count=rows)


def fraction_violation(column: BoundColumn, facts: ColumnFacts, rows: int) -> Violation | None:
    """Return the broken rule about the share of empty cells in a column that may have some."""
    rule = column.rule
    if rule is None or not rule.nullable or not rows or facts.nulls / rows <= rule.max_null_fraction:
        return None
    message = (
        f"column {column.name!r}: {facts.nulls} of {rows} cells are empty ({facts.nulls / rows:.4g}),"
        f" at most {rule.max_null_fraction:g} allowed"
    )
    return Violation(rule="null_fraction", column=column.name, message=message, count=facts.nulls)


def offences_of(column: BoundColumn, facts: ColumnFacts) -> Iterator[Offence]:
    """Yield the broken rules of one column that have offending cells to show."""
    rule = column.rule
    if rule is None:
        return
    about = f"column {_literal(repr(column.name))}: {{count}} cell(s)"
    if not rule.nullable and facts.nulls:
        empty = Condition(f"{column.raw} IS NULL", {})
        yield Offence("nullable", column, empty, f"{about} are empty, none may be", "NULL", known=facts.nulls)
    if facts.ill_typed:
        ill_typed = Condition(f"{column.raw} IS NOT NULL AND {column.value} IS NULL", {})
        message = f"{about} are not {RULE_OF_DTYPE[rule.dtype]}"
        yield Offence("dtype", column, ill_typed, message, column.raw, known=facts.ill_typed, quoted=True)
    if not facts.all_finite:
        message = f"{about} are NaN, infinite or out of range"
        yield Offence("dtype", column, not_finite(column), message, column.raw)
    if column.kind == "integer" and rule.dtype == "integer" and (facts.maximum or 0) > LARGEST_INTEGER:
        beyond = Condition(f"{column.value} > {LARGEST_INTEGER}", {})
        yield Offence("dtype", column, beyond, f"{about} are not {RULE_OF_DTYPE[rule.dtype]}", column.raw)
    yield from _bound_offences(column, facts, about)
    if facts.outside and (outside := not_allowed(column)):
        allowed = _literal(", ".join(str(value) for value in rule.allowed_values[:10]))
        more = ", ..." if len(rule.allowed_values) > 10 else ""
        message = f"{about} are not among the allowed values ({allowed}{more})"
        quoted = column.kind == "string"
        yield Offence("allowed_values", column, outside, message, column.raw, known=facts.outside, quoted=quoted)


def _bound_offences(column: BoundColumn, facts: ColumnFacts, about: str) -> Iterator[Offence]:
    rule = column.rule
    if rule is None or column.kind not in NUMERIC:
        return
    low, high = bounds(rule, column.kind)
    # With NaN or infinity among them the extremes say nothing about the other values: count.
    if (too_low := below(column)) and (
        not facts.all_finite or (facts.minimum is not None and low is not None and facts.minimum < low)
    ):
        yield Offence("minimum", column, too_low, f"{about} are below the minimum {_number(rule.minimum)}", column.raw)
    if (too_high := above(column)) and (
        not facts.all_finite or (facts.maximum is not None and high is not None and facts.maximum > high)
    ):
        yield Offence("maximum", column, too_high, f"{about} are above the maximum {_number(rule.maximum)}", column.raw)


def _number(bound: float | None) -> str:
    return str(int(bound)) if bound is not None and bound.is_integer() and abs(bound) < 1e15 else str(bound)


def _literal(text: str) -> str:
    shown = text if len(text) <= 200 else text[:200] + "..."
    return shown.replace("{", "{{").replace("}", "}}")
