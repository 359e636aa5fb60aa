"""A CSV file as a table: header row, comma, double quotes, any line ending, optional byte order mark.

How rows of the wrong length are found: the file is read with one column more than its header has, missing cells padded.
Empty cells are read as empty text and only padding as NULL, so a short row has NULL in its last column and a long one
anything but NULL in the spare column. Lines without any character are skipped and not counted as rows.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from nightshift.domain.uploads.contract import DataContract, Violation
from nightshift.validation.csv_bytes import MAX_LINE_BYTES
from nightshift.validation.engine import Engine
from nightshift.validation.table import Table
from nightshift.validation.unreadable import UnreadableFileError

_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
# Distinguishes padding from empty cells; a cell that holds just this text counts as missing, which is refused.
_PADDING = "\x01missing cell\x01"
_EXAMPLES = 5
_BUFFER_BYTES = 8 * 1024 * 1024


def read_header(path: Path, contract: DataContract) -> tuple[str, ...]:
    """Return the names in the header row.

    Raises:
        UnreadableFileError: rule ``format``: no header, broken quotes, or another delimiter than the comma.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            names = next(csv.reader(file, strict=True), [])
        except csv.Error as error:
            raise UnreadableFileError("format", f"the header row cannot be read: {error}") from error
    if not names:
        raise UnreadableFileError("format", "the first line is empty; it must hold the column names")
    if len(names) == 1 and names[0] not in {column.name for column in contract.columns}:
        for delimiter, word in _OTHER_DELIMITERS.items():
            if delimiter in names[0]:
                message = f"columns must be separated by commas; the header has none but {word}: {names[0][:80]!r}"
                raise UnreadableFileError("format", message)
    return tuple(names)


def csv_table(engine: Engine, names: tuple[str, ...], *, has_quotes: bool, strict: bool) -> Table:
    """Return the table of a CSV file with these header names.

    Args:
        strict: refuse (``duckdb.Error``) broken quotes, mixed line endings and rows that are far too long, instead of
            reading what can be read of them. Without quotes nothing can be misread, so that needs no strictness.
    """
    columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(names) + 1))
    options = [
        "auto_detect = false",
        "header = true",
        "delim = ','",
        "quote = '\"'",
        "escape = '\"'",
        f"columns = {{{columns}}}",
        "null_padding = true",
        f"nullstr = '{_PADDING}'",
        f"max_line_size = {2 * MAX_LINE_BYTES}",
        f"buffer_size = {_BUFFER_BYTES}",
        f"strict_mode = {'true' if strict else 'false'}",
        # Only reading from the start distinguishes a quoted line break from the end of a row.
        f"parallel = {'false' if has_quotes else 'true'}",
    ]
    return Table(
        names=names,
        types=("text",) * len(names),
        source=f"read_csv({engine.source}, {', '.join(options)})",
        row_number="row_number() OVER ()",
        is_text=True,
        is_short=f"c{len(names) - 1} IS NULL",
        is_long=f"c{len(names)} IS NOT NULL",
        cell_count=f"list_count([{', '.join(f'c{position}' for position in range(len(names)))}])",
    )


@dataclass(frozen=True)
class SecondReading:
    """What another parser says.

    Attributes:
        characters: in all cells of all rows.
        broken_quotes: the rows with broken quotes, as a broken ``format`` rule.
    """

    rows: int
    characters: int
    broken_quotes: Violation | None


def read_again(path: Path) -> SecondReading:
    """Read the whole file with the standard library's parser: slower, but it can say where quotes are broken."""
    count = characters = 0
    examples: list[str] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        row = -1  # the header is row 0
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                row += 1
                count += 1
                if len(examples) < _EXAMPLES:
                    examples.append(f"row {row}: {error}")
                continue
            if cells is None:
                break
            row += bool(cells)
            if row > 0:
                characters += len("".join(cells))
    broken = None
    if count:
        message = f"{count} row(s) with broken quotes; a quote inside a quoted cell must be doubled"
        broken = Violation(rule="format", message=message, count=count, examples=tuple(examples))
    return SecondReading(rows=row, characters=characters, broken_quotes=broken)
