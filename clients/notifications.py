"""Which notifications have gone out, in the table ``notifications``."""

from azure.data.tables import TableServiceClient

from clients.tables import Table, Write
from domain.errors import ConflictError
from domain.identity import short
from domain.notification import NotificationRecord


class TableNotificationBook:
    """Implements domain.ports.NotificationBook."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, "notifications")

    def begin(self, record: NotificationRecord) -> NotificationRecord:
        """Write down that a notification is being sent; return what is known of its key."""
        model, key = record.notification.model, short(record.notification.key)
        try:
            self._table.write(model, [Write(key, {"Record": record.model_dump_json()})])
        except ConflictError:
            row = self._table.get(model, key)
            assert row is not None, "the conflict was this row, and rows are never deleted"
            return NotificationRecord.from_json(str(row.values["Record"]))
        return record

    def settle(self, record: NotificationRecord) -> None:
        """Write down that it has been sent."""
        model, key = record.notification.model, short(record.notification.key)
        row = self._table.get(model, key)
        assert row is not None, "it was begun"
        self._table.write(model, [Write(key, {"Record": record.model_dump_json()}, row.etag)])
