"""Rows of incidents, and the index rows by which they are found without reading all the others.

Index rows lie in the incident's partition and are written in its transaction. The incident's own row names those that
it has (``Index``), so that what no longer holds is removed in the same transaction. Earlier releases wrote rows without
that property: until a model is marked as indexed, all its incidents are read. A release that is still running after the
mark can leave an index row behind, so readers ask the incident itself.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from nightshift.clients.platform.tables import Put, Remove, Row, Table, Write, until_no_conflict
from nightshift.domain.response.alert import Category, Severity
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.incident_size import fitted

INCIDENT = "incident-"
LEASE, UNFINISHED, OPEN, _SYMPTOM = "lease-", "unfinished-", "open-", "symptom-"
_INDEX = "Index"
# A row of a model whose incidents all have their index rows.
_MARK = "indexed"
# The most index rows that one incident has.
_MOST = 4
# A transaction holds at most 100 rows: an incident's, its index rows, and as many that an earlier release left behind.
_AT_ONCE = 100 // (1 + 2 * _MOST)
# Milliseconds; what is subtracted from it sorts the newest first.
_LATEST = 10**14


def newest_first(moment: datetime) -> str:
    """A time in a key, so that the newest sorts first."""
    return f"{_LATEST - int(moment.timestamp() * 1000):015d}"


def open_prefix(category: Category, severity: Severity) -> str:
    """Where the keys of open and acknowledged incidents begin; the newest sorts first."""
    return f"{OPEN}{category}-{severity}-"


def symptom_prefix(cause: str) -> str:
    """Where the keys of open and acknowledged incidents begin that name a cause."""
    return f"{_SYMPTOM}{cause}-"


def index_keys(incident: Incident) -> frozenset[str]:
    """The index rows that an incident has as it is now."""
    identity = incident.incident_id
    age = newest_first(incident.recorded_at)
    held = {
        open_prefix(incident.category, incident.severity) + f"{age}-{identity}": incident.waits,
        symptom_prefix(incident.caused_by) + identity: incident.waits and bool(incident.caused_by),
        LEASE + identity: incident.leased,
        UNFINISHED + identity: incident.unfinished,
    }
    return frozenset(key for key, holds in held.items() if holds)


def incident_writes(incident: Incident, row: Row | None) -> list[Write | Put | Remove]:
    """An incident's row, in place of the one that was read, and what it changes of its index rows."""
    incident = fitted(incident)
    wanted = index_keys(incident)
    known = frozenset(str(row.values.get(_INDEX) or "").split()) if row is not None else frozenset()
    values = {
        "State": incident.state,
        "Incident": "",
        "Json": incident.model_dump_json(),
        _INDEX: " ".join(sorted(wanted)),
    }
    return [
        Write(INCIDENT + incident.incident_id, values, None if row is None else row.etag),
        *(Put(key, {"Incident": incident.incident_id}) for key in sorted(wanted - known)),
        *(Remove(key) for key in sorted(known - wanted)),
    ]


def read_incident(row: Row) -> Incident:
    """The incident of a row."""
    return Incident.from_json(str(row.values["Json"]))


class IncidentIndex:
    """Finds incidents by their index rows, and makes those that are missing."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._marked: set[str] = set()

    def listed(self, model: str, prefix: str) -> Iterator[Incident]:
        """Incidents of a model that have an index row which begins so, ordered by it; read as they are taken."""
        if not self._is_marked(model):
            yield from self._unindexed(model, prefix)
            return
        for row in self._table.partition(model, prefix=prefix):
            found = self._table.get(model, INCIDENT + str(row.values["Incident"]))
            incident = None if found is None else read_incident(found)
            if incident is not None and row.key in index_keys(incident):
                yield incident

    def of_all(self, prefix: str) -> tuple[Incident, ...]:
        """Incidents of all models that have an index row which begins so."""
        return tuple(incident for model in self._table.partitions() for incident in self.listed(model, prefix))

    def count(self, prefix: str) -> int:
        """How many index rows of all models begin so."""
        return sum(
            sum(1 for _ in self._table.partition(model, prefix=prefix, only=()))
            if self._is_marked(model)
            else sum(1 for _ in self._unindexed(model, prefix))
            for model in self._table.partitions()
        )

    def begun(self, model: str) -> list[Put]:
        """What is written with an incident beside its own rows: the first one of a model marks it."""
        if self._is_marked(model) or any(self._table.partition(model, prefix=INCIDENT, limit=1)):
            return []
        return [Put(_MARK, {})]

    def complete(self, most: int) -> bool:
        """Make index rows for incidents that have none, at most so many; whether every incident has its own now.

        Run again, it reads one property of each row: an earlier release may still have been running after the mark.
        """
        for model in self._table.partitions():
            rows = self._table.partition(model, prefix=INCIDENT, only=(_INDEX,))
            missing = [row.key for row in rows if row.values.get(_INDEX) is None]
            for first in range(0, min(most, len(missing)), _AT_ONCE):
                keys = missing[first : first + _AT_ONCE]
                until_no_conflict(lambda model=model, keys=keys: self._make(model, keys))  # type: ignore[misc]
            if len(missing) > most:
                return False
            most -= len(missing)
            if not self._is_marked(model):
                self._table.write(model, [Put(_MARK, {})])
        return True

    def _is_marked(self, model: str) -> bool:
        if model not in self._marked and self._table.get(model, _MARK) is not None:
            self._marked.add(model)
        return model in self._marked

    def _unindexed(self, model: str, prefix: str) -> Iterator[Incident]:
        """The same by reading all incidents of the model."""
        found: list[tuple[str, Incident]] = []
        for incident in map(read_incident, self._table.partition(model, prefix=INCIDENT)):
            found += [(key, incident) for key in index_keys(incident) if key.startswith(prefix)]
        yield from (incident for _, incident in sorted(found, key=lambda item: item[0]))

    def _make(self, model: str, keys: Sequence[str]) -> None:
        """Write the rows of some incidents once more, with their index rows and without those that no longer hold."""
        writes: list[Write | Put | Remove] = []
        for key in keys:
            row = self._table.get(model, key)
            if row is None or row.values.get(_INDEX) is not None:
                continue
            incident = read_incident(row)
            left = self._left_behind(model, incident) - index_keys(incident)
            writes += [*incident_writes(incident, row), *map(Remove, sorted(left))]
        if writes:
            self._table.write(model, writes)

    def _left_behind(self, model: str, incident: Incident) -> set[str]:
        """Index rows of an incident whose own row no longer names them."""
        if not self._is_marked(model):
            return set()
        states = (incident.model_copy(update={"state": "open"}), incident)
        possible = set().union(*map(index_keys, states)) | {LEASE + incident.incident_id}
        return {key for key in possible if self._table.get(model, key) is not None}
