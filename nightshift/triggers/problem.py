"""HTTP answers: JSON for results, problem+json (RFC 9457) for errors."""

import json
from collections.abc import Sequence
from typing import Any

import azure.functions as func

from nightshift.domain.platform.correlation import current
from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.paging import Page
from nightshift.domain.platform.problem_status import status_of


def problem(status: int, title: str, detail: str) -> func.HttpResponse:
    """An error for people and scripts: what is wrong and what was expected."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if correlation := current().correlation_id:
        document["correlation_id"] = correlation
    body = json.dumps(document)
    return func.HttpResponse(body, status_code=status, mimetype="application/problem+json")


def as_problem(_: func.HttpRequest, error: NightshiftError) -> func.HttpResponse:
    """A named failure as a problem document, with the status that the failure has everywhere."""
    response = problem(status_of(error), error.title, error.message)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def answer(value: Message | Page[Any] | Sequence[Message], status: int = 200) -> func.HttpResponse:
    """A result as JSON: a message, or ``{"items": [...], "next": ...}``.

    ``next`` is the cursor of the page behind, or null; a sequence is always whole.
    """
    if isinstance(value, Message):
        body = value.to_json()
    else:
        page = value if isinstance(value, Page) else Page(tuple(value), None)
        body = {"items": [item.to_json() for item in page.items], "next": page.next}
    return func.HttpResponse(json.dumps(body), status_code=status, mimetype="application/json")
