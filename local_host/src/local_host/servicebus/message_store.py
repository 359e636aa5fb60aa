"""The messages on disk. Statements only: what may happen to a message is decided in `entity`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path

from local_host.state_database import StateDatabase

# Every message is active, state 0; `state` and `scheduled_for` are of earlier versions, which deferred and scheduled.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY,
    entity TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
    enqueued_at INTEGER NOT NULL,
    expires_at INTEGER,
    scheduled_for INTEGER,
    delivery_count INTEGER NOT NULL,
    lock_token BLOB,
    locked_until INTEGER,
    durable INTEGER NOT NULL,
    priority INTEGER,
    ttl INTEGER,
    message_id TEXT,
    annotations BLOB NOT NULL,
    content BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_ready ON messages (entity, sequence) WHERE state = 0 AND lock_token IS NULL;
CREATE UNIQUE INDEX IF NOT EXISTS messages_by_sequence ON messages (entity, sequence);
CREATE UNIQUE INDEX IF NOT EXISTS messages_by_lock ON messages (lock_token) WHERE lock_token IS NOT NULL;
CREATE INDEX IF NOT EXISTS messages_locked ON messages (locked_until) WHERE lock_token IS NOT NULL;
CREATE INDEX IF NOT EXISTS messages_expiring ON messages (expires_at)
    WHERE lock_token IS NULL AND expires_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS recent_message_ids (
    queue TEXT NOT NULL,
    message_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    forget_at INTEGER NOT NULL,
    PRIMARY KEY (queue, message_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS recent_message_ids_by_age ON recent_message_ids (forget_at);
CREATE TEMP TABLE served (entity TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sequence_numbers (
    queue TEXT PRIMARY KEY,
    reserved INTEGER NOT NULL
) WITHOUT ROWID;
"""
# Numbers are reserved in blocks, so that most messages cost no write for them. A crash skips the rest of a block.
_BLOCK = 1000


class StateNotSupportedError(ValueError):
    """An earlier version has left what this broker does not have."""


@dataclass(slots=True)
class StoredMessage:
    """One message. Times are in ms since 1970; `annotations` is an encoded map, `content` the sections after it."""

    id: int | None
    entity: str
    sequence: int
    enqueued_at: int
    expires_at: int | None
    delivery_count: int
    lock_token: bytes | None
    locked_until: int | None
    durable: int
    priority: int | None
    ttl: int | None
    message_id: str | None
    annotations: bytes
    content: bytes


_COLUMNS = ", ".join(item.name for item in fields(StoredMessage))
_values = attrgetter(*(item.name for item in fields(StoredMessage)))
_PLACES = ", ".join("?" for _ in fields(StoredMessage))
_SELECT = f"SELECT {_COLUMNS} FROM messages"  # noqa: S608 - column names of a dataclass


