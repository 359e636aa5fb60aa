"""The second pass, only where a rule is broken: how often, and the first rows that break it."""

# ruff: noqa: S608 (SQL here is positions and fixed words; names and values of a file never enter it)

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from domain.contract import Rule, Violation
from validation.conditions import Condition
from validation.engine import Engine
from validation.table import BoundColumn, Table

EXAMPLES = 5
_BATCH = 200
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class Offence:
    """A rule that the facts say is broken.

    Attributes:
        condition: true for the cells that break the rule.
        message: the sentence of the violation, with ``{count}`` where the number goes.
        known: the count if the first pass has it; None if this pass is to count.
        shown: SQL of what an example shows of the row.
        quoted: whether examples are shown in quotes.
    """

    rule: Rule
    column: BoundColumn | None
    condition: Condition
    message: str
    shown: str
    known: int | None = None
    quoted: bool = False


def collect_offences(engine: Engine, table: Table, offences: Sequence[Offence]) -> list[Violation]:
    """Count each offence and find its first examples, in one pass per 200; an offence that counts 0 is none."""
    violations: list[Violation] = []
    for start in range(0, len(offences), _BATCH):
        batch = offences[start : start + _BATCH]
        try:
            found = _collect(engine, table, batch)
        except duckdb.Error:
            # The facts stand without examples; the first pass has reported what it could not read.
            found = [(offence.known or 1, []) for offence in batch]
        for offence, (count, examples) in zip(batch, found, strict=True):
            if count:
                violations.append(_violation(offence, count, examples))
    return violations


def _collect(engine: Engine, table: Table, offences: Sequence[Offence]) -> list[tuple[int, Sequence[dict[str, Any]]]]:
    wanted: list[str] = []
    parameters: dict[str, Any] = {}
    columns: dict[int, BoundColumn] = {}
    for offence in offences:
        if offence.column:
            columns[offence.column.position] = offence.column
        where = f"FILTER ({offence.condition.sql})"
        text = f"left(CAST({offence.shown} AS VARCHAR), {_SHOWN_CHARACTERS + 1})"
        wanted += [f"count(*) {where}", f"""min_by({{'row': "row", 'text': {text}}}, "row", {EXAMPLES}) {where}"""]
        parameters.update(offence.condition.parameters)
    values = engine.row(
        f"SELECT {', '.join(wanted)} FROM {table.select(list(columns.values()), numbered=True)}", parameters
    )
    return [(values[index], values[index + 1] or []) for index in range(0, len(values), 2)]


def _violation(offence: Offence, count: int, examples: Sequence[dict[str, Any]]) -> Violation:
    return Violation(
        rule=offence.rule,
        column=offence.column.name if offence.column else None,
        message=offence.message.format(count=count),
        count=count,
        examples=tuple(
            f"row {example['row']}: {_shown(example['text'], quoted=offence.quoted)}" for example in examples
        ),
    )


def _shown(text: str | None, *, quoted: bool) -> str:
    if text is None:
        return "(empty)"
    if len(text) > _SHOWN_CHARACTERS:
        text = text[:_SHOWN_CHARACTERS] + "..."
    return repr(text) if quoted else text
