"""Hold a call against the declaration of its endpoint, and let the handler answer."""

import logging
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from typing import Any

import azure.functions as func
from pydantic import ValidationError

from nightshift.domain.platform.broken_rules import bad_input
from nightshift.domain.platform.errors import BadInputError, TooLargeError
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.ports import Services
from nightshift.functions.authorization import Handler, Incoming
from nightshift.functions.registrar import Functions
from nightshift.triggers.api.call import Call, Query
from nightshift.triggers.api.endpoint import Endpoint
from nightshift.triggers.api.parameters import PATH
from nightshift.triggers.api.unwell import Unwell
from nightshift.triggers.problem import answer, as_problem

logger = logging.getLogger(__name__)


def register_endpoints(functions: Functions, services: Callable[[], Services], endpoints: Sequence[Endpoint]) -> None:
    """Register the function of each endpoint."""
    for endpoint in endpoints:
        functions.http(endpoint.route, checked(endpoint, services), as_problem)


def checked(endpoint: Endpoint, services: Callable[[], Services]) -> Handler:
    """The endpoint's handler behind its checks: parameters, size, body, rate. Who may call is asked before."""
    rate = endpoint.rate() if endpoint.rate else None

    async def check(incoming: Incoming) -> func.HttpResponse:
        query, path = _query(endpoint, incoming.request), _path(endpoint, incoming.request)
        _refuse_large(endpoint, incoming)
        body = None if endpoint.message is None else read_body(incoming.request.get_body(), endpoint.message)
        if rate is not None:
            rate.count(incoming.caller.actor)
        made = await endpoint.handler(Call(incoming, body, path, query, services))
        return _answer(endpoint, made)

    return check


def read_body(body: bytes, kind: type[Message]) -> Message:
    """The body of a request, without a byte order mark; none counts as an empty object.

    Raises:
        BadInputError: the first rule that it breaks.
    """
    try:
        return kind.model_validate_json(body.removeprefix(BOM_UTF8) or b"{}", strict=True)
    except ValidationError as error:
        raise bad_input(error, kind) from error


def _query(endpoint: Endpoint, request: func.HttpRequest) -> Query:
    known = {parameter.name: parameter for parameter in endpoint.query}
    values: dict[str, Any] = {name: parameter.default for name, parameter in known.items()}
    for name, value in request.params.items():
        if name not in known:
            names = ", ".join(known) or "none"
            raise BadInputError(field=name, value=value[:80], rule=f"is no parameter here; there are: {names}")
        values[name] = known[name].read(value)
    return Query(values)


def _path(endpoint: Endpoint, request: func.HttpRequest) -> dict[str, str]:
    return {name: str(PATH[name].read(request.route_params[name])) for name in endpoint.path_names}


def _refuse_large(endpoint: Endpoint, incoming: Incoming) -> None:
    size = len(incoming.request.get_body())
    if size > endpoint.largest_body:
        logger.warning("body_refused function=%s caller=%r bytes=%s", endpoint.name, incoming.caller.actor, size)
        raise TooLargeError(
            field="body", value=f"{size} bytes", rule=f"must have at most {endpoint.largest_body} bytes"
        )


def _answer(endpoint: Endpoint, made: Any) -> func.HttpResponse:
    if isinstance(made, func.HttpResponse):
        return made
    if isinstance(made, Unwell):
        assert endpoint.unwell is not None, f"{endpoint.name} declares no status for an answer that is not well"
        return answer(made.answer, endpoint.unwell)
    return answer(made, endpoint.status)
