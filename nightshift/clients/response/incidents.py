"""Incidents in the table ``incidents``.

A partition per model holds a row per incident, a row per alert that says which incident it belongs to, a row per
fingerprint that names its latest incident, a row per alert by its incident (``of-``), and index rows
(`incident_index`). An alert, its incident, the fingerprint and the rows by which they are found are written in
one transaction, so that however often and from however many places an alert is delivered, it counts once. The table
``incidentids`` says which partition an incident's id lies in.

The first alert of a source's id has a row under that id; one of the same id about something else (another category,
metric or feature) has a row of its own, ``alert-{id}-{identity}``. So a new alert needs no look-up before its insert,
and the rows of releases that knew only the id are found.
"""

import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.tables import Put, Row, Table, Write, until_no_conflict
from nightshift.clients.response.incident_index import (
    INCIDENT,
    LEASE,
    OPEN,
    UNFINISHED,
    IncidentIndex,
    incident_writes,
    newest_first,
    open_prefix,
    read_incident,
    symptom_prefix,
)
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.response.alert import AlertMessage, Category, Severity
from nightshift.domain.response.incident import Incident, IncidentState, Recorded, Signal, TimelineEntry, incident_id

_ALERT, _FINGERPRINT, _OF = "alert-", "fingerprint-", "of-"
# An incident keeps the start of its first alert's text; the alert's own row has all of it.
_DETAIL = 2_000
_SIGNALS = 20
_LOCKS = 64
_REMEMBERED = 10_000


