"""Hold one file against a dataset contract: every broken rule at once, in bounded memory."""

import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

import duckdb

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.uploads.contract import ColumnProfile, ContractReport, DataContract, Violation
from nightshift.validation.column_facts import TEMPORAL, extreme_text
from nightshift.validation.column_rules import fraction_violation, offences_of, type_violation
from nightshift.validation.engine import Engine, open_engine
from nightshift.validation.freshness import freshness_violations, parse_moment
from nightshift.validation.offences import Offence, collect_offences
from nightshift.validation.reading import Reading, read_csv_file, read_parquet_file
from nightshift.validation.uniqueness import key_violation
from nightshift.validation.unreadable import UnreadableFileError

logger = logging.getLogger(__name__)

_SMALLEST_CSV_MEGABYTES = 100


def check_file(
    path: Path,
    file_format: Literal["csv", "parquet"],
    contract: DataContract,
    *,
    uploaded_at: datetime,
    last_newest: str | None = None,
    memory_limit_megabytes: int = 200,
    threads: int = 2,
    spill_directory: Path | None = None,
    use_statistics: bool = True,
) -> ContractReport:
    """Return every violation of ``contract`` in the file, with counts and up to five first examples each.

    Whatever is wrong with the data becomes a violation; what is wrong with the call is raised.

    Args:
        path: a local file; it is only read.
        uploaded_at: when the file was uploaded, with a time zone.
        last_newest: the newest value (ISO 8601) of the freshness column in the last accepted upload.
        memory_limit_megabytes: cap of the engine's buffers, whatever the file's size; the process needs about 60 more.
        threads: worker threads.
        spill_directory: where a large key check may spill to disk; the system's temporary folder by default.
        use_statistics: whether complete Parquet statistics may stand for the data (see ``parquet_footer``).

    Raises:
        FileNotFoundError: there is no such file.
        BadInputError: ``uploaded_at`` has no time zone, or ``last_newest`` is not ISO 8601.
    """
    if uploaded_at.tzinfo is None:
        raise BadInputError(field="uploaded_at", value=uploaded_at.isoformat(), rule="must have a time zone")
    newest_before = parse_moment(last_newest, "last_newest") if last_newest is not None else None
    path.stat()  # a missing file is the caller's affair, not a broken rule
    with open_engine(
        path,
        file_format,
        memory_limit_megabytes=_engine_megabytes(file_format, memory_limit_megabytes),
        threads=threads,
        spill_directory=spill_directory,
    ) as engine:
        try:
            if file_format == "csv":
                reading = read_csv_file(engine, path, contract)
            else:
                reading = read_parquet_file(engine, path, contract, use_statistics=use_statistics)
            return _judge(engine, reading, contract, uploaded_at=uploaded_at, last_newest=newest_before)
        except UnreadableFileError as error:
            return ContractReport(rows=0, violations=(error.violation,), engine="none")
        except duckdb.Error as error:
            # Only a file that breaks the engine itself comes here: it is refused, too.
            logger.warning("validation_engine_failed format=%s error=%s", file_format, engine.reason(error))
            message = f"the file cannot be read: {engine.reason(error)}"
            return ContractReport(rows=0, violations=(Violation(rule="readable", message=message),), engine="none")


def _engine_megabytes(file_format: str, limit: int) -> int:
    """Return half of a large limit for CSV, whose read buffers are freed late and may double for a while."""
    return max(limit // 2, min(limit, _SMALLEST_CSV_MEGABYTES)) if file_format == "csv" else limit


def _judge(
    engine: Engine, reading: Reading, contract: DataContract, *, uploaded_at: datetime, last_newest: datetime | None
) -> ContractReport:
    facts, columns = reading.facts, reading.columns
    by_name = {column.name: column for column in columns if column.rule is not None}
    key = [by_name[name] for name in contract.key if name in by_name and by_name[name].position in facts]
    violations = [*reading.violations, *_row_count(contract, reading.rows)]
    newest = None
    if reading.checked_rows:
        violations += _column_violations(engine, reading)
        violations += _overall_null_fraction(contract, reading)
        if contract.key and len(key) == len(contract.key) and (repeated := key_violation(engine, reading.table, key)):
            violations.append(repeated)
        fresh = by_name.get(contract.freshness.column) if contract.freshness else None
        if contract.freshness and fresh and fresh.kind in TEMPORAL and fresh.position in facts:
            newest = extreme_text(fresh.kind, facts[fresh.position].maximum)
            violations += freshness_violations(
                contract.freshness,
                fresh.kind,
                facts[fresh.position],
                uploaded_at=uploaded_at,
                last_newest=last_newest,
            )
    return ContractReport(
        rows=reading.rows,
        columns=tuple(
            ColumnProfile(
                name=column.name,
                null_count=facts[column.position].nulls,
                minimum=extreme_text(column.kind, facts[column.position].minimum),
                maximum=extreme_text(column.kind, facts[column.position].maximum),
            )
            for column in columns
            if column.position in facts
        ),
        violations=tuple(violations),
        newest=newest,
        engine="scan" if reading.scanned or (key and reading.checked_rows) else "footer",
    )


def _column_violations(engine: Engine, reading: Reading) -> Iterator[Violation]:
    """Yield what is wrong with cells, in the contract's order of columns."""
    by_column: dict[str | None, list[Violation]] = {}
    offences: list[Offence] = []
    for column in reading.columns:
        found = by_column.setdefault(column.name if column.rule else None, [])
        if mistyped := type_violation(column, reading.checked_rows):
            found.append(mistyped)
        if facts := reading.facts.get(column.position):
            offences += offences_of(column, facts)
            if fraction := fraction_violation(column, facts, reading.checked_rows):
                found.append(fraction)
    for violation in collect_offences(engine, reading.table, offences):
        by_column[violation.column].append(violation)
    for found in by_column.values():
        yield from found


def _row_count(contract: DataContract, rows: int) -> Iterator[Violation]:
    if rows < contract.min_rows:
        yield Violation(rule="row_count", message=f"{rows} row(s), at least {contract.min_rows} needed")
    if contract.max_rows is not None and rows > contract.max_rows:
        yield Violation(rule="row_count", message=f"{rows} rows, at most {contract.max_rows} allowed")


def _overall_null_fraction(contract: DataContract, reading: Reading) -> Iterator[Violation]:
    nulls = sum(facts.nulls for facts in reading.facts.values())
    cells = reading.checked_rows * len(reading.facts)
    if cells and nulls / cells > contract.max_null_fraction:
        message = (
            f"{nulls} of {cells} cells are empty ({nulls / cells:.4g}) over the whole file,"
            f" at most {contract.max_null_fraction:g} allowed"
        )
        yield Violation(rule="null_fraction", message=message, count=nulls)
