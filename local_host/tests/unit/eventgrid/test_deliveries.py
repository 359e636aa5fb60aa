"""What is seen becomes an event, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local_host.eventgrid.blob_version import BlobVersion
from local_host.eventgrid.database import Database
from local_host.eventgrid.deliveries import Deliveries

MakeBlob = Callable[..., BlobVersion]


@dataclass
class Clock:
    """Seconds that pass only when told to."""

    seconds: float = field(default=1000.0)

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def deliveries(database: Database, clock: Clock) -> Deliveries:
    """Deliveries on an empty state file."""
    return Deliveries(database, _url_at(1), clock)


def _url_at(port: int) -> Callable[[str, str], str]:
    return lambda container, name: f"http://127.0.0.1:{port}/{container}/{name}"


def _ids(deliveries: Deliveries) -> Iterator[str]:
    return (delivery.event["id"] for delivery in deliveries.due(100, []))


def test_a_blob_is_recorded_once(deliveries: Deliveries, make_blob: MakeBlob) -> None:
    """Listings that repeat themselves add nothing."""
    blob = make_blob()
    assert [deliveries.record([blob]), deliveries.record([blob])] == [[blob.event_id], []]
    assert deliveries.counts() == {"pending": 1, "delivered": 0, "dead_lettered": 0}


def test_what_was_recorded_is_known_after_a_restart(database: Database, clock: Clock, make_blob: MakeBlob) -> None:
    """A new process on the same file neither loses nor invents an event."""
    Deliveries(database, _url_at(1), clock).record([make_blob()])
    with closing(Database(Path(database.connection.execute("PRAGMA database_list").fetchone()[2]))) as again:
        restarted = Deliveries(again, _url_at(1), clock)
        assert restarted.record([make_blob()]) == []
        assert list(_ids(restarted)) == [make_blob().event_id]


def test_pending_events_get_the_address_of_this_start(database: Database, clock: Clock, make_blob: MakeBlob) -> None:
    """A restart on another port changes the event's URL and not its id, and makes it due at once."""
    first = Deliveries(database, _url_at(1), clock)
    first.record([make_blob()])
    first.retry(first.due(1, [])[0], "HTTP 500", 600.0)
    second = Deliveries(database, _url_at(2), clock)
    second.resume()
    event = second.due(1, [])[0].event
    assert event["data"]["url"] == "http://127.0.0.1:2/bronze/revenue_forecast/a.csv"
    assert event["id"] == make_blob().event_id


@pytest.mark.parametrize(
    ("second", "events"),
    [
        ({"etag": "0x2", "created": 10}, 2),
        # Overwritten within the second that the times resolve.
        ({"etag": "0x2", "created": 0}, 2),
        # Only the metadata was set, later.
        ({"etag": "0x2", "created": 0, "modified": 3}, 1),
        # Overwritten with other content, then the metadata was set.
        ({"etag": "0x2", "created": 0, "modified": 3, "md5": "bb"}, 2),
    ],
)
def test_an_overwrite_is_a_new_event_and_metadata_is_none(
    deliveries: Deliveries, make_blob: MakeBlob, second: dict[str, object], events: int
) -> None:
    """Content counts, as in Azure; metadata gives a new etag but no event."""
    deliveries.record([make_blob()])
    deliveries.record([make_blob(**second)])
    assert deliveries.counts()["pending"] == events


def test_a_blob_that_came_back_is_a_new_event(deliveries: Deliveries, make_blob: MakeBlob) -> None:
    """Deleted and written again: another etag, another event."""
    deliveries.record([make_blob()])
    deliveries.record([])
    assert deliveries.record([make_blob(etag="0x9", created=60)]) == [make_blob(etag="0x9").event_id]


def test_a_failed_delivery_is_due_later(deliveries: Deliveries, clock: Clock, make_blob: MakeBlob) -> None:
    """Not before its delay is over, and with the attempts counted."""
    deliveries.record([make_blob()])
    deliveries.retry(deliveries.due(1, [])[0], "HTTP 500", 4.0)
    assert (deliveries.due(1, []), deliveries.next_due_in([])) == ([], 4.0)
    clock.seconds += 4.0
    assert [delivery.attempts for delivery in deliveries.due(1, [])] == [1]


def test_what_is_under_way_is_not_due(deliveries: Deliveries, make_blob: MakeBlob) -> None:
    """No event is posted twice at the same time."""
    deliveries.record([make_blob(), make_blob(name="b.csv")])
    first, second = deliveries.due(10, [])
    assert deliveries.due(10, [first.sequence]) == [second]
    assert deliveries.next_due_in([first.sequence, second.sequence]) is None


def test_ended_deliveries_are_counted_and_done(deliveries: Deliveries, make_blob: MakeBlob) -> None:
    """Delivered and dead-lettered events are not due any more."""
    deliveries.record([make_blob(), make_blob(name="b.csv")])
    first, second = deliveries.due(10, [])
    deliveries.delivered(first, "Delivered")
    deliveries.dead_lettered(second, "HTTP 400")
    assert deliveries.counts() == {"pending": 0, "delivered": 1, "dead_lettered": 1}
    assert deliveries.due(10, []) == []
