"""The second pass, only where a rule is broken: how often, and the first rows that break it."""

# ruff: noqa: S608 (SQL here is positions and fixed words; names and values of a file never enter it)

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from nightshift.domain.uploads.contract import Rule, Violation
from nightshift.validation.conditions import Condition
from nightshift.validation.engine import Engine, Row
from nightshift.validation.table import BoundColumn, Table

Example = tuple[int, str | None]

EXAMPLES = 5
_BATCH = 100
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
    """Count each offence and find its first examples, in passes of up to 100; an offence that counts 0 is none.

    A pass that fails (memory) is halved; an offence that fails alone stands without examples.
    """
    violations: list[Violation] = []
    pending = [offences[start : start + _BATCH] for start in range(0, len(offences), _BATCH)][::-1]
    while pending:
        batch = pending.pop()
        try:
            found = _collect(engine, table, batch)
        except duckdb.Error:
            if len(batch) > 1:
                half = len(batch) // 2
                pending += [batch[half:], batch[:half]]
                continue
            found = [(batch[0].known or 1, [])]
        for offence, (count, examples) in zip(batch, found, strict=True):
            if count:
                violations.append(_violation(offence, count, examples))
    return violations


def _collect(engine: Engine, table: Table, offences: Sequence[Offence]) -> list[tuple[int, list[Example]]]:
    columns = {offence.column.position: offence.column for offence in offences if offence.column}
    counted = any(offence.column is None for offence in offences)
    rows = table.select(list(columns.values()), numbered=True, counted=counted)
    wanted: list[str] = []
    parameters: dict[str, Any] = {}
    for offence in offences:
        where = f"FILTER ({offence.condition.sql})"
        wanted += [f"count(*) {where}", f'min("row", {EXAMPLES}) {where}']
        parameters.update(offence.condition.parameters)
    values = engine.row(f"SELECT {', '.join(wanted)} FROM {rows}", parameters)
    counts, firsts = values[::2], [first or [] for first in values[1::2]]
    # Their text is fetched apart: to carry it through the aggregation above takes ten times as long.
    shown = ", ".join(f"left(CAST({offence.shown} AS VARCHAR), {_SHOWN_CHARACTERS + 1})" for offence in offences)
    numbers = sorted({number for first in firsts for number in first})
    texts: dict[int, Row] = {}
    if numbers:
        query = f'SELECT "row", {shown} FROM {rows} WHERE "row" IN ({", ".join(map(str, numbers))})'
        texts = {row[0]: row[1:] for row in engine.rows(query)}
    return [
        (count, [(number, texts[number][index]) for number in first])
        for index, (count, first) in enumerate(zip(counts, firsts, strict=True))
    ]


def _violation(offence: Offence, count: int, examples: Sequence[Example]) -> Violation:
    return Violation(
        rule=offence.rule,
        column=offence.column.name if offence.column else None,
        message=offence.message.format(count=count),
        count=count,
        examples=tuple(f"row {number}: {_shown(text, quoted=offence.quoted)}" for number, text in examples),
    )


def _shown(text: str | None, *, quoted: bool) -> str:
    if text is None:
        return "(empty)"
    if len(text) > _SHOWN_CHARACTERS:
        text = text[:_SHOWN_CHARACTERS] + "..."
    return repr(text) if quoted else text
