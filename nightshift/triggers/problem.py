"""HTTP answers: JSON for results, problem+json (RFC 9457) for errors."""

import json
from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Any

import azure.functions as func

from nightshift.domain.platform.correlation import current
from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.page import Page
from nightshift.domain.platform.problem_status import status_of

Answer = Callable[..., Awaitable[func.HttpResponse]]


def problem(status: int, title: str, detail: str) -> func.HttpResponse:
    """An error for people and scripts: what is wrong and what was expected."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if correlation := current().correlation_id:
        document["correlation_id"] = correlation
    body = json.dumps(document)
    return func.HttpResponse(body, status_code=status, mimetype="application/problem+json")


def answer(value: Message | Sequence[Message], status: int = 200) -> func.HttpResponse:
    """A result as JSON; a list that is always whole has the shape of a page without a next one."""
    if not isinstance(value, Message):
        return page_answer(Page(tuple(value), None))
    return func.HttpResponse(json.dumps(value.to_json()), status_code=status, mimetype="application/json")


def page_answer(page: Page[Any]) -> func.HttpResponse:
    """A page of messages: ``{"items": [...], "next": ...}``; ``next`` is the cursor of the page behind it, or null."""
    body = {"items": [item.to_json() for item in page.items], "next": page.next}
    return func.HttpResponse(json.dumps(body), mimetype="application/json")


def explained(handler: Answer) -> Answer:
    """Turn a named failure into a problem document with the right status."""

    @wraps(handler)
    async def handle(*args: object, **kwargs: object) -> func.HttpResponse:
        try:
            return await handler(*args, **kwargs)
        except NightshiftError as error:
            return problem(status_of(error), error.code, error.message)

    return handle
