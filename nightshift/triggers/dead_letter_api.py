"""Dead letters over HTTP: read them, say what a redrive would do, redrive, discard."""

import asyncio

from nightshift.domain.dead_letters.dead_letter import DeadLetter, RedrivePlan
from nightshift.domain.platform.errors import NotFoundError
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import REFUSED_ALERTS
from nightshift.domain.platform.paging import Page, Position, page_of
from nightshift.domain.platform.principal import OPERATORS, READERS
from nightshift.domain.platform.request import ReasonRequest, RedriveRequest
from nightshift.services.dead_letters.dead_letters import Reader, discard, plan_redrive, redrive
from nightshift.triggers.api.call import Call
from nightshift.triggers.api.endpoint import endpoint
from nightshift.triggers.api.parameters import CURSOR, DEAD_LETTER_STATE, LIMIT, PAGED, QUEUE
from nightshift.triggers.refused_alerts import read_refused


@endpoint(
    "GET", "dead-letters", "Lists the messages that could not be handled, newest first.",
    roles=READERS, query=(QUEUE, DEAD_LETTER_STATE, *PAGED), answer=DeadLetter, shape="page",
)  # fmt: skip
async def list_dead_letters(call: Call[None]) -> Page[DeadLetter]:
    """The newest dead letters that are wanted."""
    wanted = call.query[QUEUE], call.query[DEAD_LETTER_STATE]
    dead_letters = await asyncio.to_thread(call.services.dead_letters.all, *wanted)
    return page_of(dead_letters, _position, after=call.query[CURSOR], limit=call.query[LIMIT])


@endpoint(
    "GET", "dead-letters/{letter}", "Shows a dead letter with its body and history.",
    roles=READERS, answer=DeadLetter, problems=(404,),
)  # fmt: skip
async def show_dead_letter(call: Call[None]) -> DeadLetter:
    """One dead letter."""
    return await _find(call)


@endpoint(
    "POST", "dead-letters/{letter}/redrive", "Sends a dead letter again, or says whether it would be understood.",
    roles=OPERATORS, body=RedriveRequest, answer=RedrivePlan, problems=(404, 409),
)  # fmt: skip
async def redrive_dead_letter(call: Call[RedriveRequest]) -> RedrivePlan:
    """Send it again in the caller's name, or only plan to."""
    dead_letter, asked = await _find(call), call.body
    if asked.dry_run:
        return await asyncio.to_thread(plan_redrive, call.services, dead_letter, asked.body, _reader(dead_letter))
    return await asyncio.to_thread(redrive, call.services, dead_letter, asked.body, call.actor, _reader(dead_letter))


@endpoint(
    "POST", "dead-letters/{letter}/discard", "Discards a dead letter: nothing more is done about it.",
    roles=OPERATORS, body=ReasonRequest, answer=DeadLetter, problems=(404, 409),
)  # fmt: skip
async def discard_dead_letter(call: Call[ReasonRequest]) -> DeadLetter:
    """Discard it in the caller's name."""
    await _find(call)
    comment = call.body.comment.strip()
    return await asyncio.to_thread(discard, call.services, call.path["letter"], call.actor, comment)


async def _find(call: Call[Message | None]) -> DeadLetter:
    name = call.path["letter"]
    dead_letter = await asyncio.to_thread(call.services.dead_letters.get, name)
    if dead_letter is None:
        detail = f"dead letter = {name!r}: `nightshift dlq list` lists those there are"
        raise NotFoundError("No such dead letter", detail)
    return dead_letter


def _reader(dead_letter: DeadLetter) -> Reader | None:
    return read_refused if dead_letter.queue == REFUSED_ALERTS else None


def _position(dead_letter: DeadLetter) -> Position:
    return Position(at=dead_letter.recorded_at, identity=dead_letter.letter_id)


ENDPOINTS = (list_dead_letters, show_dead_letter, redrive_dead_letter, discard_dead_letter)