class MessageStore:
    """The state file. A crash of the process loses everything since the last `commit`, and nothing before it.

    StateNotSupportedError if the file holds deferred or scheduled messages. What runs all the time names its index:
    left to itself SQLite reads every message without a lock to find the next.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._database = StateDatabase(folder / "servicebus.db", _SCHEMA)
        self._connection = self._database.connection
        self._connection.row_factory = None
        # A commit survives the end of this process however it ends. Against a power cut every message would have to
        # wait for the disk, which makes sending three times slower: more than a development host is worth.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._sequences: dict[str, tuple[int, int]] = {}
        if self._connection.execute("SELECT EXISTS (SELECT 1 FROM messages WHERE state <> 0)").fetchone()[0]:
            self.close()
            rule = "holds deferred or scheduled messages, which this broker does not have"
            raise StateNotSupportedError(f"{folder / 'servicebus.db'} {rule}")

    def serve(self, entities: Iterable[str]) -> None:
        """Lets time pass for these only: the messages of queues that are no longer defined stay as they are."""
        self._connection.executemany("INSERT OR IGNORE INTO served VALUES (?)", [(entity,) for entity in entities])

    def close(self) -> None:
        """Commits and closes the file."""
        self.commit()
        self._database.close()

    def commit(self) -> None:
        """Puts all changes on disk."""
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")

    def next_sequence(self, queue: str) -> int:
        """A number that this queue has never given before, greater than all."""
        used, reserved = self._sequences.get(queue, (0, 0))
        if used == reserved:
            row = self._connection.execute("SELECT reserved FROM sequence_numbers WHERE queue = ?", (queue,)).fetchone()
            used = row[0] if row else 0
            reserved = used + _BLOCK
            self._write("INSERT OR REPLACE INTO sequence_numbers VALUES (?, ?)", (queue, reserved))
        self._sequences[queue] = (used + 1, reserved)
        return used + 1

    def insert(self, message: StoredMessage) -> None:
        """A new message."""
        self._write(f"INSERT INTO messages (state, {_COLUMNS}) VALUES (0, {_PLACES})", _values(message))  # noqa: S608

    def delete(self, message: StoredMessage) -> None:
        """Removes a message."""
        self._write("DELETE FROM messages WHERE id = ?", (message.id,))

    def delete_locked(self, entity: str, token: bytes, now: int) -> bool:
        """Removes the message with this valid lock; False if there is none."""
        statement = "DELETE FROM messages WHERE lock_token = ? AND entity = ? AND locked_until > ?"
        return self._write(statement, (token, entity, now)).rowcount == 1

    def update_delivery(self, message: StoredMessage) -> None:
        """Writes delivery count and lock."""
        self._write(
            "UPDATE messages SET delivery_count = ?, lock_token = ?, locked_until = ? WHERE id = ?",
            (message.delivery_count, message.lock_token, message.locked_until, message.id),
        )

    def update(self, message: StoredMessage) -> None:
        """Writes every column."""
        self._write(f"REPLACE INTO messages (state, {_COLUMNS}) VALUES (0, {_PLACES})", _values(message))  # noqa: S608

    def ready(self, entity: str, now: int, limit: int) -> list[StoredMessage]:
        """Messages without a lock, oldest first."""
        return self._select(
            "INDEXED BY messages_ready WHERE entity = ? AND state = 0 AND lock_token IS NULL"
            " AND (expires_at IS NULL OR expires_at > ?) ORDER BY sequence LIMIT ?",
            (entity, now, limit),
        )

    def locked(self, entity: str, token: bytes, now: int) -> StoredMessage | None:
        """The message with this valid lock."""
        where = "WHERE lock_token = ? AND entity = ? AND locked_until > ?"
        return next(iter(self._select(where, (token, entity, now))), None)

    def from_sequence(self, entity: str, sequence: int, limit: int) -> list[StoredMessage]:
        """Messages from this number on, locked or not."""
        where = "WHERE entity = ? AND sequence >= ? ORDER BY sequence LIMIT ?"
        return self._select(where, (entity, sequence, limit))

    def lapsed_locks(self, now: int) -> list[StoredMessage]:
        """Messages whose lock has run out."""
        where = "WHERE lock_token IS NOT NULL AND locked_until <= ? AND entity IN served"
        return self._select(f"INDEXED BY messages_locked {where}", (now,))

    def expired(self, now: int) -> list[StoredMessage]:
        """Messages that outlived their time to live, except those under a lock."""
        where = "WHERE lock_token IS NULL AND expires_at IS NOT NULL AND expires_at <= ? AND entity IN served"
        return self._select(f"INDEXED BY messages_expiring {where}", (now,))

    def next_moment(self) -> int | None:
        """When the next lock or time to live ends."""
        row = self._connection.execute(
            "SELECT (SELECT MIN(locked_until) FROM messages INDEXED BY messages_locked"
            "  WHERE lock_token IS NOT NULL AND entity IN served),"
            " (SELECT MIN(expires_at) FROM messages INDEXED BY messages_expiring"
            "  WHERE lock_token IS NULL AND expires_at IS NOT NULL AND entity IN served)"
        ).fetchone()
        return min((moment for moment in row if moment is not None), default=None)

    def count(self, entity: str) -> int:
        """How many messages there are."""
        row = self._connection.execute("SELECT COUNT(*) FROM messages WHERE entity = ?", (entity,)).fetchone()
        return int(row[0])

    def recent_sequence(self, queue: str, message_id: str, now: int) -> int | None:
        """The number of the message with this id if it came within the window."""
        row = self._connection.execute(
            "SELECT sequence FROM recent_message_ids WHERE queue = ? AND message_id = ? AND forget_at > ?",
            (queue, message_id, now),
        ).fetchone()
        return None if row is None else int(row[0])

    def remember_id(self, queue: str, message_id: str, sequence: int, forget_at: int) -> None:
        """Keeps an id for the window's length."""
        statement = "INSERT OR REPLACE INTO recent_message_ids VALUES (?, ?, ?, ?)"
        self._write(statement, (queue, message_id, sequence, forget_at))

    def forget_ids(self, now: int) -> None:
        """Drops the ids whose window has passed."""
        self._write("DELETE FROM recent_message_ids WHERE forget_at <= ?", (now,))

    def _select(self, where: str, values: Sequence[object]) -> list[StoredMessage]:
        return [StoredMessage(*row) for row in self._connection.execute(f"{_SELECT} {where}", values)]

    def _write(self, statement: str, values: Sequence[object]) -> sqlite3.Cursor:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")
        return self._connection.execute(statement, values)
