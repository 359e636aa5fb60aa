"""A file that has been read: its table, its bound columns and the facts about each, however they were found."""

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from nightshift.domain.uploads.contract import DataContract, Violation
from nightshift.validation.column_facts import ColumnFacts
from nightshift.validation.column_matching import ColumnMatch, match_columns
from nightshift.validation.conditions import Condition
from nightshift.validation.csv_bytes import inspect_csv_bytes
from nightshift.validation.csv_table import csv_table, read_header
from nightshift.validation.engine import Engine
from nightshift.validation.offences import Offence, collect_offences
from nightshift.validation.parquet_encryption import has_encrypted_columns
from nightshift.validation.parquet_footer import ParquetFooter, read_footer
from nightshift.validation.parquet_table import ENCRYPTED, inspect_parquet_bytes, parquet_table, unreadable_footer
from nightshift.validation.quoted_csv import read_quoted, unparsable
from nightshift.validation.scan import Scan, scan_columns
from nightshift.validation.stored_type import kind_of_csv, kind_of_parquet
from nightshift.validation.table import BoundColumn, Table
from nightshift.validation.unreadable import UnreadableFileError

_CELLS_COUNTED = 1000  # columns up to which an example says how many cells a short row has


@dataclass(frozen=True)
class Reading:
    """What is known of a file before its contract is judged.

    Attributes:
        columns: the columns of the contract that are there, in its order; then extra columns, where they count.
        rows: all rows; those of a CSV file with the wrong number of cells included.
        checked_rows: rows that the facts speak of.
        facts: by position of the column; missing for a column that could not be read.
        violations: what is wrong with names, rows and pages.
        scanned: whether data had to be read, not only the footer.
    """

    table: Table
    columns: tuple[BoundColumn, ...]
    rows: int
    checked_rows: int
    facts: dict[int, ColumnFacts]
    violations: tuple[Violation, ...]
    scanned: bool


def read_csv_file(engine: Engine, path: Path, contract: DataContract) -> Reading:
    """Read a CSV file once; a second time if rows have the wrong length, leaving those out.

    Raises:
        UnreadableFileError: it is no such file.
    """
    content = inspect_csv_bytes(path)
    names = read_header(path, contract)
    match = match_columns(contract, names)
    table = csv_table(engine, names, has_quotes=content.has_quotes, strict=False)
    columns = _bind(contract, match, table)
    violations: tuple[Violation, ...] = ()
    if content.has_quotes:
        table, scan, rows, violations = read_quoted(engine, path, table, columns)
    elif content.lone_return is not None:
        place = f"a carriage return without line feed at byte offset {content.lone_return}, line feeds elsewhere"
        raise UnreadableFileError("format", f"line ends are mixed: {place}")
    else:
        try:
            scan = scan_columns(engine, table, columns)
        except duckdb.Error as error:
            raise unparsable(engine, error) from error
        rows = scan.rows
    if scan.short or scan.long:
        violations += tuple(collect_offences(engine, table, _length_offences(table, scan)))
        table = replace(table, skip_malformed=True)
        scan = scan_columns(engine, table, columns)
    return Reading(
        table=table,
        columns=columns,
        rows=rows,
        checked_rows=scan.rows,
        facts=scan.facts,
        violations=(*violations, *match.violations),
        scanned=True,
    )


def read_parquet_file(engine: Engine, path: Path, contract: DataContract, *, use_statistics: bool) -> Reading:
    """Read the footer of a Parquet file, and the data of the columns that it does not decide.

    Raises:
        UnreadableFileError: it is no such file.
    """
    inspect_parquet_bytes(path)
    table = parquet_table(engine, path)
    match = match_columns(contract, table.names)
    columns = _bind(contract, match, table)
    try:
        footer = read_footer(engine, path.stat().st_size)
    except duckdb.Error as error:
        raise unreadable_footer(engine, path, error) from error
    facts = _known_from_footer(footer, columns) if use_statistics or not footer.rows else {}
    open_columns = [column for column in columns if column.position not in facts]
    violations: list[Violation] = []
    if open_columns:
        scan = scan_columns(engine, table, open_columns)
        facts |= scan.facts
        if scan.unreadable and has_encrypted_columns(path):
            raise UnreadableFileError("readable", ENCRYPTED)
        for column in open_columns:
            if reason := scan.unreadable.get(column.position):
                message = f"column {column.name!r} cannot be read: {reason}"
                violations.append(Violation(rule="readable", column=column.name, message=message))
    return Reading(
        table=table,
        columns=columns,
        rows=footer.rows,
        checked_rows=footer.rows,
        facts=facts,
        violations=(*violations, *match.violations),
        scanned=bool(open_columns),
    )


def _bind(contract: DataContract, match: ColumnMatch, table: Table) -> tuple[BoundColumn, ...]:
    bound: list[BoundColumn] = []
    for rule in contract.columns:
        position = match.positions.get(rule.name)
        if position is not None:
            stored = table.types[position]
            kind = kind_of_csv(rule.dtype) if table.is_text else kind_of_parquet(rule.dtype, stored)
            bound.append(BoundColumn(rule.name, position, rule, stored, kind))
    if contract.max_null_fraction < 1:  # the share of empty cells is over the whole file
        bound += [BoundColumn(table.names[at], at, None, table.types[at], None) for at in match.extras]
    return tuple(bound)


def _known_from_footer(footer: ParquetFooter, columns: tuple[BoundColumn, ...]) -> dict[int, ColumnFacts]:
    found = {column.position: footer.facts(column) for column in columns}
    return {position: facts for position, facts in found.items() if facts is not None}


def _length_offences(table: Table, scan: Scan) -> list[Offence]:
    width = len(table.names)
    offences: list[Offence] = []
    if scan.short:
        message = f"{{count}} row(s) have fewer cells than the header, which has {width}"
        shown = "cell_count || ' cells'" if width <= _CELLS_COUNTED else f"'fewer than {width} cells'"
        offences.append(Offence("format", None, Condition("is_short", {}), message, shown, known=scan.short))
    if scan.long:
        message = f"{{count}} row(s) have more cells than the header, which has {width}"
        shown = f"'more than {width} cells'"
        offences.append(Offence("format", None, Condition("is_long", {}), message, shown, known=scan.long))
    return offences
