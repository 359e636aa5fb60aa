"""Tell people something, once per key."""

import logging

from activities.failures import guarded
from domain.notification import Notification, NotificationRecord, NotifyResult
from domain.ports import Services

logger = logging.getLogger(__name__)


def run_notify(services: Services, notification: Notification) -> NotifyResult:
    """Send a notification unless it has gone out.

    Killed between sending and writing that down, it is sent again: a page twice is better than none.
    """
    return guarded(
        "notify",
        notification.incident_id or notification.key,
        notification.model,
        lambda: _notify(services, notification),
        lambda failure: NotifyResult(failure=failure),
    )


def _notify(services: Services, notification: Notification) -> NotifyResult:
    record = NotificationRecord(notification=notification, state="sending", at=services.clock())
    known = services.notifications.begin(record)
    if known.state == "sent":
        return NotifyResult()
    services.notifier.send(notification)
    services.notifications.settle(record.model_copy(update={"state": "sent", "at": services.clock()}))
    logger.info("notified key=%s kind=%s model=%s", notification.key, notification.kind, notification.model)
    return NotifyResult()
