"""Incidents over HTTP: read them, acknowledge, resolve, undo what was done."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from domain.alert import PLATFORM
from domain.correlation import current
from domain.identity import instance_id
from domain.incident import TRANSITIONS, Incident, Operation, TimelineEntry
from domain.names import UNDO
from domain.page import Page, Position, page_of
from domain.ports import Services
from domain.request import CommentRequest, ReasonRequest
from domain.response import UndoRequest
from domain.upload import UNROUTED
from domain.view import IncidentView, UndoView
from triggers.alerts import tell_change
from triggers.body import body_of
from triggers.parameters import cursor_of, limit_of, refuse_unknown_model, time_of
from triggers.principal import require_role
from triggers.problem import Answer, answer, explained, page_answer, problem

_OCCURRENCES = 50


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register ``/api/incidents``."""
    result = df.Blueprint()

    def route(path: str, method: str) -> Callable[[Answer], Answer]:
        return result.route(route=path, methods=[method], auth_level=func.AuthLevel.ANONYMOUS)  # type: ignore[no-any-return]

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
        occurrences = await asyncio.to_thread(bound.incidents.occurrences, incident.model, incident.incident_id)
        entries = await asyncio.to_thread(bound.ledger.entries, incident.model, incident.response)
        return answer(IncidentView(incident=incident, occurrences=occurrences[-_OCCURRENCES:], entries=entries))

    @route("incidents/{incident}/acknowledge", "POST")
    @explained
    async def acknowledge_incident(req: func.HttpRequest) -> func.HttpResponse:
        return await _move(services(), req, "acknowledge")

    @route("incidents/{incident}/resolve", "POST")
    @result.durable_client_input(client_name="client")
    @explained
    async def resolve_incident(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        response = await _move(services(), req, "resolve")
        incident = await _find(services(), req)
        if incident is not None and incident.state == "resolved":
            await tell_change(client, services(), incident)
        return response

    @route("incidents/{incident}/undo", "POST")
    @result.durable_client_input(client_name="client")
    @explained
    async def undo_incident(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        principal, comment = require_role(req, "Operator"), body_of(req, ReasonRequest).comment.strip()
        incident = await _find(services(), req)
        if incident is None:
            return _unknown(req)
        instance = _undo_instance(incident)
        status = await client.get_status(instance)
        # One that took nothing back may be asked for again: a retraining may have been promoted since.
        known = status is not None and status.runtime_status is not None and _took_back(status.output) is not False
        if not known:
            order = UndoRequest(
                model=incident.model,
                incident_id=incident.incident_id,
                actor=principal.name,
                comment=comment,
                trace=current().traceparent,
            )
            await client.start_new(UNDO, instance, order.to_json())
        return answer(UndoView(instance=instance, started=not known, result=None))

    @route("incidents/{incident}/undo", "GET")
    @result.durable_client_input(client_name="client")
    @explained
    async def show_undo(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        incident = await _find(services(), req)
        if incident is None:
            return _unknown(req)
        instance = _undo_instance(incident)
        status = await client.get_status(instance)
        if status is None or status.runtime_status is None:
            return problem(404, "Nothing undone", f"incident {incident.incident_id}: nobody has asked for an undo")
        ended = status.runtime_status in {
            df.OrchestrationRuntimeStatus.Completed,
            df.OrchestrationRuntimeStatus.Failed,
            df.OrchestrationRuntimeStatus.Terminated,
        }
        output = _json(status.output) if ended else None
        result_ = output if isinstance(output, dict) else {"refused": [str(output)]}
        return answer(UndoView(instance=instance, started=True, result=result_ if ended else None))

    return result


async def _find(services: Services, req: func.HttpRequest) -> Incident | None:
    return await asyncio.to_thread(services.incidents.find, req.route_params["incident"])


async def _move(services: Services, req: func.HttpRequest, operation: Operation) -> func.HttpResponse:
    """Move an incident by the state table; what has happened already is success."""
    principal, comment = require_role(req, "Operator", "Reviewer"), body_of(req, CommentRequest).comment.strip()
    found = await _find(services, req)
    if found is None:
        return _unknown(req)
    goal = {after for (name, _), after in TRANSITIONS.items() if name == operation}
    entry = TimelineEntry(
        key=f"{operation}-{principal.name}-{found.state}",
        at=services.clock(),
        actor=principal.name,
        what=f"{operation}{f': {comment}' if comment else ''}",
    )

    def change(incident: Incident) -> Incident:
        if incident.state in goal:
            return incident
        moved = incident.moved(operation).told(entry)
        by = principal.name if operation == "acknowledge" else incident.acknowledged_by
        return moved.model_copy(update={"acknowledged_by": by})

    return answer(await asyncio.to_thread(services.incidents.change, found.model, found.incident_id, change))


def _took_back(output: Any) -> bool | None:
    """Whether an undo has taken anything back; None while it goes on."""
    result = _json(output)
    return bool(result.get("undone")) if isinstance(result, dict) else None


def _undo_instance(incident: Incident) -> str:
    return instance_id("undo", incident.model, incident.incident_id)


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


def _json(value: Any) -> Any:
    while isinstance(value, str) and value[:1] in '{["':
        try:
            value = json.loads(value)
        except ValueError:
            break
    return value
