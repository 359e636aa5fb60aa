"""Which notifications are owed and which have gone out, in the table ``notifications``.

A partition per model holds a row per notification, and a row per group that says when its last one goes out. One
partition more has a row for each that is owed, so that a sweep reads these and not a table that only grows. That row is
written before the record and removed after it: a process killed in between leaves a row too many, never one too few.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.records import Records
from nightshift.clients.platform.tables import Table, Write, until_no_conflict
from nightshift.domain.notifications.notification import LATE_AFTER, NotificationRecord, next_slot
from nightshift.domain.platform.errors import ConflictError, ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.platform.identity import short

# No model has such a name.
_OWED, _MARKS = "~owed", "~marks"
_INDEXED = "owed-indexed"
_GROUP = "group-"


class TableNotificationStore:
    """Implements `NotificationStore`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, "notifications")
        self._records = Records(self._table, NotificationRecord)
        self._indexed = False
        self._lock = threading.Lock()

    def begin(self, record: NotificationRecord) -> NotificationRecord:
        return until_no_conflict(lambda: self._begin(record))

    def _begin(self, record: NotificationRecord) -> NotificationRecord:
        notification = record.notification
        known = self.get(notification.model, notification.key)
        if known is not None:
            return known
        writes = []
        if notification.group:
            key = _GROUP + short(notification.group)
            row = self._table.get(notification.model, key)
            last = None if row is None else datetime.fromisoformat(str(row.values["Last"]))
            slot = next_slot(last, record.made, notification.minutes_apart)
            if slot > record.made:
                record = record.model_copy(update={"not_before": slot, "next_at": slot})
            writes.append(Write(key, {"Last": slot.isoformat()}, None if row is None else row.etag))
        self._owe(record)
        writes.append(Write(short(notification.key), {"Record": record.model_dump_json()}))
        self._table.write(notification.model, writes)
        return record

    def _owe(self, record: NotificationRecord) -> None:
        with suppress(ConflictError):  # it is owed already
            self._table.write(_OWED, [Write(_owed_key(record), {"Record": record.model_dump_json()})])

    def get(self, model: str, key: str) -> NotificationRecord | None:
        return self._records.get(model, short(key))

    def change(
        self, record: NotificationRecord, change: Callable[[NotificationRecord], NotificationRecord]
    ) -> NotificationRecord:
        model, key = record.notification.model, short(record.notification.key)
        changed = self._records.change(model, key, change)
        assert changed is not None, (
            f"notification {record.notification.key} has no record any more: records are never deleted"
        )
        return changed

    def done(self, record: NotificationRecord) -> None:
        self._table.remove(_OWED, _owed_key(record))

    def owed(self) -> tuple[NotificationRecord, ...]:
        self._index_old()
        found = (self._owed_record(NotificationRecord.from_json(json)) for json in self._owed_rows())
        return tuple(sorted(found, key=lambda record: record.order))

    def _owed_rows(self) -> list[str]:
        return [str(row.values["Record"]) for row in self._table.partition(_OWED)]

    def _owed_record(self, begun: NotificationRecord) -> NotificationRecord:
        known = self.get(begun.notification.model, begun.notification.key)
        # Killed before the record was written, or just about to write it: whoever comes first writes it.
        return self.begin(begun) if known is None else known

    def overdue(self, now: datetime) -> tuple[NotificationRecord, ...]:
        """What should have gone out minutes ago, as it was when it was begun; the oldest first."""
        begun = (NotificationRecord.from_json(json) for json in self._owed_rows())
        return tuple(sorted((it for it in begun if now - it.due >= LATE_AFTER), key=lambda record: record.due))

    def _index_old(self) -> None:
        """Once per table: what a release of before this index has left unsent is owed."""
        with self._lock:
            if self._indexed or self._table.get(_MARKS, _INDEXED) is not None:
                self._indexed = True
                return
            for row in self._table.query("PartitionKey lt @first", {"first": "~"}):
                record = NotificationRecord.from_json(str(row.values["Record"])) if "Record" in row.values else None
                if record is not None and record.state == "owed":
                    self._owe(record)
            with suppress(ConflictError):  # another host has done the same
                self._table.write(_MARKS, [Write(_INDEXED, {})])
            self._indexed = True


class NotificationHealth:
    """Every address can be read, and nothing is owed for more than some minutes: each takes what it is sent."""

    name = "notifications"
    imports = ("apprise", "nightshift.clients.notifications.notifier")

    def __init__(
        self,
        store: Callable[[], TableNotificationStore],
        clock: Callable[[], datetime],
        unreadable: Callable[[], tuple[str, ...]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._unreadable = unreadable

    def check(self) -> None:
        """ServiceRefusedError if an address cannot be read; ServiceUnavailableError if something is owed too long."""
        if unreadable := self._unreadable():
            problem = f"{', '.join(unreadable)} cannot be read"
            raise ServiceRefusedError("notification", problem, "see docs/notifications.md for their form")
        store = self._store()
        overdue = store.overdue(self._clock())
        if not overdue:
            return
        oldest = overdue[0]
        known = store.get(oldest.notification.model, oldest.notification.key) or oldest
        since = oldest.due.isoformat(timespec="seconds")
        problem = known.problem or "nobody has tried"
        raise ServiceUnavailableError("notification", f"{len(overdue)} owed, the oldest since {since}: {problem}")


def _owed_key(record: NotificationRecord) -> str:
    return short(record.notification.model, record.notification.key)
