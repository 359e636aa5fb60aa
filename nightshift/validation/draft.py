"""What the columns of a file may be: the start of a contract for a person to check, never a verdict."""

# ruff: noqa: S608 (SQL here is positions and fixed words; names and values of a file never enter it)

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.uploads.contract import Column, DataContract, Dtype
from nightshift.validation.column_facts import extreme_text
from nightshift.validation.csv_bytes import inspect_csv_bytes
from nightshift.validation.csv_table import csv_table, read_header
from nightshift.validation.engine import Engine, FileFormat, open_engine
from nightshift.validation.parquet_table import inspect_parquet_bytes, parquet_table
from nightshift.validation.scan import scan_columns
from nightshift.validation.stored_type import kind_of_csv, kind_of_parquet, typed_csv_cell
from nightshift.validation.table import BoundColumn, Table
from nightshift.validation.unreadable import UnreadableFileError

# The first of which every cell of a column is one.
_ORDER: Final[tuple[Dtype, ...]] = ("integer", "number", "boolean", "date", "timestamp", "string")
_MEGABYTES = 512


@dataclass(frozen=True)
class DraftColumn:
    """A column as the file has it.

    Attributes:
        distinct: number of different values.
        minimum, maximum: as text; None for text and booleans.
    """

    name: str
    dtype: Dtype
    nulls: int
    distinct: int
    minimum: str | None
    maximum: str | None


@dataclass(frozen=True)
class Draft:
    """A file's rows and columns, in its order."""

    rows: int
    columns: tuple[DraftColumn, ...]


def draft_contract(path: Path, file_format: FileFormat) -> Draft:
    """Infer the columns of a file: a dtype is taken only if every cell conforms to it.

    Raises:
        BadInputError: the file cannot be read, or a Parquet column is of a type that no dtype takes.
    """
    with open_engine(path, file_format, memory_limit_megabytes=_MEGABYTES, threads=2, spill_directory=None) as engine:
        try:
            table = _csv(engine, path) if file_format == "csv" else _parquet(engine, path)
        except UnreadableFileError as error:
            raise BadInputError(field="FILE", value=path.name, rule=error.violation.message) from error
        dtypes = _csv_dtypes(engine, table) if table.is_text else _parquet_dtypes(table, path)
        columns = [
            BoundColumn(
                name,
                position,
                Column(name=name, dtype=dtype),
                table.types[position],
                kind_of_csv(dtype) if table.is_text else kind_of_parquet(dtype, table.types[position]),
            )
            for position, (name, dtype) in enumerate(zip(table.names, dtypes, strict=True))
        ]
        scan = scan_columns(engine, table, columns)
        counts = ", ".join(f"count(DISTINCT {column.value})" for column in columns)
        distinct = engine.row(f"SELECT {counts} FROM {table.select(columns)}")
    return Draft(
        rows=scan.rows,
        columns=tuple(
            DraftColumn(
                name=column.name,
                dtype=dtype,
                nulls=scan.facts[column.position].nulls,
                distinct=distinct[column.position],
                minimum=extreme_text(column.kind, scan.facts[column.position].minimum),
                maximum=extreme_text(column.kind, scan.facts[column.position].maximum),
            )
            for column, dtype in zip(columns, dtypes, strict=True)
        ),
    )


def _csv(engine: Engine, path: Path) -> Table:
    content = inspect_csv_bytes(path)
    nothing_known = DataContract(columns=(Column(name="\x01", dtype="string"),))
    names = read_header(path, nothing_known)
    if len(set(names)) < len(names) or "" in names:
        raise BadInputError(field="FILE", value=path.name, rule="each column must have a name of its own")
    return csv_table(engine, names, has_quotes=content.has_quotes, strict=content.has_quotes)


def _parquet(engine: Engine, path: Path) -> Table:
    inspect_parquet_bytes(path)
    return parquet_table(engine, path)


def _csv_dtypes(engine: Engine, table: Table) -> list[Dtype]:
    wanted = []
    for position in range(len(table.names)):
        wanted.append(f"count(nullif(c{position}, ''))")
        wanted += [f"count({typed_csv_cell(kind_of_csv(dtype), f'c{position}')})" for dtype in _ORDER]
    counts = iter(engine.row(f"SELECT {', '.join(wanted)} FROM {table.source}"))
    found: list[Dtype] = []
    for _ in table.names:
        present = next(counts)
        typed = {dtype: next(counts) for dtype in _ORDER}
        found.append(next(dtype for dtype in _ORDER if present and typed[dtype] == present) if present else "string")
    return found


def _parquet_dtypes(table: Table, path: Path) -> list[Dtype]:
    found: list[Dtype] = []
    for name, stored in zip(table.names, table.types, strict=True):
        fitting = [dtype for dtype in _ORDER if kind_of_parquet(dtype, stored) not in {None, "empty"}]
        if not fitting and stored != '"NULL"':
            rule = f"column {name!r} is stored as {stored}, which no dtype of a contract takes"
            raise BadInputError(field="FILE", value=path.name, rule=rule)
        found.append(fitting[0] if fitting else "string")
    return found
