"""Notify people, once per key: what cannot be delivered now is owed, and delivered by a sweep (deliver_owed)."""

import logging
from collections.abc import Iterable

from nightshift.domain.notifications.notification import (
    FIRST_TRY,
    Notification,
    NotificationRecord,
    NotifyResult,
    message_of,
)
from nightshift.domain.platform.errors import ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.text import shortened

logger = logging.getLogger(__name__)
_LONGEST_TITLE, _LONGEST_BODY = 500, 8_000


def notify(services: Services, notification: Notification) -> NotifyResult:
    """Put a notification on record as owed, and try each of its addresses once.

    An address that does not take it is no failure of the caller: the record stays owed, and the result says why. Each
    address that took it is recorded. If the process is killed between sending and recording that, the address is sent
    the same again: delivery is at least once.

    Raises:
        NightshiftError, OSError: it could not be put on record.
    """
    now = services.clock()
    linked = _linked(services, notification)
    begun = NotificationRecord(notification=linked, state="owed", at=now, made_at=now, next_at=now + FIRST_TRY)
    record = services.notifications.begin(begun)
    if record.state == "owed" and record.not_before is not None and record.not_before > now:
        return NotifyResult(not_before=record.not_before)
    # What has been tried already is tried again by the sweep: a caller that comes again does not wait for a pager.
    if record.state == "owed" and record.attempts == 0:
        record = _first_try(services, record)
    if record.state == "owed":
        return NotifyResult(problem=_problem(record))
    services.notifications.done(record)
    return NotifyResult(delivered_at=record.at, addressed=bool(record.delivered))


def _linked(services: Services, notification: Notification) -> Notification:
    """With a link to where people see more: its own, the page of its incident, or the front page."""
    of = notification.incident_id
    link = notification.link or (services.links.page("incidents", of) if of else services.links.front)
    # A reason may quote what any service has said; the record of the notification must hold it.
    title, body = shortened(notification.title, _LONGEST_TITLE), shortened(notification.body, _LONGEST_BODY)
    return notification.model_copy(update={"link": link, "title": title, "body": body})


def _first_try(services: Services, record: NotificationRecord) -> NotificationRecord:
    notification, problems = record.notification, []
    try:
        addresses = services.notifier.addresses(notification)
        if not addresses and notification.kind == "page":
            # The second channel may have one.
            problems.append(nobody_is_set(notification))
    except ServiceUnavailableError as error:
        addresses, problems = (), [error.message]
    for address in addresses:
        if address in record.delivered:
            continue
        try:
            services.notifier.send(message_of([record], services.clock()), address)
        except (ServiceUnavailableError, ServiceRefusedError) as error:
            problems.append(error.message)
        else:
            record = record_taken(services, record, address)
    if not problems:
        return complete(services, record, addresses)
    problem = "; ".join(problems)
    logger.error(
        "notification_owed key=%s kind=%s model=%s problem=%s",
        notification.key, notification.kind, notification.model, problem,
    )  # fmt: skip
    return services.notifications.change(record, lambda known: known.failed(problem, services.clock()))


def record_taken(services: Services, record: NotificationRecord, address: str) -> NotificationRecord:
    """Write down that an address has taken it."""
    return services.notifications.change(record, lambda known: known.taken(address, services.clock()))


def complete(services: Services, record: NotificationRecord, addresses: Iterable[str]) -> NotificationRecord:
    """Write down that all these addresses, those of the first channel, have taken it, if that is so.

    Without any address it is delivered if another one has taken it: that of a setting before, or the second channel's.
    A notice that no address has ever wanted is over; a page waits for one.
    """
    notification = record.notification
    unwanted = notification.kind == "notice" and not (record.attempts or record.delivered or set(addresses))
    taken = bool(record.delivered) and set(addresses) <= set(record.delivered)
    if record.state == "sent" or not (taken or unwanted):
        return record

    def sent(known: NotificationRecord) -> NotificationRecord:
        return known if known.state == "sent" else known.model_copy(update={"state": "sent", "at": services.clock()})

    logger.info("notified key=%s kind=%s model=%s", notification.key, notification.kind, notification.model)
    return services.notifications.change(record, sent)


def nobody_is_set(notification: Notification) -> str:
    """Why a notification is owed, or over, without an address."""
    return f"no address is set for a {notification.kind} (NIGHTSHIFT_NOTIFY_URLS)"


def _problem(record: NotificationRecord) -> str:
    return f"owed since {record.due:%Y-%m-%d %H:%M:%SZ}: {record.problem or 'it is being sent'}"
