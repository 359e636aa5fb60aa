"""A Parquet file as a table, and the refusal of what is not one."""

# ruff: noqa: S608 (SQL here is positions and fixed words; names and values of a file never enter it)

from pathlib import Path

import duckdb

from nightshift.validation.arrow_schema import KEY, special_columns
from nightshift.validation.engine import Engine
from nightshift.validation.parquet_encryption import has_encrypted_columns
from nightshift.validation.stored_type import is_integer
from nightshift.validation.table import Table
from nightshift.validation.unreadable import UnreadableFileError

ENCRYPTED = "the Parquet file is encrypted; upload it without encryption"
_SMALLEST_BYTES = 12  # two magic numbers and the footer's length


def inspect_parquet_bytes(path: Path) -> None:
    """Refuse a file that does not begin and end as a Parquet file does.

    Raises:
        UnreadableFileError: rule ``readable``: empty, another format, encrypted or truncated.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(32)
        file.seek(max(0, size - 4))
        end = file.read(4)
    if size == 0:
        raise UnreadableFileError("readable", "the file is empty (0 bytes)")
    if start[:4] == b"PARE" or end == b"PARE":
        raise UnreadableFileError("readable", ENCRYPTED)
    if start[:4] != b"PAR1":
        message = f"not a Parquet file: it begins with {start[:16]!r}" + (" (CSV text?)" if b"," in start else "")
        raise UnreadableFileError("readable", message)
    if end != b"PAR1" or size < _SMALLEST_BYTES:
        raise UnreadableFileError("readable", "the Parquet file is truncated: its footer is missing")


def unreadable_footer(engine: Engine, path: Path, error: duckdb.Error) -> UnreadableFileError:
    """Return the refusal of a file whose footer the engine cannot read: encrypted, or damaged."""
    encrypted = has_encrypted_columns(path)
    reason = ENCRYPTED if encrypted else f"the Parquet footer cannot be read: {engine.reason(error)}"
    return UnreadableFileError("readable", reason)


def parquet_table(engine: Engine, path: Path) -> Table:
    """Read names and types from the footer.

    The type of a column that is an integer to Parquet alone is what Arrow's schema calls it (``arrow_schema``).

    Raises:
        UnreadableFileError: rule ``readable``: the footer is damaged, or columns are encrypted.
    """
    function = f"read_parquet({engine.source}, hive_partitioning = false)"
    try:
        elements = engine.rows(f"SELECT name, num_children FROM parquet_schema({engine.source})")
        described = engine.rows(f"DESCRIBE SELECT * FROM {function}")
        kept = engine.rows(f"SELECT value FROM parquet_kv_metadata({engine.source}) WHERE key = '{KEY}'::BLOB LIMIT 1")
    except duckdb.Error as error:
        raise unreadable_footer(engine, path, error) from error
    names = tuple(str(elements[index][0]) for index in top_level([children for _, children in elements]))
    if len(names) != len(described):
        message = f"the Parquet schema names {len(names)} columns but holds {len(described)}"
        raise UnreadableFileError("readable", message)
    special = special_columns(kept[0][0]) if kept else {}
    stored = (str(row[1]) for row in described)
    types = tuple(
        f"{special[name]} ({kind})" if name in special and is_integer(kind) else kind
        for name, kind in zip(names, stored, strict=True)
    )
    # By position, because names may repeat, differ only in case, or be empty.
    aliases = ", ".join(f"c{position}" for position in range(len(names)))
    numbers = "file_row_number + 1"
    if any(name.casefold() == "file_row_number" for name in names):
        numbers = "row_number() OVER ()"  # slower, but the column hides the built-in one
    return Table(
        names=names,
        types=types,
        source=f"{function} AS t({aliases})",
        row_number=numbers,
        is_text=False,
    )


def top_level(children: list[int | None]) -> list[int]:
    """Return the indexes of the root's own children in a depth-first list of schema elements' child counts."""
    tops: list[int] = []
    index = 1
    for _ in range(children[0] or 0):
        if index >= len(children):
            break  # a schema that promises more than it holds
        tops.append(index)
        pending = 1
        while pending and index < len(children):
            pending += (children[index] or 0) - 1
            index += 1
    return tops
