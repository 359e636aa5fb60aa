"""Which blobs were seen, and what became of the event of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local_host.eventgrid.blob_version import BlobVersion, blob_created
from local_host.eventgrid.database import Database


@dataclass(frozen=True)
class Delivery:
    """An event that waits for its delivery. `attempts` counts the answers so far; `seen_at` is epoch seconds."""

    sequence: int
    event: dict[str, Any]
    attempts: int
    seen_at: float


@dataclass(frozen=True)
class _Seen:
    etag: str
    created_at: str
    size: int
    content_md5: str | None


class Deliveries:
    """Turns listings into pending deliveries, each in one transaction with the note that the blob was seen."""

    def __init__(self, database: Database, url: Callable[[str, str], str], now: Callable[[], float]) -> None:
        self._database = database
        self._url = url
        self._now = now
        rows = database.connection.execute("SELECT container, name, etag, created_at, size, content_md5 FROM blobs")
        self._seen = {(row[0], row[1]): _Seen(*row[2:]) for row in rows}

    def resume(self) -> None:
        """Makes what is pending due at once, at the addresses that the blobs have since this start."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT sequence, container, name, document FROM deliveries WHERE state = 'pending'"
            ).fetchall()
            for row in rows:
                document = json.loads(row["document"])
                document["data"]["url"] = self._url(row["container"], row["name"])
                connection.execute(
                    "UPDATE deliveries SET document = ?, due_at = ? WHERE sequence = ?",
                    (json.dumps(document), self._now(), row["sequence"]),
                )

    def record(self, blobs: Iterable[BlobVersion]) -> list[str]:
        """Notes the blobs whose content is new; returns the ids of their events, in order."""
        changed = [blob for blob in blobs if self._is_unknown(blob)]
        if not changed:
            return []
        events: list[str] = []
        with self._database.transaction() as connection:
            for blob in changed:
                if self._has_new_content(blob):
                    self._insert(blob)
                    events.append(blob.event_id)
                seen = _describe(blob)
                connection.execute(
                    "INSERT OR REPLACE INTO blobs (container, name, etag, created_at, size, content_md5)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (blob.container, blob.name, seen.etag, seen.created_at, seen.size, seen.content_md5),
                )
        self._seen.update({(blob.container, blob.name): _describe(blob) for blob in changed})
        return events

    def due(self, limit: int, under_way: Iterable[int]) -> list[Delivery]:
        """The deliveries whose time has come, oldest first, without those under way."""
        rows = self._database.connection.execute(
            "SELECT sequence, document, attempts, seen_at FROM deliveries WHERE state = 'pending' AND due_at <= ?"
            " AND sequence NOT IN (SELECT value FROM json_each(?)) ORDER BY sequence LIMIT ?",
            (self._now(), json.dumps(list(under_way)), limit),
        )
        return [Delivery(row[0], json.loads(row[1]), row[2], row[3]) for row in rows]

    def next_due_in(self, under_way: Iterable[int]) -> float | None:
        """Seconds until the next delivery is due, 0 or more; None if nothing is pending but what is under way."""
        row = self._database.connection.execute(
            "SELECT MIN(due_at) FROM deliveries WHERE state = 'pending'"
            " AND sequence NOT IN (SELECT value FROM json_each(?))",
            (json.dumps(list(under_way)),),
        ).fetchone()
        return None if row[0] is None else max(0.0, row[0] - self._now())

    def delivered(self, delivery: Delivery, outcome: str) -> None:
        """The subscriber took the event."""
        self._end(delivery, "delivered", outcome)

    def dead_lettered(self, delivery: Delivery, outcome: str) -> None:
        """The event was put aside, to be looked at by a person."""
        self._end(delivery, "dead_lettered", outcome)

    def retry(self, delivery: Delivery, outcome: str, delay: float) -> None:
        """The subscriber answered with a failure: once more after `delay` seconds."""
        self._database.connection.execute(
            "UPDATE deliveries SET attempts = attempts + 1, outcome = ?, due_at = ? WHERE sequence = ?",
            (outcome, self._now() + delay, delivery.sequence),
        )

    def counts(self) -> dict[str, int]:
        """How many events are in each state."""
        rows = self._database.connection.execute("SELECT state, COUNT(*) FROM deliveries GROUP BY state")
        return {"pending": 0, "delivered": 0, "dead_lettered": 0} | {row[0]: row[1] for row in rows}

    def _end(self, delivery: Delivery, state: str, outcome: str) -> None:
        self._database.connection.execute(
            "UPDATE deliveries SET state = ?, attempts = attempts + 1, outcome = ?, ended_at = ? WHERE sequence = ?",
            (state, outcome, self._now(), delivery.sequence),
        )

    def _insert(self, blob: BlobVersion) -> None:
        connection = self._database.connection
        cursor = connection.execute(
            "INSERT OR IGNORE INTO deliveries (event_id, container, name, document, state, seen_at, due_at)"
            " VALUES (?, ?, ?, '', 'pending', ?, ?)",
            (blob.event_id, blob.container, blob.name, self._now(), self._now()),
        )
        if cursor.rowcount == 0:
            return
        event = blob_created(blob, url=self._url(blob.container, blob.name), sequence=cursor.lastrowid or 0)
        connection.execute(
            "UPDATE deliveries SET document = ? WHERE sequence = ?", (json.dumps(event), cursor.lastrowid)
        )

    def _is_unknown(self, blob: BlobVersion) -> bool:
        seen = self._seen.get((blob.container, blob.name))
        return seen is None or seen.etag != blob.etag

    def _has_new_content(self, blob: BlobVersion) -> bool:
        """False if only metadata or headers changed: that gives a new etag too, but in Azure no event.

        A write sets both times anew; a change of metadata moves only `modified_at`. Size and digest cover two writes
        within the second that the times resolve.
        """
        seen = self._seen.get((blob.container, blob.name))
        if seen is None or blob.modified_at == blob.created_at:
            return True
        return (seen.created_at, seen.size, seen.content_md5) != (_time(blob.created_at), blob.size, blob.content_md5)


def _describe(blob: BlobVersion) -> _Seen:
    return _Seen(blob.etag, _time(blob.created_at), blob.size, blob.content_md5)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
