"""Incidents over HTTP: read them, acknowledge, resolve, undo what was done."""

import asyncio
from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.page import Page, Position, page_of
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.principal import ACTORS
from nightshift.domain.platform.request import CommentRequest, ReasonRequest
from nightshift.domain.platform.view import IncidentView
from nightshift.domain.response.alert import PLATFORM
from nightshift.domain.response.incident import Incident
from nightshift.domain.uploads.upload import UNROUTED
from nightshift.services.response.incident_acts import PersonsOperation, move_incident, read_undo, start_undo
from nightshift.triggers.body import body_of
from nightshift.triggers.parameters import cursor_of, limit_of, refuse_unknown_model, time_of
from nightshift.triggers.principal import require_role
from nightshift.triggers.problem import Answer, answer, explained, page_answer, problem

_OCCURRENCES = 50


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register ``/api/incidents``."""
    result = df.Blueprint()

    def route(path: str, method: str) -> Callable[[Answer], Answer]:
        return result.route(route=f"api/{path}", methods=[method], auth_level=func.AuthLevel.ANONYMOUS)  # type: ignore[no-any-return]

    @route("incidents", "GET")
    @explained
    async def list_incidents(req: func.HttpRequest) -> func.HttpResponse:
        return page_answer(await asyncio.to_thread(_page, services(), req))

    @route("incidents/{incident}", "GET")
    @explained
    async def show_incident(req: func.HttpRequest) -> func.HttpResponse:
        incident = await _find(services(), req)
        if incident is None:
            return _unknown(req)
        bound = services()
        occurrences = await asyncio.to_thread(
            bound.incidents.occurrences, incident.model, incident.incident_id, _OCCURRENCES
        )
        entries = await asyncio.to_thread(bound.ledger.entries, incident.model, incident.response)
        return answer(IncidentView(incident=incident, occurrences=occurrences, entries=entries))

    @route("incidents/{incident}/acknowledge", "POST")
    @result.durable_client_input(client_name="client")
    @explained
    async def acknowledge_incident(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        return await _move(client, services(), req, "acknowledge")

    @route("incidents/{incident}/resolve", "POST")
    @result.durable_client_input(client_name="client")
    @explained
    async def resolve_incident(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        return await _move(client, services(), req, "resolve")

    @route("incidents/{incident}/undo", "POST")
    @result.durable_client_input(client_name="client")
    @explained
    async def undo_incident(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        principal, comment = require_role(req, "Operator"), body_of(req, ReasonRequest).comment.strip()
        incident = req.route_params["incident"]
        undo = await start_undo(client, services(), incident, by=principal.actor, comment=comment)
        return _unknown(req) if undo is None else answer(undo)

    @route("incidents/{incident}/undo", "GET")
    @result.durable_client_input(client_name="client")
    @explained
    async def show_undo(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        incident = await _find(services(), req)
        if incident is None:
            return _unknown(req)
        undo = await read_undo(client, incident)
        if undo is None:
            return problem(404, "Nothing undone", f"incident {incident.incident_id}: nobody has asked for an undo")
        return answer(undo)

    return result


async def _find(services: Services, req: func.HttpRequest) -> Incident | None:
    return await asyncio.to_thread(services.incidents.find, req.route_params["incident"])


async def _move(
    client: df.DurableOrchestrationClient, services: Services, req: func.HttpRequest, operation: PersonsOperation
) -> func.HttpResponse:
    principal, comment = require_role(req, *ACTORS), body_of(req, CommentRequest).comment.strip()
    moved = await move_incident(
        client, services, req.route_params["incident"], operation, by=principal.actor, comment=comment
    )
    return _unknown(req) if moved is None else answer(moved)


def _unknown(req: func.HttpRequest) -> func.HttpResponse:
    detail = f"incident = {req.route_params['incident']!r}: `nightshift incidents` lists those there are"
    return problem(404, "No such incident", detail)


def _page(services: Services, req: func.HttpRequest) -> Page[Incident]:
    model, severity, category = (req.params.get(name) for name in ("model", "severity", "category"))
    since, until, after, limit = time_of(req, "since"), time_of(req, "until"), cursor_of(req), limit_of(req)
    incidents = services.incidents.all(model)
    refuse_unknown_model(services, model, found=bool(incidents) or model in {PLATFORM, UNROUTED})
    wanted = [part for part in req.params.get("state", "").split(",") if part]
    meant = (
        incident
        for incident in incidents
        if (not wanted or incident.state in wanted)
        and severity in {None, incident.severity}
        and category in {None, incident.category}
        and (since is None or incident.recorded_at >= since)
        and (until is None or incident.recorded_at < until)
    )
    return page_of(meant, _position, after=after, limit=limit)


def _position(incident: Incident) -> Position:
    return Position(at=incident.recorded_at, identity=incident.incident_id)
