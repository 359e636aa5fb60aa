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
    row = ("one", "run", 0, "step", None)
    with closing(open_writer(tmp_path / "hub.db")) as connection:
        connection.execute("INSERT INTO activities VALUES (?, ?, ?, ?, ?)", row)
    with closing(open_writer(tmp_path / "hub.db")) as connection:
        assert connection.execute("SELECT * FROM activities").fetchall() == [row]


def test_a_database_of_the_first_version_is_brought_up(tmp_path: Path) -> None:
    """It gets the columns that later versions added."""
    with closing(sqlite3.connect(tmp_path / "hub.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE entities (entity_id TEXT PRIMARY KEY, state TEXT)")
        connection.execute("CREATE TABLE entity_inbox (id INTEGER PRIMARY KEY, entity_id TEXT)")
        connection.execute("PRAGMA user_version = 1")
    with closing(open_writer(tmp_path / "hub.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO entities VALUES ('@e@k', '1', '', '')",
        "INSERT INTO entity_inbox (entity_id, request_id, operation) VALUES ('@e@k', 'r', 'add')",
    ],
)
def test_entities_that_an_earlier_version_has_left_are_refused(tmp_path: Path, statement: str) -> None:
    """Their operations would be lost without a word."""
    with closing(open_writer(tmp_path / "hub.db")) as connection:
        connection.execute(statement)
    with pytest.raises(ValueError, match="holds entities: this engine does not run them"):
        open_writer(tmp_path / "hub.db")


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
        reader.execute("DELETE FROM instances")
