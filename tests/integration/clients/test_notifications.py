"""Which notifications have gone out, in Table storage."""

from datetime import UTC, datetime

from azure.data.tables import TableServiceClient

from clients.notifications import TableNotificationBook
from domain.notification import Notification, NotificationRecord

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_key_is_sent_once(tables: TableServiceClient, model: str) -> None:
    """Begun, begun again after a crash, sent: then whoever begins it once more finds it sent."""
    book = TableNotificationBook(tables)
    told = Notification(key="i:page", kind="page", model=model, severity="critical", title="t", body="b")
    record = NotificationRecord(notification=told, state="sending", at=AT)
    assert book.begin(record).state == "sending"
    assert book.begin(record).state == "sending"
    book.settle(record.model_copy(update={"state": "sent"}))
    assert book.begin(record).state == "sent"
