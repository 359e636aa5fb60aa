"""Rows of alerts: one per alert, which says what incident it belongs to, and one by its incident (``of-``).

The first alert of a source's id has a row under that id; one of the same id about something else (another category,
metric or feature) has a row of its own, ``alert-{id}-{identity}``. So a new alert needs no look-up before its insert,
and the rows of releases that knew only the id are found.
"""

from collections.abc import Sequence

from nightshift.clients.platform.tables import Row, Table, Write
from nightshift.clients.response.incident_index import newest_first
from nightshift.domain.response.alert import AlertMessage
from nightshift.domain.response.grouping import heard_at
from nightshift.domain.response.incident import Incident, Signal

_ALERT, _OF = "alert-", "of-"


class IncidentAlerts:
    """The recorded alerts in the table of incidents."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of_id(self, alert: AlertMessage) -> list[Row]:
        """The recorded alerts of a source's id in the alert's partition."""
        return list(self._table.partition(alert.partition, prefix=_ALERT + alert.id_key))

    def of_incident(self, incident: Incident, newest: int) -> tuple[AlertMessage, ...]:
        """The newest alerts that belong to an incident, oldest first."""
        model, identity = incident.model, incident.incident_id
        rows = list(self._table.partition(model, prefix=f"{_OF}{identity}-", limit=newest))
        if len(rows) < min(newest, incident.occurrences):
            # Earlier releases wrote no row by incident for an alert.
            where = "PartitionKey eq @model and RowKey ge @first and RowKey lt @last and Incident eq @incident"
            bounds = {"model": model, "first": _ALERT, "last": _ALERT + "\U0000fffd", "incident": identity}
            found = list(self._table.query(where, bounds))
        else:
            found = [row for of in rows if (row := self._table.get(model, str(of.values["Alert"]))) is not None]
        return tuple(sorted(map(alert_of, found), key=lambda alert: alert.fired_at)[-newest:])


def place_of(alert: AlertMessage, known: Sequence[Row]) -> str:
    """The key of an alert's row; ``known``: the alerts of its id that are on record, about other things."""
    return f"{_ALERT}{alert.id_key}-{alert.key}" if known else _ALERT + alert.id_key


def alert_row(key: str, alert: AlertMessage, incident: str, *, resolved: bool = False) -> Write:
    """The row of a new alert; ``incident`` is empty for a resolution that overtook its firing."""
    return Write(key, {"Incident": incident, "Resolved": resolved, "Alert": alert.model_dump_json()}, None)


def alert_rows(key: str, signal: Signal, incident: str) -> list[Write]:
    """An alert's row, and the one by its incident: the newest sorts first."""
    of = f"{_OF}{incident}-{newest_first(heard_at(signal))}-{key.removeprefix(_ALERT)}"
    return [alert_row(key, signal.alert, incident), Write(of, {"Alert": key})]


def alert_of(row: Row) -> AlertMessage:
    """The alert of a row."""
    return AlertMessage.from_json(str(row.values["Alert"]))
