"""Incidents in the table ``incidents``.

A partition per model holds a row per incident, a row per alert that says which incident it belongs to, and a row per
fingerprint that names its latest incident. An alert, its incident and the fingerprint are written in one transaction,
so that however often and from however many places an alert is delivered, it counts once.

The first alert of a source's id has a row under that id; one of the same id about something else (another category,
metric or feature) has a row of its own, ``alert-{id}-{identity}``. So a new alert needs no look-up before its insert,
and the rows of releases that knew only the id are found.
"""

import itertools
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from azure.data.tables import TableServiceClient

from clients.tables import Row, Table, Write, until_no_conflict
from domain.alert import AlertMessage
from domain.errors import BadInputError
from domain.incident import Incident, IncidentState, Recorded, Signal, TimelineEntry, incident_id

_INCIDENT, _ALERT, _FINGERPRINT = "incident-", "alert-", "fingerprint-"
# An incident keeps the start of its first alert's text; the alert's own row has all of it.
_DETAIL = 2_000
_SIGNALS = 20
_LOCKS = 64
_REMEMBERED = 10_000


class TableIncidentBook:
    """Implements domain.ports.IncidentBook.

    In a storm many threads add to the same few incidents: here they wait for each other, and only other processes are
    left to compare-and-set. Which incident is the latest of a fingerprint is remembered; the window decides anyway.
    """

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, "incidents")
        self._latest: dict[str, str] = {}
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))

    def record(self, signal: Signal) -> Recorded:
        """Record an alert once: open an incident, add to one, or close what it resolves."""
        attempts = itertools.count()
        step = self._fired if signal.alert.state == "fired" else self._resolved
        with self._locks[hash(signal.fingerprint) % _LOCKS]:
            return until_no_conflict(lambda: step(signal, next(attempts)))

    def _fired(self, signal: Signal, attempt: int) -> Recorded:
        alert, model = signal.alert, signal.alert.partition
        # Most alerts are new: that one is not shows when its row cannot be inserted.
        known = self._of_id(alert) if attempt else []
        seen = next((row for row in known if _told(row).same_subject(alert)), None)
        if seen is not None:
            return self._repeated(alert, str(seen.values["Incident"]))
        place = _place(alert, taken=bool(known))
        remembered = self._latest.get(signal.fingerprint)
        row = self._table.get(model, _INCIDENT + remembered) if remembered else None
        pointer = None
        if row is None or not _within(signal, _read(row)):
            pointer = self._table.get(model, _FINGERPRINT + signal.fingerprint)
            row = None if pointer is None else self._table.get(model, _INCIDENT + str(pointer.values["Incident"]))
        latest = None if row is None else _read(row)
        if latest is not None and row is not None and _within(signal, latest):
            incident, reopened = _joined(latest, signal)
            self._table.write(
                model, [_alert_row(place, alert, incident.incident_id), _incident_row(incident, row.etag)]
            )
            self._remember(signal.fingerprint, incident.incident_id)
            return Recorded(
                alert_key=alert.key, incident=incident, reopened=reopened, act=incident.armed and not latest.armed
            )
        incident = _opened(signal)
        writes = [_alert_row(place, alert, incident.incident_id), _incident_row(incident, None)]
        if latest is None or alert.fired_at > latest.opened_at:
            values = {"Incident": incident.incident_id}
            key = _FINGERPRINT + signal.fingerprint
            writes.append(Write(key, values, None if pointer is None else pointer.etag))
        self._table.write(model, writes)
        return Recorded(alert_key=alert.key, incident=incident, opened=True, act=incident.armed)

    def _of_id(self, alert: AlertMessage) -> list[Row]:
        """The recorded alerts of a source's id in the alert's partition."""
        return list(self._table.partition(alert.partition, prefix=_ALERT + alert.id_key))

    def _repeated(self, alert: AlertMessage, known: str) -> Recorded:
        """The first delivery may have died between its record and what follows from it."""
        incident = self.get(alert.partition, known) if known else None
        lines = {line.key for line in incident.timeline} if incident else set()
        # Earlier releases knew an alert by its id alone.
        again = next((key for key in (alert.key, alert.id_key) if f"again-{key}" in lines), None)
        return Recorded(
            alert_key=again or alert.key,
            incident=incident,
            repeated=True,
            reopened=again is not None,
            act=incident is not None and incident.armed,
        )

    def _remember(self, fingerprint: str, incident: str) -> None:
        if len(self._latest) >= _REMEMBERED:
            self._latest.clear()
        self._latest[fingerprint] = incident

    def _resolved(self, signal: Signal, _attempt: int) -> Recorded:
        alert = signal.alert
        known = self._of_id(alert)
        rows = [row for row in known if _told(row).same_subject(alert)]
        if not rows:
            # It overtook its own firing, which then will find this row and open nothing.
            overtaking = _alert_row(_place(alert, taken=bool(known)), alert, "", resolved=True)
            self._table.write(alert.partition, [overtaking])
            return Recorded(alert_key=alert.key, incident=None)
        firing = [row for row in rows if not row.values["Resolved"]]
        changed = [self._resolve(signal, row) for row in firing]
        if changed:
            return Recorded(alert_key=alert.key, incident=changed[-1])
        incident = self.get(alert.partition, str(rows[-1].values["Incident"])) if rows[-1].values["Incident"] else None
        return Recorded(alert_key=alert.key, incident=incident, repeated=True)

    def _resolve(self, signal: Signal, row: Row) -> Incident | None:
        """Resolve one recorded alert, whose incident then has one firing alert less."""
        model = signal.alert.partition
        found = self._table.get(model, _INCIDENT + str(row.values["Incident"]))
        resolved = Write(row.key, {**row.values, "Resolved": True}, row.etag)
        if found is None:
            self._table.write(model, [resolved])
            return None
        incident = _quieter(_read(found), signal)
        self._table.write(model, [resolved, _incident_row(incident, found.etag)])
        return incident

    def get(self, model: str, incident_id: str) -> Incident | None:
        """An incident of a model (or of ``platform``)."""
        row = self._table.get(model, _INCIDENT + incident_id)
        return None if row is None else _read(row)

    def find(self, incident_id: str) -> Incident | None:
        """An incident whose model is not known."""
        rows = self._table.query("RowKey eq @key", {"key": _INCIDENT + incident_id})
        return next((_read(row) for row in rows), None)

    def change(self, model: str, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        """Change an incident by compare-and-set; ``change`` may be called again on a fresher incident.

        Raises:
            BadInputError: there is no such incident.
        """
        return until_no_conflict(lambda: self._change(model, incident_id, change))

    def _change(self, model: str, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        row = self._table.get(model, _INCIDENT + incident_id)
        if row is None:
            raise BadInputError(field="incident", value=incident_id, rule=f"is no incident of {model}")
        before = _read(row)
        after = change(before)
        if after != before:
            self._table.write(model, [_incident_row(after, row.etag)])
        return after

    def all(self, model: str | None = None, states: tuple[IncidentState, ...] = ()) -> tuple[Incident, ...]:
        """Incidents, newest first; of one model and in these states if given."""
        if model is not None:
            rows = self._table.partition(model, prefix=_INCIDENT)
        else:
            bounds = {"first": _INCIDENT, "last": _INCIDENT + "\U0000fffd"}
            rows = self._table.query("RowKey ge @first and RowKey lt @last", bounds)
        found = (_read(row) for row in rows if not states or row.values["State"] in states)
        return tuple(sorted(found, key=lambda incident: incident.recorded_at, reverse=True))

    def occurrences(self, model: str, incident_id: str) -> tuple[AlertMessage, ...]:
        """The alerts that belong to an incident, oldest first."""
        where = "PartitionKey eq @model and RowKey ge @first and RowKey lt @last and Incident eq @incident"
        bounds = {"model": model, "first": _ALERT, "last": _ALERT + "\U0000fffd", "incident": incident_id}
        rows = self._table.query(where, bounds)
        return tuple(sorted(map(_told, rows), key=lambda alert: alert.fired_at))


def _within(signal: Signal, incident: Incident) -> bool:
    """Whether an alert belongs to an incident of its fingerprint, by the window."""
    return abs(signal.alert.fired_at - incident.opened_at) <= timedelta(minutes=signal.window_minutes)


def _opened(signal: Signal) -> Incident:
    alert, judged = signal.alert, signal.classification
    told = TimelineEntry(
        key=f"fired-{alert.key}",
        at=alert.fired_at,
        actor=alert.source,
        what=f"{judged.severity} {judged.category} by rule {judged.rule}: {judged.reason}",
        link=alert.url,
    )
    return Incident(
        incident_id=incident_id(signal.fingerprint, alert.key),
        fingerprint=signal.fingerprint,
        model=alert.partition,
        category=judged.category,
        severity=judged.severity,
        rule=judged.rule,
        reason=judged.reason,
        title=_title(alert),
        state="open",
        opened_at=alert.fired_at,
        recorded_at=signal.received_at,
        last_fired_at=_heard(signal),
        updated_at=signal.received_at,
        lag_seconds=_lag(signal),
        occurrences=1,
        firing=1,
        recent=(True,),
        armed=signal.damping.violations <= 1,
        alert=alert.model_copy(update={"detail": alert.detail[:_DETAIL]}),
        timeline=(told,),
        runbook=signal.runbook,
    )


def _title(alert: AlertMessage) -> str:
    """The alert's title, which names the model: it is also read where nothing else does."""
    named = alert.model is None or alert.model in alert.title
    return alert.title if named else f"{alert.model}: {alert.title}"


def _heard(signal: Signal) -> datetime:
    """When an alert fired, but no later than it was heard: a source's clock may be ahead."""
    return min(signal.alert.fired_at, signal.received_at)


def _lag(signal: Signal) -> float:
    """Seconds from firing, by the source's clock, to arrival, by ours."""
    return (signal.received_at - _heard(signal)).total_seconds()


def _joined(incident: Incident, signal: Signal) -> tuple[Incident, bool]:
    """The incident with one more firing alert, and whether that made one open again that had been acted upon."""
    alert = signal.alert
    recent = (*incident.recent, True)[-_SIGNALS:]
    joined = incident.model_copy(
        update={
            "occurrences": incident.occurrences + 1,
            "firing": incident.firing + 1,
            "recent": recent,
            "armed": incident.armed or sum(recent[-signal.damping.of :]) >= signal.damping.violations,
            "last_fired_at": max(incident.last_fired_at, _heard(signal)),
            "lag_seconds": min(incident.lag_seconds, _lag(signal)),
            "updated_at": signal.received_at,
        }
    )
    if incident.state != "resolved":
        return joined, False
    if not incident.armed:
        # Damped until now: nothing was done about it that could be done a second time.
        told = TimelineEntry(key=f"fired-{alert.key}", at=alert.fired_at, actor=alert.source, what="it fired again")
        return joined.moved("reopen").told(told), False
    what = "it fired again after it had been resolved; nothing is done a second time"
    entry = TimelineEntry(key=f"again-{alert.key}", at=alert.fired_at, actor=alert.source, what=what)
    return joined.moved("reopen").told(entry), True


def _quieter(incident: Incident, signal: Signal) -> Incident:
    """The incident with one firing alert less; the last one resolves it."""
    alert = signal.alert
    firing = max(incident.firing - 1, 0)
    quieter = incident.model_copy(
        update={
            "firing": firing,
            "recent": (*incident.recent, False)[-_SIGNALS:],
            "updated_at": signal.received_at,
        }
    )
    if firing or incident.state == "resolved":
        return quieter
    what = "its source says that it is over"
    entry = TimelineEntry(key=f"resolved-{alert.key}", at=alert.fired_at, actor=alert.source, what=what)
    return quieter.moved("resolve").told(entry)


def _incident_row(incident: Incident, etag: str | None) -> Write:
    values = {"State": incident.state, "Incident": "", "Json": incident.model_dump_json()}
    return Write(_INCIDENT + incident.incident_id, values, etag)


def _place(alert: AlertMessage, *, taken: bool) -> str:
    """The key of an alert's row; ``taken``: an alert of the same id about something else has the id's own."""
    return f"{_ALERT}{alert.id_key}-{alert.key}" if taken else _ALERT + alert.id_key


def _alert_row(key: str, alert: AlertMessage, incident: str, *, resolved: bool = False) -> Write:
    return Write(key, {"Incident": incident, "Resolved": resolved, "Alert": alert.model_dump_json()}, None)


def _told(row: Row) -> AlertMessage:
    return AlertMessage.from_json(str(row.values["Alert"]))


def _read(row: Row) -> Incident:
    return Incident.from_json(str(row.values["Json"]))
