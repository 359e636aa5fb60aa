"""Deliver the notifications that are owed: in their order, address by address, and by the second channel meanwhile."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from nightshift.domain.ledger.ledger import ACTOR
from nightshift.domain.notifications.notification import FALLBACK_AFTER, NotificationRecord, message_of
from nightshift.domain.platform.errors import ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import Incident, IncidentAction, TimelineEntry
from nightshift.domain.response.mitigations import NotificationFacts
from nightshift.services.notifications.notify import complete, nobody_is_set, record_taken

logger = logging.getLogger(__name__)

# An address that refuses this many in a row is given up until the next sweep.
TRIES = 3


def deliver_owed(services: Services) -> int:
    """Deliver what is due, critical pages first, the oldest first; return how many are still owed.

    1. What was sent before a crash is written into its incident.
    2. Each address of the first channel gets what it has not taken. One that has failed is tried again after the pause
       of the first in its queue, which grows; one that takes something again gets everything at once.
    3. A page that the first channel has not taken for two minutes goes to the second channel as well.

    Whatever is wrong with one of them, such as an incident that cannot be changed, holds up no other: it stays owed.
    """
    now = services.clock()
    owed = services.notifications.owed()
    due = [record for record in owed if record.due_for(now) >= timedelta(0)]
    for record in due:
        # Its last address has left the setting, or none is in it, or it was sent and that was not written down.
        if not record.rests(now):
            with _apart(services, record):
                _finish(services, record)
    due = [it for it in due if it.state == "owed" and (it.attempts or not it.rests(now))]
    for fallback in (False, True):
        # The second channel hears only of what the first one still has not taken, after it has been tried.
        waiting = [_fresh(services, record) for record in due] if fallback else due
        for address, queue in _queues(services, waiting, now, fallback=fallback).items():
            if fallback or not queue[0].rests(now):
                _Delivery(services, address, fallback=fallback).run(queue)
    return sum(1 for record in services.notifications.owed() if record.due_for(now) >= timedelta(0))


def _fresh(services: Services, record: NotificationRecord) -> NotificationRecord:
    known = services.notifications.get(record.notification.model, record.notification.key)
    assert known is not None, "an owed notification has no record any more: records are never deleted"
    return known


def _queues(
    services: Services, due: list[NotificationRecord], now: datetime, *, fallback: bool
) -> dict[str, list[NotificationRecord]]:
    """For each address what it has not taken, in order."""
    queues: dict[str, list[NotificationRecord]] = {}
    for record in due:
        if fallback and not _first_has_failed(record, now):
            continue
        with _apart(services, record):
            for address in services.notifier.addresses(record.notification, fallback=fallback):
                if address not in record.delivered:
                    queues.setdefault(address, []).append(record)
    return queues


@contextmanager
def _apart(services: Services, record: NotificationRecord) -> Iterator[None]:
    """Keep a failure to one notification: it is logged, and the record says it and is tried again after its pause."""
    try:
        yield
    except Exception as error:
        notification = record.notification
        logger.exception("notification_not_handled key=%s model=%s", notification.key, notification.model)
        problem = f"it could not be handled: {type(error).__name__}, see notification_not_handled in the log"
        try:
            services.notifications.change(record, lambda known: known.failed(problem, services.clock()))
        except Exception:
            logger.exception("notification_not_changed key=%s model=%s", notification.key, notification.model)


def _first_has_failed(record: NotificationRecord, now: datetime) -> bool:
    failed = record.state == "owed" and record.attempts > 0
    return failed and record.notification.kind == "page" and record.due_for(now) >= FALLBACK_AFTER


class _Delivery:
    """What one address is sent in one sweep."""

    def __init__(self, services: Services, address: str, *, fallback: bool) -> None:
        self._services = services
        self._address = address
        self._fallback = fallback

    def run(self, queue: list[NotificationRecord]) -> None:
        """Send in order, until the address has failed three times in a row.

        The third try is the one that was tried least: what an address never takes does not hold up the others for ever,
        and goes behind them as soon as it has taken another one.
        """
        batches = list(_batches(queue))
        failed: list[list[NotificationRecord]] = []
        while batches and len(failed) < TRIES:
            least = min(batches, key=lambda batch: batch[0].attempts)
            batch = least if len(failed) == TRIES - 1 else batches[0]
            batches.remove(batch)
            problem, address_is_wrong = self._send(batch)
            if not problem:
                self._strike(failed)
                failed = []
                continue
            failed.append(batch)
            self._record_problem(batch, problem)
            if address_is_wrong:
                return

    def _send(self, batch: list[NotificationRecord]) -> tuple[str, bool]:
        """Send one message; return why that failed, and whether the address itself is wrong."""
        services, now = self._services, self._services.clock()
        message = message_of(batch, now, batch[-1].problem if self._fallback else "")
        try:
            services.notifier.send(message, self._address)
        except ServiceUnavailableError as error:
            return error.message, False
        except ServiceRefusedError as error:
            return error.message, True
        for record in batch:
            with _apart(services, record):
                taken = record_taken(services, record, self._address)
                _finish(services, taken, fallback=self._fallback)
        return "", False

    def _record_problem(self, batch: list[NotificationRecord], problem: str) -> None:
        notification = batch[-1].notification
        logger.error(
            "notification_owed key=%s kind=%s model=%s since=%s problem=%s",
            notification.key, notification.kind, notification.model, batch[0].due.isoformat(), problem,
        )  # fmt: skip
        if self._fallback:
            return  # the record says why the first channel has failed
        now = self._services.clock()
        for record in batch:
            with _apart(self._services, record):
                self._services.notifications.change(record, lambda known: known.failed(problem, now))

    def _strike(self, failed: list[list[NotificationRecord]]) -> None:
        for record in (record for batch in failed for record in batch):
            with _apart(self._services, record):
                self._services.notifications.change(
                    record, lambda known: known.model_copy(update={"strikes": known.strikes + 1})
                )


def _batches(queue: list[NotificationRecord]) -> Iterator[list[NotificationRecord]]:
    """Those of one group as one message, at the place of the first of them."""
    groups: dict[str, list[NotificationRecord]] = {}
    for record in queue:
        groups.setdefault(record.notification.group or record.notification.key, []).append(record)
    for batch in groups.values():
        yield sorted(batch, key=lambda record: record.made)


def _finish(services: Services, record: NotificationRecord, *, fallback: bool = False) -> None:
    """Write a delivery into the incident, and then that nothing is owed any more."""
    addresses = services.notifier.addresses(record.notification)
    record = complete(services, record, addresses)
    if record.state == "owed" and not addresses:
        problem, now = nobody_is_set(record.notification), services.clock()
        services.notifications.change(record, lambda known: known.failed(problem, now))
    elif record.state == "sent":
        became = f"delivered at {record.at:%H:%M:%SZ}" if record.delivered else "sent to nobody"
        _record_delivery(services, record, became)
        services.notifications.done(record)
    elif fallback:
        _record_delivery(services, record, f"sent by the second channel, and still owed by the first: {record.problem}")


def _record_delivery(services: Services, record: NotificationRecord, became: str) -> None:
    notification = record.notification
    if not notification.incident_id:
        return
    what = f"the {notification.kind} of {record.made:%Y-%m-%d %H:%M:%SZ} was {became}"
    state = "sent" if record.state == "sent" else "second-channel"
    entry = TimelineEntry(key=f"{state}-{notification.key}"[:200], at=record.at, actor=ACTOR, what=what[:1_000])

    def change(known: Incident) -> Incident:
        changed = known.with_event(entry)
        for action in known.actions:
            owed = isinstance(action.facts, NotificationFacts) and action.facts.notification == notification.key
            if action.state == "begun" and owed:
                changed = changed.with_action(_became(action, record, what))
        return changed

    if services.incidents.get(notification.model, notification.incident_id) is not None:
        services.incidents.change(notification.model, notification.incident_id, change)


def _became(action: IncidentAction, record: NotificationRecord, what: str) -> IncidentAction:
    state = action.state if record.state == "owed" else "done" if record.delivered else "failed"
    return action.model_copy(update={"state": state, "detail": what, "at": record.at})
