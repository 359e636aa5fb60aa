"""Dead letters over HTTP: read them, say what a redrive would do, redrive, discard."""

import asyncio
from collections.abc import Callable
from typing import cast

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.dead_letters.dead_letter import DeadLetter, DeadLetterState
from nightshift.domain.platform.names import REFUSED_ALERTS
from nightshift.domain.platform.page import Position, page_of
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.request import ReasonRequest, RedriveRequest
from nightshift.services.dead_letters.dead_letters import Reader, discard, plan_redrive, redrive
from nightshift.triggers.body import body_of
from nightshift.triggers.parameters import cursor_of, limit_of
from nightshift.triggers.principal import require_role
from nightshift.triggers.problem import Answer, answer, explained, page_answer, problem
from nightshift.triggers.refused_alerts import read_refused


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register ``/api/dead-letters``."""
    result = df.Blueprint()

    def route(path: str, method: str) -> Callable[[Answer], Answer]:
        return result.route(route=f"api/{path}", methods=[method], auth_level=func.AuthLevel.ANONYMOUS)  # type: ignore[no-any-return]

    @route("dead-letters", "GET")
    @explained
    async def list_dead_letters(req: func.HttpRequest) -> func.HttpResponse:
        queue, state = req.params.get("queue"), cast("DeadLetterState | None", req.params.get("state"))
        letters = await asyncio.to_thread(services().dead_letters.all, queue, state)
        return page_answer(page_of(letters, _position, after=cursor_of(req), limit=limit_of(req)))

    @route("dead-letters/{letter}", "GET")
    @explained
    async def show_dead_letter(req: func.HttpRequest) -> func.HttpResponse:
        letter = await _find(services(), req)
        return _unknown(req) if letter is None else answer(letter)

    @route("dead-letters/{letter}/redrive", "POST")
    @explained
    async def redrive_dead_letter(req: func.HttpRequest) -> func.HttpResponse:
        principal = require_role(req, "Operator")
        asked = body_of(req, RedriveRequest)
        letter = await _find(services(), req)
        if letter is None:
            return _unknown(req)
        if asked.dry_run:
            return answer(await asyncio.to_thread(plan_redrive, services(), letter, asked.body, _reader(letter)))
        actor = principal.actor
        return answer(await asyncio.to_thread(redrive, services(), letter, asked.body, actor, _reader(letter)))

    @route("dead-letters/{letter}/discard", "POST")
    @explained
    async def discard_dead_letter(req: func.HttpRequest) -> func.HttpResponse:
        principal = require_role(req, "Operator")
        comment = body_of(req, ReasonRequest).comment.strip()
        if await _find(services(), req) is None:
            return _unknown(req)
        name = req.route_params["letter"]
        return answer(await asyncio.to_thread(discard, services(), name, principal.actor, comment))

    return result


async def _find(services: Services, req: func.HttpRequest) -> DeadLetter | None:
    return await asyncio.to_thread(services.dead_letters.get, req.route_params["letter"])


def _reader(letter: DeadLetter) -> Reader | None:
    return read_refused if letter.queue == REFUSED_ALERTS else None


def _unknown(req: func.HttpRequest) -> func.HttpResponse:
    detail = f"dead letter = {req.route_params['letter']!r}: `nightshift dlq list` lists those there are"
    return problem(404, "No such dead letter", detail)


def _position(letter: DeadLetter) -> Position:
    return Position(at=letter.recorded_at, identity=letter.letter_id)
