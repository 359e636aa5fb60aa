"""HTTP answers: JSON for results, problem+json (RFC 9457) for errors."""

import json

import azure.functions as func

from domain.message import Message


def problem(status: int, title: str, detail: str) -> func.HttpResponse:
    """An error for people and scripts: what is wrong and what was expected."""
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail})
    return func.HttpResponse(body, status_code=status, mimetype="application/problem+json")


def answer(value: Message | list[Message]) -> func.HttpResponse:
    """A result as JSON; a list comes as ``{"items": [...]}`` so that it can grow."""
    body = {"items": [item.to_json() for item in value]} if isinstance(value, list) else value.to_json()
    return func.HttpResponse(json.dumps(body), mimetype="application/json")
