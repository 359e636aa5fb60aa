"""The one place where connections to DuckDB are made."""

from collections.abc import Mapping

import duckdb

Setting = str | int | bool


def connect(config: Mapping[str, Setting] | None = None) -> duckdb.DuckDBPyConnection:
    """Open an in-memory database that prints nothing.

    DuckDB draws a progress bar on standard output when a query takes two seconds and it takes the process for an
    interactive one, which is every Python whose main module has no file: log lines and the JSON of a command would
    follow the bar on one line. The setting belongs to a connection, so ``config`` cannot hold it; other settings of the
    bar turn it on again.
    """
    connection = duckdb.connect(config=dict(config or {}))
    connection.execute("SET enable_progress_bar = false")
    return connection
