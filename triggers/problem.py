"""HTTP answers: JSON for results, problem+json (RFC 9457) for errors."""

import json
from collections.abc import Awaitable, Callable
from functools import wraps

import azure.functions as func

from domain.errors import NightshiftError
from domain.message import Message

Answer = Callable[..., Awaitable[func.HttpResponse]]

_STATUS = {
    "unknown_model": 404,
    "ledger_broken": 500,
    "transition": 409,
    "conflict": 409,
    "not_signed_in": 401,
    "not_allowed": 403,
}


def problem(status: int, title: str, detail: str) -> func.HttpResponse:
    """An error for people and scripts: what is wrong and what was expected."""
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail})
    return func.HttpResponse(body, status_code=status, mimetype="application/problem+json")


def answer(value: Message | list[Message]) -> func.HttpResponse:
    """A result as JSON; a list comes as ``{"items": [...]}`` so that it can grow."""
    body = {"items": [item.to_json() for item in value]} if isinstance(value, list) else value.to_json()
    return func.HttpResponse(json.dumps(body), mimetype="application/json")


def explained(handler: Answer) -> Answer:
    """Turn a named failure into a problem document with the right status."""

    @wraps(handler)
    async def handle(*args: object, **kwargs: object) -> func.HttpResponse:
        try:
            return await handler(*args, **kwargs)
        except NightshiftError as error:
            status = _STATUS.get(error.code, 503 if error.retryable else 400)
            return problem(status, error.code, error.message)

    return handle
