"""What a request to the durable client's HTTP API says: its query parameters and its body.

A value that the extension cannot read it passes over; here it is refused, so that a typing error is found.
"""

from __future__ import annotations

import json
from datetime import datetime

from starlette.requests import Request

from local_host.durable.clock import parse_time
from local_host.durable.errors import InvalidRequestError
from local_host.durable.instance import RuntimeStatus

_DEFAULT_PAGE = 100


async def json_body(request: Request, *, content_type: bool = False) -> str | None:
    """The body as JSON text; None if there is none. With `content_type` it must be said to be JSON."""
    said = request.headers.get("content-type", "").split(";")[0].strip()
    if content_type and said.lower() != "application/json":
        raise InvalidRequestError("content-type", said, "must be application/json")
    body = await request.body()
    if not body:
        return None
    try:
        text = body.decode()
        json.loads(text)
    except ValueError as error:
        raise InvalidRequestError("body", body[:100], f"must be JSON ({error})") from error
    return text


def flag(request: Request, name: str, default: bool) -> bool:
    value = request.query_params.get(name)
    if value is None:
        return default
    if value.lower() not in ("true", "false"):
        raise InvalidRequestError(name, value, "must be true or false")
    return value.lower() == "true"


def time(request: Request, name: str) -> datetime | None:
    value = request.query_params.get(name)
    if not value:
        return None
    try:
        return parse_time(value)
    except ValueError as error:
        raise InvalidRequestError(name, value, "must be an ISO 8601 time") from error


def seconds(request: Request, name: str) -> float | None:
    value = request.query_params.get(name)
    if not value:
        return None
    try:
        return float(value)
    except ValueError as error:
        raise InvalidRequestError(name, value, "must be a number of seconds") from error


def statuses(request: Request) -> tuple[RuntimeStatus, ...] | None:
    values = [part.strip() for value in request.query_params.getlist("runtimeStatus") for part in value.split(",")]
    wanted = [value for value in values if value]
    if not wanted:
        return None
    known = {status.lower(): status for status in RuntimeStatus}
    unknown = [name for name in wanted if name.lower() not in known]
    if unknown:
        raise InvalidRequestError("runtimeStatus", unknown[0], f"must be one of {', '.join(RuntimeStatus)}")
    return tuple(known[name.lower()] for name in wanted)


def page_size(request: Request) -> int:
    value = request.query_params.get("top")
    if not value:
        return _DEFAULT_PAGE
    if not value.isdigit() or int(value) == 0:
        raise InvalidRequestError("top", value, "must be a whole number of at least 1")
    return int(value)
