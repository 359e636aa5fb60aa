"""CSV files with quoted cells, where parsers can go astray: accepted only if two of them agree."""

# ruff: noqa: S608 (SQL here is positions and fixed words; names and values of a file never enter it)

import logging
from pathlib import Path

import duckdb

from nightshift.domain.uploads.contract import Violation
from nightshift.validation.csv_table import SecondReading, csv_table, read_again
from nightshift.validation.engine import Engine
from nightshift.validation.scan import Scan, scan_columns
from nightshift.validation.table import BoundColumn, Table
from nightshift.validation.unreadable import UnreadableFileError

logger = logging.getLogger(__name__)


def read_quoted(
    engine: Engine, path: Path, lenient: Table, columns: tuple[BoundColumn, ...]
) -> tuple[Table, Scan, int, tuple[Violation, ...]]:
    """Return table, facts, row count and violations of a file with quoted cells.

    DuckDB's strict mode reads quotes right, but stays silent at a quote that never closes, joins rows at a line feed
    among CR LF, and takes a cell for quoted whose quote follows a space; the second parser shows all three. Its lenient
    mode, which may drop a stray quote, only serves to say what else is wrong with a file that is refused.

    Raises:
        UnreadableFileError: rule ``format``: the parsers disagree, or nothing can be read of the file.
    """
    second = read_again(path)
    strict = csv_table(engine, lenient.names, has_quotes=True, strict=True)
    if second.broken_quotes is None:
        try:
            scan = scan_columns(engine, strict, columns)
        except duckdb.Error:
            logger.debug("strict_reading_failed rows=%d", second.rows)
        else:
            _require_agreement(engine, strict, second)
            return strict, scan, scan.rows, ()
    try:
        scan = scan_columns(engine, lenient, columns)
    except duckdb.Error as error:
        raise unparsable(engine, error, second.broken_quotes) from error
    if second.broken_quotes:
        return lenient, scan, second.rows, (second.broken_quotes,)
    if scan.short or scan.long:
        return lenient, scan, second.rows, ()
    message = "line ends are mixed in a file with quoted cells; use LF or CR LF throughout"
    return lenient, scan, second.rows, (Violation(rule="format", message=message),)


def unparsable(engine: Engine, error: duckdb.Error, known: Violation | None = None) -> UnreadableFileError:
    """Return the refusal of a file that the engine cannot parse; what is known of it goes before its own words."""
    if known:
        return UnreadableFileError(known.rule, known.message, count=known.count, examples=known.examples)
    return UnreadableFileError("format", f"the file cannot be parsed as CSV: {engine.reason(error)}")


def _require_agreement(engine: Engine, table: Table, second: SecondReading) -> None:
    cells = ", ".join(f"c{position}" for position in range(len(table.names) + 1))
    query = f"SELECT count(*), coalesce(sum(length(concat({cells}))), 0) FROM {table.source}"
    rows, characters = engine.row(query)
    if (rows, characters) != (second.rows, second.characters):
        message = (
            "cells cannot be told apart for certain: two parsers read"
            f" {second.rows} and {rows} rows, {second.characters} and {characters} characters"
            " (a space before a quote? mixed line ends?)"
        )
        raise UnreadableFileError("format", message)
