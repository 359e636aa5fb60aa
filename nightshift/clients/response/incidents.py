"""Incidents in the table ``incidents``.

A partition per model holds a row per incident, the rows of alerts (`incident_alerts`), a row per fingerprint that names
its latest incident, and index rows (`incident_index`). An alert, its incident, the fingerprint and the rows by which
they are found are written in one transaction, so that however often and from however many places an alert is delivered,
it counts once. The table ``incidentids`` says which partition an incident's id lies in.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.records import Records
from nightshift.clients.platform.tables import Put, Remove, Row, Table, Write, until_no_conflict
from nightshift.clients.response.incident_alerts import IncidentAlerts, alert_of, alert_row, alert_rows, place_of
from nightshift.clients.response.incident_index import (
    INCIDENT,
    LEASE,
    OPEN,
    UNFINISHED,
    IncidentIndex,
    incident_writes,
    open_prefix,
    read_incident,
    symptom_prefix,
)
from nightshift.domain.platform.errors import BadInputError, RowChangedError
from nightshift.domain.response.alert import AlertMessage, Category, Severity
from nightshift.domain.response.grouping import becomes_latest, belongs, fired, quieted, repeated
from nightshift.domain.response.incident import Incident, IncidentState, Recorded, Signal

_FINGERPRINT = "fingerprint-"
_LOCKS = 64
_REMEMBERED = 10_000


@dataclass(frozen=True)
class _Latest:
    """The latest incident of a fingerprint, its row, and the row of the fingerprint if that was read."""

    incident: Incident | None = None
    row: Row | None = None
    pointer: Row | None = None


class TableIncidentStore:
    """Implements `IncidentStore`. What an alert makes of an incident is decided in nightshift.domain.response.grouping.

    In a storm many threads add to the same few incidents: here they wait for each other, and only other processes are
    left to compare-and-set. Which incident is the latest of a fingerprint is remembered; the window decides anyway.
    """

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, "incidents")
        self._ids = Table(service, "incidentids")
        self._records = Records(
            self._table, Incident, column="Json", writes=lambda _, incident, before: incident_writes(incident, before)
        )
        self._alerts = IncidentAlerts(self._table)
        self._index = IncidentIndex(self._table)
        self._latest: dict[str, str] = {}
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))

    def record(self, signal: Signal) -> Recorded:
        with self._locks[hash(signal.fingerprint) % _LOCKS]:
            if signal.alert.state == "resolved":
                return until_no_conflict(lambda: self._resolve(signal))
            # Most alerts are new: one that is not shows when its row cannot be inserted.
            with suppress(RowChangedError):
                return self._add(signal, known=[])
            return until_no_conflict(lambda: self._fire(signal))

    def _fire(self, signal: Signal) -> Recorded:
        """Record a firing alert, unless it is on record."""
        alert = signal.alert
        known = self._alerts.of_id(alert)
        seen = next((row for row in known if alert_of(row).same_subject(alert)), None)
        return self._add(signal, known) if seen is None else repeated(alert, self._incident_of(seen))

    def _add(self, signal: Signal, known: list[Row]) -> Recorded:
        """Write a firing alert and its incident in one transaction.

        Args:
            known: the alerts of the same id that are on record, about other things.

        Raises:
            RowChangedError: the alert is on record, or its incident was changed meanwhile.
        """
        model, latest = signal.alert.partition, self._latest_of(signal)
        incident, recorded = fired(signal, latest.incident)
        writes = [*alert_rows(place_of(signal.alert, known), signal, incident.incident_id)]
        if recorded.opened:
            self._locate(incident)
            self._table.write(model, [*writes, *self._opening(incident, latest)])
        else:
            self._table.write(model, [*writes, *incident_writes(incident, latest.row)])
            self._remember(signal.fingerprint, incident.incident_id)
        return recorded

    def _opening(self, incident: Incident, latest: _Latest) -> list[Write | Put | Remove]:
        """What is written with a new incident's alert."""
        writes = [*incident_writes(incident, None), *self._index.begun(incident.model)]
        if becomes_latest(incident, latest.incident):
            etag = None if latest.pointer is None else latest.pointer.etag
            writes.append(Write(_FINGERPRINT + incident.fingerprint, {"Incident": incident.incident_id}, etag))
        return writes

    def _latest_of(self, signal: Signal) -> _Latest:
        """The latest incident of a signal's fingerprint: the remembered one, if the signal belongs to it."""
        model = signal.alert.partition
        remembered = self._latest.get(signal.fingerprint)
        row = self._table.get(model, INCIDENT + remembered) if remembered else None
        if row is not None and belongs(signal, incident := read_incident(row)):
            return _Latest(incident, row)
        pointer = self._table.get(model, _FINGERPRINT + signal.fingerprint)
        row = None if pointer is None else self._table.get(model, INCIDENT + str(pointer.values["Incident"]))
        return _Latest(None if row is None else read_incident(row), row, pointer)

    def _remember(self, fingerprint: str, incident: str) -> None:
        if len(self._latest) >= _REMEMBERED:
            self._latest.clear()
        self._latest[fingerprint] = incident

    def _resolve(self, signal: Signal) -> Recorded:
        """Resolve what the alert's source resolves: each alert of its id and subject that still fires."""
        alert = signal.alert
        known = self._alerts.of_id(alert)
        rows = [row for row in known if alert_of(row).same_subject(alert)]
        if not rows:
            # It overtook its own firing, which then will find this row and open nothing.
            overtaking = alert_row(place_of(alert, known), alert, "", resolved=True)
            self._table.write(alert.partition, [overtaking])
            return Recorded(alert_key=alert.key, incident=None)
        changed = [self._resolve_one(signal, row) for row in rows if not row.values["Resolved"]]
        if changed:
            return Recorded(alert_key=alert.key, incident=changed[-1])
        return Recorded(alert_key=alert.key, incident=self._incident_of(rows[-1]), repeated=True)

    def _resolve_one(self, signal: Signal, row: Row) -> Incident | None:
        """Resolve one recorded alert, whose incident then has one firing alert less."""
        model = signal.alert.partition
        found = self._table.get(model, INCIDENT + str(row.values["Incident"]))
        resolved = Write(row.key, {**row.values, "Resolved": True}, row.etag)
        if found is None:
            self._table.write(model, [resolved])
            return None
        incident = quieted(read_incident(found), signal)
        self._table.write(model, [resolved, *incident_writes(incident, found)])
        return incident

    def _incident_of(self, alert: Row) -> Incident | None:
        """The incident of a recorded alert; None if its resolution overtook it."""
        identity = str(alert.values["Incident"])
        return self.get(alert.partition, identity) if identity else None

    def get(self, model: str, incident_id: str) -> Incident | None:
        return self._records.get(model, INCIDENT + incident_id)

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
        changed = self._records.change(model, INCIDENT + incident_id, change)
        if changed is None:
            raise BadInputError(field="incident", value=incident_id, rule=f"is no incident of {model}")
        return changed

    def all(self, model: str | None = None, states: tuple[IncidentState, ...] = ()) -> tuple[Incident, ...]:
        if model is not None:
            rows = self._table.partition(model, prefix=INCIDENT)
        else:
            bounds = {"first": INCIDENT, "last": INCIDENT + "\U0000fffd"}
            rows = self._table.query("RowKey ge @first and RowKey lt @last", bounds)
        found = (read_incident(row) for row in rows if not states or row.values["State"] in states)
        return tuple(sorted(found, key=lambda incident: incident.recorded_at, reverse=True))

    def open_of(self, model: str, category: Category, severity: Severity) -> Iterator[Incident]:
        return self._index.listed(model, open_prefix(category, severity))

    def symptoms_of(self, cause: str) -> tuple[Incident, ...]:
        return self._index.of_all(symptom_prefix(cause))

    def leases(self) -> tuple[Incident, ...]:
        return self._index.of_all(LEASE)

    def unfinished(self) -> tuple[Incident, ...]:
        return self._index.of_all(UNFINISHED)

    def count_open(self) -> int:
        return self._index.count(OPEN)

    def index(self, most: int) -> bool:
        return self._index.complete(most)

    def occurrences(self, model: str, incident_id: str, newest: int) -> tuple[AlertMessage, ...]:
        incident = self.get(model, incident_id)
        if incident is None:
            return ()
        return self._alerts.of_incident(incident, newest)
