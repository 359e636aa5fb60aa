"""The rows of a file as the contract reads them: what was judged is what is trained on, cell by cell.

The same table, columns and casts as ``check_file``'s; no other reader infers anything. Needs pyarrow.
"""

# ruff: noqa: S608 (SQL here is positions and fixed words; names and values of a file never enter it)

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.uploads.contract import DataContract, Dtype, Violation
from nightshift.validation.column_rules import offences_of, type_violation
from nightshift.validation.engine import FileFormat, open_engine
from nightshift.validation.offences import collect_offences
from nightshift.validation.reading import Reading, read_csv_file, read_parquet_file
from nightshift.validation.unreadable import UnreadableFileError

if TYPE_CHECKING:
    import pyarrow as pa

    from nightshift.validation.engine import Engine

_SQL_TYPES: dict[Dtype, str] = {
    "integer": "BIGINT",
    "number": "DOUBLE",
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "date": "TIMESTAMP",
    "timestamp": "TIMESTAMP",
}


def read_rows(
    path: Path,
    file_format: FileFormat,
    contract: DataContract,
    *,
    name: str,
    memory_limit_megabytes: int,
    threads: int,
) -> "pa.Table":
    """Read the contract's columns of a file; further columns are left out.

    Args:
        name: what the file is called in errors, such as its blob name.
        memory_limit_megabytes: cap of the engine's buffers; the returned table comes on top.

    Returns:
        Columns in the contract's order, rows in the file's: int64, double, string, bool; date and timestamp as
        timestamp[us] without a zone, in UTC. An empty cell is null.

    Raises:
        BadInputError: the file is no such table, a column is missing, or a cell is not of its column's dtype.
    """
    with open_engine(
        path, file_format, memory_limit_megabytes=memory_limit_megabytes, threads=threads, spill_directory=None
    ) as engine:
        try:
            if file_format == "csv":
                reading = read_csv_file(engine, path, contract)
            else:
                reading = read_parquet_file(engine, path, contract, use_statistics=True)
            for violation in _mistyped(engine, reading, contract):
                raise _refusal(violation, name)
            by_name = {column.name: column for column in reading.columns if column.rule is not None}
            cells = ", ".join(
                f'CAST({by_name[rule.name].value} AS {_SQL_TYPES[rule.dtype]}) AS "{index}"'
                for index, rule in enumerate(contract.columns)
            )
            rows = engine.arrow(f"SELECT {cells} FROM {reading.table.select(list(by_name.values()))}")
        except UnreadableFileError as error:
            rule = f"not readable as {file_format}: {error.violation.message}"
            raise BadInputError(field="part", value=name, rule=rule) from error
        except duckdb.Error as error:
            rule = f"not readable as {file_format}: {engine.reason(error)}"
            raise BadInputError(field="part", value=name, rule=rule) from error
    return rows.rename_columns([column.name for column in contract.columns])


def _mistyped(engine: "Engine", reading: Reading, contract: DataContract) -> list[Violation]:
    """What makes the rows unfit to be read; bounds, empty cells and keys are the check's alone."""
    found = [violation for violation in reading.violations if violation.rule != "extra_columns"]
    for column in reading.columns:
        if mistyped := type_violation(column, reading.checked_rows):
            found.append(mistyped)
        elif facts := reading.facts.get(column.position):
            wrong = [offence for offence in offences_of(column, facts) if offence.rule == "dtype"]
            found += collect_offences(engine, reading.table, wrong)
    return found


def _refusal(violation: Violation, name: str) -> BadInputError:
    return BadInputError(
        field=violation.column or "part",
        value=violation.examples[0] if violation.examples else None,
        rule=violation.message,
        where=name,
    )
