"""An incident: its timeline, what was done, and what a person may do about it."""

import asyncio

import azure.functions as func

from nightshift.domain.platform.errors import NightshiftError, NotFoundError
from nightshift.domain.platform.principal import ACTORS, OPERATORS, READERS
from nightshift.domain.platform.problem_status import status_of
from nightshift.domain.platform.request import CommentRequest, ReasonRequest
from nightshift.domain.platform.view import IncidentView
from nightshift.domain.response.incident import TRANSITIONS
from nightshift.pages.html import see_other
from nightshift.pages.page import page
from nightshift.pages.views import IncidentPageView
from nightshift.pages.visit import Visit, not_found
from nightshift.services.response.incident_commands import PersonsOperation, move_incident, read_undo, start_undo

_OCCURRENCES = 30


@page("GET", "incidents/{incident}", roles=READERS)
async def show_incident_page(visit: Visit) -> func.HttpResponse:
    """One incident."""
    return await _page(visit)


@page("POST", "incidents/{incident}/acknowledge", roles=ACTORS)
async def acknowledge_on_page(visit: Visit) -> func.HttpResponse:
    """Acknowledge it in the visitor's name."""
    return await _move(visit, "acknowledge")


@page("POST", "incidents/{incident}/resolve", roles=ACTORS)
async def resolve_on_page(visit: Visit) -> func.HttpResponse:
    """Resolve it in the visitor's name."""
    return await _move(visit, "resolve")


@page("POST", "incidents/{incident}/undo", roles=OPERATORS)
async def undo_on_page(visit: Visit) -> func.HttpResponse:
    """Start an undo in the visitor's name."""
    incident = visit.named("incident")
    try:
        comment = visit.form(ReasonRequest).comment
        undo = await start_undo(visit.client, visit.services, incident, by=visit.caller.actor, comment=comment)
    except NightshiftError as error:
        return await _refused(visit, error)
    if undo is None:
        raise _unknown(visit)
    return see_other(f"/incidents/{incident}")


async def _move(visit: Visit, operation: PersonsOperation) -> func.HttpResponse:
    incident, actor = visit.named("incident"), visit.caller.actor
    try:
        comment = visit.form(CommentRequest).comment
        moved = await move_incident(visit.client, visit.services, incident, operation, by=actor, comment=comment)
    except NightshiftError as error:
        return await _refused(visit, error)
    if moved is None:
        raise _unknown(visit)
    return see_other("/" if visit.fields.get("from") == "front" else f"/incidents/{moved.incident_id}")


async def _refused(visit: Visit, error: NightshiftError) -> func.HttpResponse:
    """The page as it is now, with the reason, and what the visitor has written."""
    comment = visit.fields.get("comment", "")
    return await _page(visit, refusal=error.message, comment=comment, status=status_of(error))


async def _page(visit: Visit, *, refusal: str = "", comment: str = "", status: int = 200) -> func.HttpResponse:
    services = visit.services
    incident = await asyncio.to_thread(services.incidents.find, visit.named("incident"))
    if incident is None:
        raise _unknown(visit)
    occurrences, entries, undo = await asyncio.gather(
        asyncio.to_thread(services.incidents.occurrences, incident.model, incident.incident_id, _OCCURRENCES),
        asyncio.to_thread(services.ledger.entries, incident.model, incident.response),
        read_undo(visit.client, incident),
    )
    view = IncidentPageView(
        found=IncidentView(incident=incident, occurrences=occurrences, entries=entries),
        undo=undo,
        undoable=incident.undoable,
        allowed=frozenset(operation for operation, before in TRANSITIONS if before == incident.state),
        may_act=visit.caller.has(*ACTORS),
        may_undo=visit.caller.has(*OPERATORS),
        refusal=refusal,
        comment=comment,
    )
    return visit.page(view, status)


def _unknown(visit: Visit) -> NotFoundError:
    return not_found(f"There is no incident {visit.named('incident')[:200]}.")


PAGES = (show_incident_page, acknowledge_on_page, resolve_on_page, undo_on_page)
