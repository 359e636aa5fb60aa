"""Reads what a client sent, with Databricks' errors for what cannot be read."""

import json
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from local_host.databricks.api_error import ApiError, InvalidParameterError
from local_host.databricks.definition_files import describe_faults

_Body = TypeVar("_Body", bound=BaseModel)


async def read_body(request: Request, model: type[_Body]) -> _Body:
    """The request's JSON body.

    Raises:
        ApiError: 400 MALFORMED_REQUEST for what is not a JSON object, INVALID_PARAMETER_VALUE naming every faulty
            field. A field that this host would ignore is faulty too.
    """
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise ApiError(400, "MALFORMED_REQUEST", f"The request body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise ApiError(400, "MALFORMED_REQUEST", f"The request body is a JSON {type(body).__name__}, not an object")
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise InvalidParameterError("; ".join(describe_faults(error))) from error


def read_integer(request: Request, name: str) -> int:
    """A query parameter that must be there and be an integer."""
    value = read_optional_integer(request, name)
    if value is None:
        raise InvalidParameterError(f"{name}: missing; it must be an integer")
    return value


def read_optional_integer(request: Request, name: str, *, least: int = 0, most: int = 2**63 - 1) -> int | None:
    """A query parameter that is an integer within bounds if it is there."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        value = int(text)
    except ValueError as error:
        raise InvalidParameterError(f"{name}: {text!r} is not an integer") from error
    if not least <= value <= most:
        raise InvalidParameterError(f"{name}: {value} is not between {least} and {most}")
    return value


def read_flag(request: Request, name: str) -> bool:
    """A query parameter that is ``true`` or ``false``; absent is false."""
    text = request.query_params.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise InvalidParameterError(f"{name}: {text!r} is neither 'true' nor 'false'")
    return text == "true"