class TableIncidentBook:
    """Implements `IncidentBook`.

    In a storm many threads add to the same few incidents: here they wait for each other, and only other processes are
    left to compare-and-set. Which incident is the latest of a fingerprint is remembered; the window decides anyway.
    """

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, "incidents")
        self._ids = Table(service, "incidentids")
        self._index = IncidentIndex(self._table)
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
        row = self._table.get(model, INCIDENT + remembered) if remembered else None
        pointer = None
        if row is None or not _within(signal, read_incident(row)):
            pointer = self._table.get(model, _FINGERPRINT + signal.fingerprint)
            row = None if pointer is None else self._table.get(model, INCIDENT + str(pointer.values["Incident"]))
        latest = None if row is None else read_incident(row)
        if latest is not None and row is not None and _within(signal, latest):
            incident, reopened = _joined(latest, signal)
            self._table.write(
                model, [*_alert_rows(place, signal, incident.incident_id), *incident_writes(incident, row)]
            )
            self._remember(signal.fingerprint, incident.incident_id)
            return Recorded(
                alert_key=alert.key, incident=incident, reopened=reopened, act=incident.armed and not latest.armed
            )
        incident = _opened(signal)
        self._locate(incident)
        writes = [*_alert_rows(place, signal, incident.incident_id), *incident_writes(incident, None)]
        writes += self._index.begun(model)
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
        found = self._table.get(model, INCIDENT + str(row.values["Incident"]))
        resolved = Write(row.key, {**row.values, "Resolved": True}, row.etag)
        if found is None:
            self._table.write(model, [resolved])
            return None
        incident = _quieter(read_incident(found), signal)
        self._table.write(model, [resolved, *incident_writes(incident, found)])
        return incident

    def get(self, model: str, incident_id: str) -> Incident | None:
        """An incident of a model (or of ``platform``)."""
        row = self._table.get(model, INCIDENT + incident_id)
        return None if row is None else read_incident(row)

    def find(self, incident_id: str) -> Incident | None:
        """An incident whose model is not known; earlier releases wrote no locator, so its place is looked up once."""
        located = self._ids.get(incident_id[:2], incident_id)
        if located is not None:
            found = self.get(str(located.values["Model"]), incident_id)
            if found is not None:
                return found
        places = self._table.partitions()
        found = next(filter(None, (self.get(model, incident_id) for model in places)), None)
        if found is not None:
            self._locate(found)
        return found

    def _locate(self, incident: Incident) -> None:
        """Write where an incident is found by its id. Before the incident itself: without one it does no harm."""
        self._ids.write(incident.incident_id[:2], [Put(incident.incident_id, {"Model": incident.model})])

    def change(self, model: str, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        """Change an incident by compare-and-set; ``change`` may be called again on a fresher incident.

        Raises:
            BadInputError: there is no such incident.
        """
        return until_no_conflict(lambda: self._change(model, incident_id, change))

    def _change(self, model: str, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        row = self._table.get(model, INCIDENT + incident_id)
        if row is None:
            raise BadInputError(field="incident", value=incident_id, rule=f"is no incident of {model}")
        before = read_incident(row)
        after = change(before)
        if after != before:
            self._table.write(model, incident_writes(after, row))
        return after

    def all(self, model: str | None = None, states: tuple[IncidentState, ...] = ()) -> tuple[Incident, ...]:
        """Incidents, newest first; of one model and in these states if given."""
        if model is not None:
            rows = self._table.partition(model, prefix=INCIDENT)
        else:
            bounds = {"first": INCIDENT, "last": INCIDENT + "\U0000fffd"}
            rows = self._table.query("RowKey ge @first and RowKey lt @last", bounds)
        found = (read_incident(row) for row in rows if not states or row.values["State"] in states)
        return tuple(sorted(found, key=lambda incident: incident.recorded_at, reverse=True))

    def open_of(self, model: str, category: Category, severity: Severity) -> Iterator[Incident]:
        """Open and acknowledged incidents of a model (or of ``platform``), newest first; read as they are taken."""
        return self._index.listed(model, open_prefix(category, severity))

    def symptoms_of(self, cause: str) -> tuple[Incident, ...]:
        """Open and acknowledged incidents of any model that wait for a cause."""
        return self._index.of_all(symptom_prefix(cause))

    def leases(self) -> tuple[Incident, ...]:
        """Incidents of any model whose paused compute was not resumed."""
        return self._index.of_all(LEASE)

    def unfinished(self) -> tuple[Incident, ...]:
        """Incidents of any model that may owe something, see Incident.unfinished."""
        return self._index.of_all(UNFINISHED)

    def count_open(self) -> int:
        """How many incidents of any model are open or acknowledged."""
        return self._index.count(OPEN)

    def index(self, most: int) -> bool:
        """Make index rows for incidents that have none, at most so many; whether every incident has its own now."""
        return self._index.complete(most)

    def occurrences(self, model: str, incident_id: str, newest: int) -> tuple[AlertMessage, ...]:
        """The newest alerts that belong to an incident, oldest first."""
        incident = self.get(model, incident_id)
        if incident is None:
            return ()
        rows = list(self._table.partition(model, prefix=f"{_OF}{incident_id}-", limit=newest))
        if len(rows) < min(newest, incident.occurrences):
            # Earlier releases wrote no row by incident for an alert.
            where = "PartitionKey eq @model and RowKey ge @first and RowKey lt @last and Incident eq @incident"
            bounds = {"model": model, "first": _ALERT, "last": _ALERT + "\U0000fffd", "incident": incident_id}
            found = list(self._table.query(where, bounds))
        else:
            found = [row for of in rows if (row := self._table.get(model, str(of.values["Alert"]))) is not None]
        return tuple(sorted(map(_told, found), key=lambda alert: alert.fired_at)[-newest:])


def _within(signal: Signal, incident: Incident) -> bool:
    """Whether an alert belongs to an incident of its fingerprint, by the window and the version that it names."""
    near = abs(signal.alert.fired_at - incident.opened_at) <= timedelta(minutes=signal.window_minutes)
    return near and incident.is_about(signal.alert)


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
    # Whoever acknowledged it has resolved it, or has seen it end: nobody is at it now.
    joined = joined.model_copy(update={"acknowledged_by": ""})
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


def _place(alert: AlertMessage, *, taken: bool) -> str:
    """The key of an alert's row; ``taken``: an alert of the same id about something else has the id's own."""
    return f"{_ALERT}{alert.id_key}-{alert.key}" if taken else _ALERT + alert.id_key


def _alert_row(key: str, alert: AlertMessage, incident: str, *, resolved: bool = False) -> Write:
    return Write(key, {"Incident": incident, "Resolved": resolved, "Alert": alert.model_dump_json()}, None)


def _alert_rows(key: str, signal: Signal, incident: str) -> list[Write]:
    """An alert's row, and the one by its incident: the newest sorts first."""
    of = f"{_OF}{incident}-{newest_first(_heard(signal))}-{key.removeprefix(_ALERT)}"
    return [_alert_row(key, signal.alert, incident), Write(of, {"Alert": key})]


def _told(row: Row) -> AlertMessage:
    return AlertMessage.from_json(str(row.values["Alert"]))
