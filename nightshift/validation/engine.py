"""A DuckDB instance that sees one file only, keeps to its memory cap and leaves nothing behind."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from nightshift.validation.duckdb_connection import connect

if TYPE_CHECKING:
    import pyarrow as pa

FileFormat = Literal["csv", "parquet"]
Row = tuple[Any, ...]


class Engine:
    """A connection and the one file that it may read.

    Attributes:
        source: SQL literal of the path under which the file is read.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, alias: Path, real_path: Path) -> None:
        self._connection = connection
        self._alias = alias
        self._real_path = real_path
        self.source = quote_text(str(alias))

    def row(self, query: str, parameters: dict[str, Any] | None = None) -> Row:
        """Run an aggregate query and return its only row."""
        # To its end: a result that is not finished keeps the connection from the next query.
        (only,) = self._connection.execute(query, parameters).fetchall()
        return only

    def rows(self, query: str, parameters: dict[str, Any] | None = None) -> Sequence[Row]:
        """Run a query whose result is small by construction (LIMIT, metadata) and return every row."""
        return self._connection.execute(query, parameters).fetchall()

    def arrow(self, query: str) -> "pa.Table":
        """Run a query and return every row, in order; needs pyarrow, which only the jobs have."""
        return self._connection.sql(query).to_arrow_table()

    def reason(self, error: duckdb.Error) -> str:
        """Return the first line of what DuckDB says, without any path of this machine."""
        line = str(error).strip().splitlines()[0].removeprefix("Invalid Input Error: ")
        for path in (self._alias, self._real_path):
            line = line.replace(str(path), "the file")
        return line[:300]


@contextmanager
def open_engine(
    path: Path,
    file_format: FileFormat,
    *,
    memory_limit_megabytes: int,
    threads: int,
    spill_directory: Path | None,
) -> Iterator[Engine]:
    """Open an engine on ``path``: no network, no extension, no other file, spilling to a folder that goes with it.

    The file is read under a fixed alias, because DuckDB reads ``*``, ``?`` and ``[`` in a path as wildcards.
    """
    with tempfile.TemporaryDirectory(prefix="nightshift-validation-", dir=spill_directory) as folder:
        alias = Path(folder) / f"upload.{file_format}"
        alias.symlink_to(path.resolve())
        connection = connect(
            {
                "memory_limit": f"{memory_limit_megabytes}MB",
                "threads": threads,
                "temp_directory": str(Path(folder) / "spill"),
                "allow_community_extensions": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_persistent_secrets": False,
                "enable_external_file_cache": False,
                "python_enable_replacements": False,
                # It answers min and max from Parquet statistics, which hide NaN. Whether statistics are enough is
                # decided in parquet_footer.py, where the rules are known.
                "disabled_optimizers": "statistics_propagation",
            }
        )
        try:
            for setting in (
                "allocator_flush_threshold = '16MB'",
                "disable_parquet_prefetching = true",  # whole column chunks in memory, and no faster on a local disk
                "TimeZone = 'UTC'",
                f"allowed_paths = [{quote_text(str(alias))}]",
                "enable_external_access = false",
                "lock_configuration = true",
            ):
                connection.execute(f"SET {setting}")
            yield Engine(connection, alias, path)
        finally:
            connection.close()


def quote_text(text: str) -> str:
    """Return ``text`` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
