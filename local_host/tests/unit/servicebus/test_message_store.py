"""The state file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from local_host.servicebus.message_store import MessageStore, StateNotSupportedError, StoredMessage

from .conftest import MakeWorkbench, Workbench


def test_numbers_grow_without_a_commit_for_each(tmp_path: Path) -> None:
    """They are reserved in blocks, for each queue by itself."""
    with closing(MessageStore(tmp_path)) as store:
        assert [store.next_sequence("q") for _ in range(1001)] == list(range(1, 1002))
        assert store.next_sequence("r") == 1
        store.commit()
    with closing(MessageStore(tmp_path)) as store:
        assert store.next_sequence("q") == 2001


def test_ids_are_forgotten(tmp_path: Path) -> None:
    """When their window has passed."""
    with closing(MessageStore(tmp_path)) as store:
        store.remember_id("q", "a", 7, forget_at=100)
        assert store.recent_sequence("q", "a", 99) == 7
        assert store.recent_sequence("q", "a", 100) is None
        assert store.recent_sequence("r", "a", 99) is None
        store.forget_ids(100)
        assert store.recent_sequence("q", "a", 99) is None


STEADY: dict[str, Callable[[MessageStore], object]] = {
    "ready": lambda store: store.ready("q", 1_000_000, 1),
    "locked": lambda store: store.locked("q", b"no such token", 1_000_000),
    "delete_locked": lambda store: store.delete_locked("q", b"no such token", 1_000_000),
    "from_sequence": lambda store: store.from_sequence("q", 3, 1),
    "lapsed_locks": lambda store: store.lapsed_locks(1_000_000),
    "expired": lambda store: store.expired(1_000_000),
    "next_moment": lambda store: store.next_moment(),
}


@pytest.mark.parametrize("name", sorted(STEADY))
def test_a_backlog_makes_nothing_slower(make_workbench: MakeWorkbench, name: str) -> None:
    """Each statement takes as many steps of SQLite's machine over 2000 waiting messages as over ten."""
    assert steps(make_workbench(), 2000, STEADY[name]) <= steps(make_workbench(), 10, STEADY[name])


def steps(bench: Workbench, messages: int, statement: Callable[[MessageStore], object]) -> int:
    """How many instructions SQLite runs for a statement over this many messages, of which three are locked."""
    bench.send(*(b"x" for _ in range(messages)))
    bench.queue.lock_next(3)
    counted = []
    # What Python sees of a statement is the same whether it reads one message or all.
    connection = bench.store._connection
    connection.set_progress_handler(lambda: counted.append(1), 1)
    statement(bench.store)
    connection.set_progress_handler(None, 1)
    return len(counted)


@pytest.mark.parametrize("state", [1, 2])
def test_what_an_earlier_version_deferred_or_scheduled_is_refused(tmp_path: Path, state: int) -> None:
    """Nobody would ever receive it."""
    with closing(MessageStore(tmp_path)) as store:
        store.insert(message(1, None))
        store._connection.execute("UPDATE messages SET state = ?", (state,))
    with pytest.raises(StateNotSupportedError, match=r"servicebus\.db holds deferred or scheduled messages"):
        MessageStore(tmp_path)


def test_a_token_is_given_once(tmp_path: Path) -> None:
    """Two messages cannot have the same lock."""
    with closing(MessageStore(tmp_path)) as store:
        store.insert(message(1, b"token"))
        store.insert(message(2, None))
        store.insert(message(3, None))
        with pytest.raises(sqlite3.IntegrityError, match="lock_token"):
            store.insert(message(4, b"token"))


def message(sequence: int, lock_token: bytes | None) -> StoredMessage:
    """A message of queue `q`."""
    return StoredMessage(
        id=None,
        entity="q",
        sequence=sequence,
        enqueued_at=0,
        expires_at=None,
        delivery_count=0,
        lock_token=lock_token,
        locked_until=None if lock_token is None else 10,
        durable=1,
        priority=None,
        ttl=None,
        message_id=None,
        annotations=b"",
        content=b"",
    )
