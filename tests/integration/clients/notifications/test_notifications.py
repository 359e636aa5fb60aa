"""Which notifications are owed and which have gone out, in Table storage."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.data.tables import TableServiceClient

from nightshift.clients.notifications.notifications import NotificationHealth, TableNotificationStore
from nightshift.clients.notifications.notifier import unreadable
from nightshift.domain.notifications.notification import LATE_AFTER, Notification, NotificationRecord
from nightshift.domain.platform.errors import ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.platform.identity import short

AT = datetime(2026, 1, 1, tzinfo=UTC)


def owed(model: str, key: str = "i:page", at: datetime = AT, **given: Any) -> NotificationRecord:
    """A page that is to go out."""
    fields = {"key": key, "kind": "page", "model": model, "severity": "critical", "title": "t", "body": "b"}
    told = Notification.model_validate(fields | given)
    return NotificationRecord(notification=told, state="owed", at=at, made_at=at)


def of(store: TableNotificationStore, model: str) -> list[str]:
    """The keys of what is owed to a model, in order."""
    return [it.notification.key for it in store.owed() if it.notification.model == model]


def test_a_key_is_owed_until_it_is_done(tables: TableServiceClient, model: str) -> None:
    """Begun, begun again after a crash, sent, written down: then whoever begins it once more finds it sent."""
    store = TableNotificationStore(tables)
    record = owed(model)
    assert [store.begin(record).state, store.begin(record).state] == ["owed", "owed"]
    sent = store.change(record, lambda known: known.model_copy(update={"state": "sent"}))
    assert of(store, model) == ["i:page"]
    store.done(sent)
    store.done(sent)
    assert (of(store, model), store.begin(record).state) == ([], "sent")


def test_what_was_killed_between_its_two_rows_is_owed(tables: TableServiceClient, model: str) -> None:
    """The row of what is owed is written first, and is enough."""
    store = TableNotificationStore(tables)
    record = owed(model)
    store._owe(record)
    assert of(store, model) == ["i:page"]
    assert store.get(model, "i:page") == record


def test_critical_pages_go_first_and_the_oldest_of_each(tables: TableServiceClient, model: str) -> None:
    """Notices last, however old."""
    store = TableNotificationStore(tables)
    store.begin(owed(model, "notice", kind="notice"))
    store.begin(owed(model, "warning", AT + timedelta(minutes=1), severity="warning"))
    store.begin(owed(model, "newer", AT + timedelta(minutes=3)))
    store.begin(owed(model, "older", AT + timedelta(minutes=2)))
    assert of(store, model) == ["older", "newer", "warning", "notice"]


def test_a_group_goes_out_at_intervals(tables: TableServiceClient, model: str) -> None:
    """The first at once, the next after the interval, and what comes until then with it."""
    store = TableNotificationStore(tables)
    slots = [
        store.begin(
            owed(model, str(minute), AT + timedelta(minutes=minute), group="i:page", minutes_apart=5)
        ).not_before
        for minute in (0, 1, 4, 6, 7, 30)
    ]
    five, ten = AT + timedelta(minutes=5), AT + timedelta(minutes=10)
    assert slots == [None, five, five, ten, ten, None]


def test_a_record_of_before_this_index_is_owed(tables: TableServiceClient, model: str) -> None:
    """It says \"sending\", which was not seen to end; one that was sent is left alone."""
    for key, state in (("old", "sending"), ("told", "sent")):
        told = {"key": key, "kind": "page", "model": model, "severity": "critical", "title": "t", "body": "b"}
        record = {"notification": told, "state": state, "at": AT.isoformat()}
        row = {"PartitionKey": model, "RowKey": short(key), "Record": json.dumps(record)}
        tables.create_table_if_not_exists("notifications").create_entity(row)
    tables.get_table_client("notifications").delete_entity("~marks", "owed-indexed")
    store = TableNotificationStore(tables)
    assert of(store, model) == ["old"]
    (found,) = (it for it in store.owed() if it.notification.model == model)
    assert (found.state, found.made, found.delivered) == ("owed", AT, ())


def test_health_says_what_is_owed_for_minutes(tables: TableServiceClient, model: str) -> None:
    """With the reason of the last try; not what has just been made."""
    store = TableNotificationStore(tables)
    at = datetime(2020, 1, 1, tzinfo=UTC)  # before every other test's
    record = store.begin(owed(model, at=at))
    store.change(record, lambda known: known.failed("address number 1 cannot be read", at))
    NotificationHealth(lambda: store, lambda: at + LATE_AFTER / 2, tuple).check()
    with pytest.raises(ServiceUnavailableError, match=r"since 2020-01-01T00:00:00\+00:00: .*number 1 "):
        NotificationHealth(lambda: store, lambda: at + LATE_AFTER, tuple).check()
    store.done(record)


def test_health_says_which_address_is_none(tables: TableServiceClient) -> None:
    """Before a page needs it, and without the address, which may hold a key."""
    store, urls = TableNotificationStore(tables), "json://127.0.0.1:1 page=carrier-pigeon://hunter2"
    health = NotificationHealth(lambda: store, lambda: AT, lambda: unreadable(urls, "json://127.0.0.1:1,hunter2"))
    with pytest.raises(ServiceRefusedError) as raised:
        health.check()
    first, second = raised.value.message.partition(" cannot be read")[0].split(", ", 1)
    assert first.endswith("NIGHTSHIFT_NOTIFY_URLS: address number 2")
    assert second == "NIGHTSHIFT_NOTIFY_FALLBACK_URLS: second channel, address number 1"
    assert "hunter2" not in raised.value.message
