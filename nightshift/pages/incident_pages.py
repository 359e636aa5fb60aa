"""An incident: its timeline, what was done, and what a person may do about it."""

import asyncio
from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.errors import BadInputError, NightshiftError
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.principal import ACTORS, READERS
from nightshift.domain.platform.problem_status import status_of
from nightshift.domain.platform.view import IncidentView
from nightshift.domain.response.incident import TRANSITIONS
from nightshift.pages.views import IncidentPageView
from nightshift.pages.visit import Answer, Visit, explained_page, failed, see_other
from nightshift.services.response.incident_acts import PersonsOperation, move_incident, read_undo, start_undo

_OCCURRENCES = 30
_LONGEST_COMMENT = 1_000


def register(target: df.Blueprint, services: Callable[[], Services]) -> None:
    """Register ``/incidents/{incident}`` and what can be done below it."""

    def route(path: str, method: str) -> Callable[[Answer], Answer]:
        return target.route(route=path, methods=[method], auth_level=func.AuthLevel.ANONYMOUS)  # type: ignore[no-any-return]

    @route("incidents/{incident}", "GET")
    @target.durable_client_input(client_name="client")
    @explained_page
    async def show_incident_page(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        return await _page(Visit.of(req, *READERS), client, services())

    @route("incidents/{incident}/acknowledge", "POST")
    @target.durable_client_input(client_name="client")
    @explained_page
    async def acknowledge_on_page(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        return await _move(req, client, services(), "acknowledge")

    @route("incidents/{incident}/resolve", "POST")
    @target.durable_client_input(client_name="client")
    @explained_page
    async def resolve_on_page(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        return await _move(req, client, services(), "resolve")

    @route("incidents/{incident}/undo", "POST")
    @target.durable_client_input(client_name="client")
    @explained_page
    async def undo_on_page(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        visit, fields = Visit.posting(req, "Operator")
        incident, comment = req.route_params["incident"], fields.get("comment", "")
        try:
            said = _comment(comment, required=True)
            undo = await start_undo(client, services(), incident, by=visit.principal.actor, comment=said)
        except NightshiftError as error:
            return await _page(
                visit, client, services(), refusal=error.message, comment=comment, status=status_of(error)
            )
        return _unknown(req) if undo is None else see_other(f"/incidents/{incident}")


async def _move(
    req: func.HttpRequest, client: df.DurableOrchestrationClient, services: Services, operation: PersonsOperation
) -> func.HttpResponse:
    visit, fields = Visit.posting(req, *ACTORS)
    comment = fields.get("comment", "")
    try:
        said = _comment(comment, required=False)
        moved = await move_incident(
            client, services, req.route_params["incident"], operation, by=visit.principal.actor, comment=said
        )
    except NightshiftError as error:
        return await _page(visit, client, services, refusal=error.message, comment=comment, status=status_of(error))
    if moved is None:
        return _unknown(req)
    return see_other("/" if fields.get("from") == "front" else f"/incidents/{moved.incident_id}")


async def _page(
    visit: Visit,
    client: df.DurableOrchestrationClient,
    services: Services,
    *,
    refusal: str = "",
    comment: str = "",
    status: int = 200,
) -> func.HttpResponse:
    incident = await asyncio.to_thread(services.incidents.find, visit.request.route_params["incident"])
    if incident is None:
        return _unknown(visit.request)
    occurrences, entries, undo = await asyncio.gather(
        asyncio.to_thread(services.incidents.occurrences, incident.model, incident.incident_id, _OCCURRENCES),
        asyncio.to_thread(services.ledger.entries, incident.model, incident.response),
        read_undo(client, incident),
    )
    view = IncidentPageView(
        found=IncidentView(incident=incident, occurrences=occurrences, entries=entries),
        undo=undo,
        undoable=incident.undoable,
        allowed=frozenset(operation for operation, before in TRANSITIONS if before == incident.state),
        may_act=visit.principal.has(*ACTORS),
        may_undo=visit.principal.has("Operator"),
        refusal=refusal,
        comment=comment,
    )
    return visit.page(view, status)


def _comment(text: str, *, required: bool) -> str:
    said = text.strip()
    if (required and not said) or len(said) > _LONGEST_COMMENT:
        rule = f"say why, in at most {_LONGEST_COMMENT} characters: it goes into the ledger"
        raise BadInputError(field="comment", value=said[:80], rule=rule)
    return said


def _unknown(req: func.HttpRequest) -> func.HttpResponse:
    return failed(req, 404, f"There is no incident {req.route_params['incident'][:200]}.")
