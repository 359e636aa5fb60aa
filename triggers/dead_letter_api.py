"""Dead letters over HTTP: read them, say what a redrive would do, redrive, discard."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, get_args

import azure.durable_functions as df
import azure.functions as func

from activities.dead_letters import discard, plan_redrive, redrive
from domain.alert import QUEUES
from domain.dead_letter import DeadLetter, DeadLetterState
from domain.errors import BadInputError
from domain.names import BLOB_EVENTS_QUEUE
from domain.ports import Services
from triggers.parameters import limit_of
from triggers.principal import require_role
from triggers.problem import Answer, answer, explained, problem


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register ``/api/dead-letters``."""
    result = df.Blueprint()

    def route(path: str, method: str) -> Callable[[Answer], Answer]:
        return result.route(route=path, methods=[method], auth_level=func.AuthLevel.ANONYMOUS)  # type: ignore[no-any-return]

    @route("dead-letters", "GET")
    @explained
    async def list_dead_letters(req: func.HttpRequest) -> func.HttpResponse:
        queue = _one_of(req.params.get("queue"), "queue", (*QUEUES.values(), BLOB_EVENTS_QUEUE))
        state = _one_of(req.params.get("state"), "state", get_args(DeadLetterState))
        letters = await asyncio.to_thread(services().dead_letters.all, queue, state)  # type: ignore[arg-type]
        return answer(list(letters[: limit_of(req)]))

    @route("dead-letters/{letter}", "GET")
    @explained
    async def show_dead_letter(req: func.HttpRequest) -> func.HttpResponse:
        letter = await _find(services(), req)
        return _unknown(req) if letter is None else answer(letter)

    @route("dead-letters/{letter}/redrive", "POST")
    @explained
    async def redrive_dead_letter(req: func.HttpRequest) -> func.HttpResponse:
        principal = require_role(req, "Operator")
        asked = _document(req, {"dry_run": bool, "body": str})
        letter = await _find(services(), req)
        if letter is None:
            return _unknown(req)
        correction = asked.get("body")
        if asked.get("dry_run", False):
            return answer(await asyncio.to_thread(plan_redrive, services(), letter, correction))
        return answer(await asyncio.to_thread(redrive, services(), letter, correction, principal.name))

    @route("dead-letters/{letter}/discard", "POST")
    @explained
    async def discard_dead_letter(req: func.HttpRequest) -> func.HttpResponse:
        principal = require_role(req, "Operator")
        comment = str(_document(req, {"comment": str}).get("comment", "")).strip()
        if not comment:
            raise BadInputError(field="comment", value=comment, rule="say why: it stays with the record")
        if await _find(services(), req) is None:
            return _unknown(req)
        name = req.route_params["letter"]
        return answer(await asyncio.to_thread(discard, services(), name, principal.name, comment[:1_000]))

    return result


async def _find(services: Services, req: func.HttpRequest) -> DeadLetter | None:
    return await asyncio.to_thread(services.dead_letters.get, req.route_params["letter"])


def _unknown(req: func.HttpRequest) -> func.HttpResponse:
    detail = f"dead letter = {req.route_params['letter']!r}: `nightshift dlq list` lists those there are"
    return problem(404, "No such dead letter", detail)


def _one_of(value: str | None, field: str, allowed: tuple[str, ...]) -> str | None:
    if value is not None and value not in allowed:
        raise BadInputError(field=field, value=value, rule=f"must be of {', '.join(allowed)}")
    return value


def _document(req: func.HttpRequest, fields: dict[str, type]) -> dict[str, Any]:
    body = req.get_body()
    try:
        document = json.loads(body) if body else {}
    except ValueError:
        document = None
    if not isinstance(document, dict) or set(document) - set(fields):
        rule = f"must be a JSON object with {' and '.join(fields)}"
        raise BadInputError(field="body", value=body[:80], rule=rule)
    for name, kind in fields.items():
        if document.get(name) is not None and not isinstance(document[name], kind):
            raise BadInputError(field=name, value=document[name], rule=f"must be of type {kind.__name__}")
    return document
