"""Incidents over HTTP: read them, acknowledge, resolve, undo what was done."""

import asyncio

from nightshift.domain.platform.errors import NotFoundError
from nightshift.domain.platform.paging import Page, Position, page_of
from nightshift.domain.platform.principal import ACTORS, OPERATORS, READERS
from nightshift.domain.platform.request import CommentRequest, ReasonRequest
from nightshift.domain.platform.view import IncidentView, UndoView
from nightshift.domain.response.alert import PLATFORM
from nightshift.domain.response.incident import Incident
from nightshift.domain.uploads.upload import UNROUTED
from nightshift.services.response.incident_commands import PersonsOperation, move_incident, read_undo, start_undo
from nightshift.triggers.api.call import Call
from nightshift.triggers.api.endpoint import endpoint
from nightshift.triggers.api.parameters import (
    CATEGORY,
    CURSOR,
    INCIDENT_STATE,
    LIMIT,
    MODEL,
    PAGED,
    SEVERITY,
    SINCE,
    UNTIL,
)
from nightshift.triggers.unknown_model import refuse_unknown_model

_OCCURRENCES = 50


@endpoint(
    "GET", "incidents", "Lists incidents, newest first.",
    roles=READERS, query=(MODEL, INCIDENT_STATE, SEVERITY, CATEGORY, SINCE, UNTIL, *PAGED),
    answer=Incident, shape="page", problems=(404,),
)  # fmt: skip
async def list_incidents(call: Call[None]) -> Page[Incident]:
    """The newest incidents that are wanted."""
    return await asyncio.to_thread(_page, call)


@endpoint(
    "GET", "incidents/{incident}", "Shows an incident with its alerts and its ledger entries.",
    roles=READERS, answer=IncidentView, problems=(404,),
)  # fmt: skip
async def show_incident(call: Call[None]) -> IncidentView:
    """One incident."""
    incident = await _find(call)
    occurrences = await asyncio.to_thread(
        call.services.incidents.occurrences, incident.model, incident.incident_id, _OCCURRENCES
    )
    entries = await asyncio.to_thread(call.services.ledger.entries, incident.model, incident.response)
    return IncidentView(incident=incident, occurrences=occurrences, entries=entries)


@endpoint(
    "POST", "incidents/{incident}/acknowledge", "Acknowledges an incident: the caller takes care of it.",
    roles=ACTORS, body=CommentRequest, answer=Incident, problems=(404, 409), durable=True,
)  # fmt: skip
async def acknowledge_incident(call: Call[CommentRequest]) -> Incident:
    """Move the incident to ``acknowledged``."""
    return await _move(call, "acknowledge")


@endpoint(
    "POST", "incidents/{incident}/resolve", "Resolves an incident; whatever waited for it goes on.",
    roles=ACTORS, body=CommentRequest, answer=Incident, problems=(404, 409), durable=True,
)  # fmt: skip
async def resolve_incident(call: Call[CommentRequest]) -> Incident:
    """Move the incident to ``resolved``."""
    return await _move(call, "resolve")


@endpoint(
    "POST", "incidents/{incident}/undo", "Takes back the mitigations of an incident.",
    roles=OPERATORS, body=ReasonRequest, answer=UndoView, problems=(404,), durable=True,
)  # fmt: skip
async def undo_incident(call: Call[ReasonRequest]) -> UndoView:
    """Start an undo in the caller's name."""
    incident, comment = call.path["incident"], call.body.comment.strip()
    undo = await start_undo(call.client, call.services, incident, by=call.actor, comment=comment)
    if undo is None:
        raise _unknown(incident)
    return undo


@endpoint(
    "GET", "incidents/{incident}/undo", "Shows how far the undo of an incident has got.",
    roles=READERS, answer=UndoView, problems=(404,), durable=True,
)  # fmt: skip
async def show_undo(call: Call[None]) -> UndoView:
    """The newest undo of an incident."""
    incident = await _find(call)
    undo = await read_undo(call.client, incident)
    if undo is None:
        raise NotFoundError("Nothing undone", f"incident {incident.incident_id}: nobody has asked for an undo")
    return undo


async def _find(call: Call[None]) -> Incident:
    incident = await asyncio.to_thread(call.services.incidents.find, call.path["incident"])
    if incident is None:
        raise _unknown(call.path["incident"])
    return incident


async def _move(call: Call[CommentRequest], operation: PersonsOperation) -> Incident:
    incident, comment = call.path["incident"], call.body.comment.strip()
    moved = await move_incident(call.client, call.services, incident, operation, by=call.actor, comment=comment)
    if moved is None:
        raise _unknown(incident)
    return moved


def _unknown(incident: str) -> NotFoundError:
    detail = f"incident = {incident!r}: `nightshift incidents` lists those there are"
    return NotFoundError("No such incident", detail)


def _page(call: Call[None]) -> Page[Incident]:
    services, model, states = call.services, call.query[MODEL], call.query[INCIDENT_STATE]
    severity, category = call.query[SEVERITY], call.query[CATEGORY]
    since, until = call.query[SINCE], call.query[UNTIL]
    incidents = services.incidents.all(model)
    refuse_unknown_model(services, model, found=bool(incidents) or model in {PLATFORM, UNROUTED})
    meant = (
        incident
        for incident in incidents
        if (not states or incident.state in states)
        and severity in {None, incident.severity}
        and category in {None, incident.category}
        and (since is None or incident.recorded_at >= since)
        and (until is None or incident.recorded_at < until)
    )
    return page_of(meant, _position, after=call.query[CURSOR], limit=call.query[LIMIT])


def _position(incident: Incident) -> Position:
    return Position(at=incident.recorded_at, identity=incident.incident_id)


ENDPOINTS = (
    list_incidents,
    show_incident,
    acknowledge_incident,
    resolve_incident,
    undo_incident,
    show_undo,
)
