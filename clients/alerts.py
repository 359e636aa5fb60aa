"""Alerts for on-call in the table ``alerts``."""

from azure.data.tables import TableServiceClient

from clients.records import Records
from domain.identity import short
from domain.run import Alert


class TableAlertBook:
    """Implements domain.ports.AlertBook."""

    def __init__(self, service: TableServiceClient) -> None:
        self._records = Records(service, "alerts", Alert)

    def raise_alert(self, alert: Alert) -> bool:
        """Record an alert once per key; False if it was there already."""
        return self._records.put_once(alert.model, short(alert.key), alert)[1]

    def all(self, model: str | None = None) -> tuple[Alert, ...]:
        """Alerts, newest first."""
        return tuple(sorted(self._records.all(model), key=lambda alert: alert.raised_at, reverse=True))
