"""Opening the database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from local_host.durable.schema import open_reader, open_writer


def test_database_is_durable_wal(tmp_path: Path) -> None:
    """WAL, and FULL synchronous: an acknowledged commit survives a loss of power."""
    with closing(open_writer(tmp_path / "deep" / "hub.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_reopening_keeps_what_is_there(tmp_path: Path) -> None:
    """Tables are made once."""
    with closing(open_writer(tmp_path / "hub.db")) as connection:
        connection.execute("INSERT INTO entities VALUES ('@e@k', '1', '', '')")
    with closing(open_writer(tmp_path / "hub.db")) as connection:
        assert connection.execute("SELECT * FROM entities").fetchall() == [("@e@k", "1", "", "")]


def test_a_database_of_the_first_version_is_brought_up(tmp_path: Path) -> None:
    """Its entities keep their state; when they were used is not known."""
    with closing(sqlite3.connect(tmp_path / "hub.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE entities (entity_id TEXT PRIMARY KEY, state TEXT)")
        connection.execute("INSERT INTO entities VALUES ('@e@k', '1')")
        connection.execute("PRAGMA user_version = 1")
    with closing(open_writer(tmp_path / "hub.db")) as connection:
        (entity,) = connection.execute("SELECT * FROM entities").fetchall()
        assert entity[:2] == ("@e@k", "1")
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)


def test_other_schema_version_is_refused(tmp_path: Path) -> None:
    """A database of another engine version is not touched."""
    with closing(sqlite3.connect(tmp_path / "hub.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ValueError, match="schema version 99: this engine reads 2"):
        open_writer(tmp_path / "hub.db")


def test_reader_cannot_write(tmp_path: Path) -> None:
    """Only the writer writes."""
    with (
        closing(open_writer(tmp_path / "hub.db")),
        closing(open_reader(tmp_path / "hub.db")) as reader,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        reader.execute("DELETE FROM entities")
