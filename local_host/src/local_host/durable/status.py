"""Reads what is committed about instances, beside the writer."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from local_host.durable.clock import format_time, parse_time
from local_host.durable.errors import InvalidRequestError
from local_host.durable.history import Record
from local_host.durable.instance import RuntimeStatus
from local_host.durable.schema import open_reader

T = TypeVar("T")

_COLUMNS = (
    "instance_id, name, runtime_status, input, output, custom_status, created_time, last_updated_time,"
    " parent_instance_id"
)


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """An instance as committed; `input`, `output` and `custom_status` are JSON text, times UTC."""

    instance_id: str
    name: str
    runtime_status: RuntimeStatus
    input: str | None
    output: str | None
    custom_status: str | None
    created_time: datetime
    last_updated_time: datetime
    parent_instance_id: str | None
    history: tuple[Record, ...] | None = None


@dataclass(frozen=True, slots=True)
class InstanceQuery:
    """Which instances; None means any. `page_token` is what the page before gave."""

    created_from: datetime | None = None
    created_to: datetime | None = None
    instance_id_prefix: str | None = None
    statuses: tuple[RuntimeStatus, ...] | None = None
    page_size: int | None = None
    page_token: str | None = None


class StatusReader:
    """Queries in a thread of their own, so that a long one holds up neither the event loop nor the writer."""

    def __init__(self, database: Path) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="durable-reader")
        self._database = database
        self._connection: sqlite3.Connection | None = None

    async def get(self, instance_id: str, *, with_history: bool) -> InstanceStatus | None:
        """One instance, with the records of its history if asked for."""
        return await self._run(lambda connection: _get(connection, instance_id, with_history))

    async def query(self, query: InstanceQuery) -> tuple[list[InstanceStatus], str | None]:
        """The instances that match, by their ids, and the token of the next page if there may be one."""
        return await self._run(lambda connection: _query(connection, query))

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    async def _run(self, read: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, read)

    def _read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            self._connection = open_reader(self._database)
        return read(self._connection)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _status(row: tuple[Any, ...], history: tuple[Record, ...] | None = None) -> InstanceStatus:
    instance_id, name, status, input_, output, custom_status, created, updated, parent = row
    return InstanceStatus(
        instance_id,
        name,
        RuntimeStatus(status),
        input_,
        output,
        custom_status,
        parse_time(created),
        parse_time(updated),
        parent,
        history,
    )


def _get(connection: sqlite3.Connection, instance_id: str, with_history: bool) -> InstanceStatus | None:
    connection.execute("BEGIN")  # one snapshot for both reads
    try:
        row = connection.execute(
            f"SELECT {_COLUMNS} FROM instances WHERE instance_id = ?",  # noqa: S608  # our own columns
            (instance_id,),
        ).fetchone()
        if row is None:
            return None
        if not with_history:
            return _status(row)
        episodes = connection.execute(
            "SELECT records FROM history WHERE instance_id = ? ORDER BY episode", (instance_id,)
        )
        return _status(row, tuple(record for (records,) in episodes for record in json.loads(records)))
    finally:
        connection.execute("COMMIT")


def _query(connection: sqlite3.Connection, query: InstanceQuery) -> tuple[list[InstanceStatus], str | None]:
    conditions, values = ["1"], list[Any]()
    if query.created_from is not None:
        conditions.append("created_time >= ?")
        values.append(format_time(query.created_from))
    if query.created_to is not None:
        conditions.append("created_time <= ?")
        values.append(format_time(query.created_to))
    if query.instance_id_prefix is not None:
        conditions.append("substr(instance_id, 1, ?) = ?")
        values += [len(query.instance_id_prefix), query.instance_id_prefix]
    if query.statuses is not None:
        conditions.append(f"runtime_status IN ({', '.join('?' * len(query.statuses))})")
        values += query.statuses
    if query.page_token is not None:
        conditions.append("instance_id > ?")
        values.append(_read_token(query.page_token))
    limit = -1 if query.page_size is None else query.page_size
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM instances WHERE {' AND '.join(conditions)}"  # noqa: S608  # values are bound
        " ORDER BY instance_id LIMIT ?",
        [*values, limit],
    ).fetchall()
    found = [_status(row) for row in rows]
    return found, _token(found[-1].instance_id) if len(found) == limit else None


def _token(last: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([last]).encode()).decode()


def _read_token(token: str) -> str:
    try:
        (last,) = json.loads(base64.urlsafe_b64decode(token))
        return str(last)
    except (binascii.Error, ValueError, TypeError) as error:
        raise InvalidRequestError("x-ms-continuation-token", token, "must be one that a query gave") from error
