"""The notification store as if there were nobody else's notifications in its table."""

from collections.abc import Callable
from typing import Any

from nightshift.clients.notifications.notifications import TableNotificationStore
from nightshift.domain.notifications.notification import NotificationRecord


class OwedOf:
    """A real store whose ``owed`` gives only what a test has made itself."""

    def __init__(self, store: TableNotificationStore, own: Callable[[NotificationRecord], bool]) -> None:
        self._store = store
        self._own = own

    def owed(self) -> tuple[NotificationRecord, ...]:
        """What this test owes."""
        return tuple(record for record in self._store.owed() if self._own(record))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
