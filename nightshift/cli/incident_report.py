"""Incidents for a terminal."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nightshift.cli.rendering import moment, plain_table
from nightshift.domain.platform.text import shortened
from nightshift.domain.platform.times import plain_times
from nightshift.domain.platform.view import IncidentView
from nightshift.domain.response.incident import Incident

_SEVERITY = {"critical": "red", "warning": "yellow", "informational": "dim"}
_LONGEST_DETAIL = 2_000
_STATE = {"open": "bold red", "acknowledged": "yellow", "mitigated": "green", "resolved": "dim"}


def incidents_table(incidents: Sequence[Incident]) -> RenderableType:
    """One line per incident."""
    if not incidents:
        return Text("no incidents")
    table = plain_table("incident", "opened", "model", "what", "state", "times", "title", "done")
    for incident in incidents:
        table.add_row(
            incident.incident_id,
            moment(incident.opened_at),
            incident.model,
            Text(f"{incident.severity} {incident.category}", style=_SEVERITY[incident.severity]),
            Text(incident.state, style=_STATE[incident.state]),
            str(incident.occurrences),
            Text(incident.title),
            Text(", ".join(f"{action.mitigation} {action.state}" for action in incident.actions) or "-"),
        )
    return table


def incident_report(view: IncidentView) -> RenderableType:
    """All about one incident: what was seen, decided and done, and when."""
    incident = view.incident
    facts = Table.grid(padding=(0, 2))
    facts.add_row("model", incident.model)
    facts.add_row("judged", Text(f"{incident.severity} {incident.category} by rule {incident.rule}: {incident.reason}"))
    facts.add_row("reported", incident.reported)
    if incident.caused_by:
        facts.add_row("symptom of", incident.caused_by)
    if incident.runbook:
        facts.add_row("runbook", Text(incident.runbook))
    if incident.alert.run:
        facts.add_row("run", Text(f"nightshift show {incident.alert.run}"))
    if incident.alert.detail:
        facts.add_row("said", Text(shortened(incident.alert.detail, _LONGEST_DETAIL)))
    parts: list[RenderableType] = [
        Text.assemble(
            f"incident {incident.incident_id} ", (incident.state, _STATE[incident.state]), f": {incident.title}"
        ),
        facts,
    ]
    if incident.actions:
        done = plain_table("mitigation", "state", "at", "what", "ledger")
        for action in incident.actions:
            ledger = "-" if action.ledger is None else str(action.ledger)
            done.add_row(action.mitigation, action.state, moment(action.at), Text(plain_times(action.detail)), ledger)
        parts += [Text(), done]
    timeline = plain_table("at", "who", "what")
    for entry in sorted(incident.timeline, key=lambda line: line.at):
        timeline.add_row(moment(entry.at), Text(entry.actor), Text(plain_times(entry.what)))
    parts += [Text(), timeline]
    undo = f"nightshift undo {incident.incident_id} --comment WHY"
    if incident.undoable:
        parts += [Text(), Text(f"to take it back: {undo}", style="dim")]
    return Group(*parts)
