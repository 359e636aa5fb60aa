"""The SQL of the engine: instances, their history, inbox, activities and timers. It decides nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime

from local_host.durable.clock import format_time, parse_time
from local_host.durable.history import Record
from local_host.durable.instance import Instance, Message, ParentTask, RuntimeStatus
from local_host.durable.work import ActivityWork

TimerKey = tuple[str, str, int]
"""Instance id, execution id, task id."""

_OF_INSTANCE = ("history", "inbox", "activities", "timers")


class Store:
    """Reads and writes within the transaction that its caller begins and ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._execute = connection.execute
        self._executemany = connection.executemany

    def begin(self) -> None:
        self._execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._execute("COMMIT")

    def close(self) -> None:
        self.connection.close()

    def load(self, instance_id: str) -> Instance | None:
        """The instance with its history and unread messages; None if there is none."""
        row = self._execute(
            "SELECT execution_id, name, version, runtime_status, input, output, custom_status, created_time,"
            " parent_instance_id, parent_execution_id, parent_task_id"
            " FROM instances WHERE instance_id = ?",
            (instance_id,),
        ).fetchone()
        if row is None:
            return None
        execution_id, name, version, status, input_, output, custom_status, created, *parent = row
        instance = Instance(
            instance_id,
            execution_id,
            name,
            version,
            input_,
            parse_time(created),
            RuntimeStatus(status),
            None if parent[0] is None else ParentTask(*parent),
            output,
            custom_status,
        )
        instance.replay_stored(self.episodes(instance_id))
        instance.inbox.extend(
            Message(json.loads(record), execution, row_id)
            for row_id, execution, record in self._execute(
                "SELECT id, execution_id, record FROM inbox WHERE instance_id = ? ORDER BY id", (instance_id,)
            )
        )
        return instance

    def status(self, instance_id: str) -> RuntimeStatus | None:
        row = self._execute("SELECT runtime_status FROM instances WHERE instance_id = ?", (instance_id,)).fetchone()
        return None if row is None else RuntimeStatus(row[0])

    def episodes(self, instance_id: str) -> list[list[Record]]:
        rows = self._execute("SELECT records FROM history WHERE instance_id = ? ORDER BY episode", (instance_id,))
        return [json.loads(records) for (records,) in rows]

    def put(self, instance: Instance, now: datetime) -> None:
        """Inserts a new instance."""
        parent = instance.parent
        self._execute(
            "INSERT INTO instances (instance_id, execution_id, name, version, runtime_status, input, created_time,"
            " last_updated_time, parent_instance_id, parent_execution_id, parent_task_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                instance.instance_id,
                instance.execution_id,
                instance.name,
                instance.version,
                instance.status,
                instance.input,
                format_time(instance.created),
                format_time(now),
                None if parent is None else parent.instance_id,
                None if parent is None else parent.execution_id,
                None if parent is None else parent.task_id,
            ),
        )

    def update(self, instance: Instance, now: datetime) -> None:
        """Writes the state of an instance that a turn or a request has changed."""
        self._execute(
            "UPDATE instances SET execution_id = ?, runtime_status = ?, input = ?, output = ?, custom_status = ?,"
            " last_updated_time = ? WHERE instance_id = ?",
            (
                instance.execution_id,
                instance.status,
                instance.input,
                instance.output,
                instance.custom_status,
                format_time(now),
                instance.instance_id,
            ),
        )

    def delete(self, instance_id: str) -> None:
        """Deletes an instance and all that is of it."""
        self.clear(instance_id, _OF_INSTANCE)
        self._execute("DELETE FROM instances WHERE instance_id = ?", (instance_id,))

    def clear(self, instance_id: str, tables: Iterable[str]) -> None:
        """Deletes the rows of an instance in some of history, inbox, activities and timers."""
        for table in tables:
            self._execute(f"DELETE FROM {table} WHERE instance_id = ?", (instance_id,))  # noqa: S608  # our own names

    def add_episode(self, instance_id: str, episode: int, records: list[Record]) -> None:
        self._execute("INSERT INTO history VALUES (?, ?, ?)", (instance_id, episode, json.dumps(records)))

    def add_message(self, instance_id: str, message: Message) -> None:
        """Stores an unread message, which gets its row id."""
        cursor = self._execute(
            "INSERT INTO inbox (instance_id, execution_id, record) VALUES (?, ?, ?)",
            (instance_id, message.execution_id, json.dumps(message.record)),
        )
        message.row_id = cursor.lastrowid

    def delete_messages(self, row_ids: Iterable[int]) -> None:
        self._executemany("DELETE FROM inbox WHERE id = ?", [(row_id,) for row_id in row_ids])

    def add_activities(self, works: Iterable[ActivityWork]) -> None:
        self._executemany(
            "INSERT INTO activities VALUES (?, ?, ?, ?, ?)",
            [(work.instance_id, work.execution_id, work.task_id, work.name, work.input) for work in works],
        )

    def delete_activity(self, work: ActivityWork) -> bool:
        """Whether the activity was still wanted."""
        cursor = self._execute(
            "DELETE FROM activities WHERE instance_id = ? AND execution_id = ? AND task_id = ?",
            (work.instance_id, work.execution_id, work.task_id),
        )
        return cursor.rowcount == 1

    def activities(self, instance_id: str | None = None) -> list[ActivityWork]:
        """Everything under way, of one instance or of all."""
        rows = self._execute(
            "SELECT instance_id, execution_id, task_id, name, input FROM activities"
            " WHERE :instance_id IS NULL OR instance_id = :instance_id",
            {"instance_id": instance_id},
        )
        return [ActivityWork(*row) for row in rows]

    def has_activities(self) -> bool:
        """Whether anything is under way."""
        (found,) = self._execute("SELECT EXISTS (SELECT 1 FROM activities)").fetchone()
        return bool(found)

    def next_timer(self) -> datetime | None:
        """When the first of the timers fires."""
        (fire_at,) = self._execute("SELECT MIN(fire_at) FROM timers").fetchone()
        return None if fire_at is None else parse_time(fire_at)

    def add_timers(self, instance: Instance, timers: Iterable[tuple[int, datetime]]) -> None:
        self._executemany(
            "INSERT INTO timers VALUES (?, ?, ?, ?)",
            [
                (instance.instance_id, instance.execution_id, task_id, format_time(fire_at))
                for task_id, fire_at in timers
            ],
        )

    def delete_timer(self, key: TimerKey) -> bool:
        """Whether the timer was still wanted."""
        cursor = self._execute("DELETE FROM timers WHERE instance_id = ? AND execution_id = ? AND task_id = ?", key)
        return cursor.rowcount == 1

    def timers(self) -> list[tuple[datetime, TimerKey]]:
        rows = self._execute("SELECT fire_at, instance_id, execution_id, task_id FROM timers")
        return [
            (parse_time(fire_at), (instance_id, execution_id, task_id))
            for fire_at, instance_id, execution_id, task_id in rows
        ]

    def instances_to_run(self) -> list[str]:
        """Ids of instances that have not begun, or have unread messages."""
        rows = self._execute(
            "SELECT instance_id FROM instances WHERE runtime_status IN ('Pending', 'ContinuedAsNew')"
            " UNION SELECT inbox.instance_id FROM inbox JOIN instances USING (instance_id)"
        )
        return [instance_id for (instance_id,) in rows]
