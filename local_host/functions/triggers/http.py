"""HTTP triggers: routes, requests and responses."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie

from azure.functions.meta import Datum
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from local_host.functions.authentication import SignInRefusedError, authenticated, sign_in_address
from local_host.functions.errors import FunctionLoadError, InvocationFailedError
from local_host.functions.index import IndexedFunction
from local_host.functions.invocation_context import Trace
from local_host.functions.invoker import InvocationResult
from local_host.functions.session import Sessions
from local_host.functions.triggers.route_template import RouteTemplate
from local_host.functions.triggers.source import SourceSetting

logger = logging.getLogger(__name__)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
MAX_BODY_BYTES = 104_857_600
"""The limit of the real host (100 MiB)."""
_RESERVED = ("admin", "runtime", "durabletask")


class RequestTooLargeError(ValueError):
    """A request's body is over MAX_BODY_BYTES."""


@dataclass(frozen=True)
class HttpRoute:
    """One function's route and the methods that it answers to."""

    function: IndexedFunction
    template: RouteTemplate
    methods: frozenset[str]


class HttpSource:
    """Serves every HTTP function under the route prefix.

    Authorisation levels are not enforced: the host listens on the loopback address only, and keys belong to Azure.
    A path without a function is 404; a known path with another method is 405 with Allow (the real host says 404).
    """

    def __init__(self, setting: SourceSetting) -> None:
        self._invoker = setting.invoker
        self._sessions = Sessions(setting.state)
        self._prefix = setting.host_json.route_prefix
        self._routes = sorted(
            (_http_route(function) for function in setting.functions), key=lambda route: route.template.precedence
        )
        _refuse_conflicts(self._routes)

    @property
    def http_routes(self) -> Sequence[HttpRoute]:
        """The routes, the most specific first."""
        return self._routes

    def routes(self) -> Sequence[BaseRoute]:
        """One route that takes everything under the prefix; it must come after the host's own."""
        path = f"/{self._prefix}/{{path:path}}" if self._prefix else "/{path:path}"
        route = Route(path, self._handle, methods=list(METHODS))
        # A path may hold a line break (%0A), which `.` would not match.
        route.path_regex = re.compile(route.path_regex.pattern, re.DOTALL)
        return [route] if self._routes else []

    async def start(self) -> None:
        """Nothing to start: requests come by the routes."""

    async def stop(self) -> None:
        """Nothing to stop: the server ends the requests."""

    async def run_now(self, function: str, text: str) -> None:
        """Refused: an HTTP function is invoked by its route."""
        raise LookupError(f"function {function!r} is an HTTP function: call its route instead")

    async def _handle(self, request: Request) -> Response:
        path = request.path_params["path"]
        matches = [
            (route, parameters) for route in self._routes if (parameters := route.template.match(path)) is not None
        ]
        for route, parameters in matches:
            if request.method in route.methods:
                return await self._invoke(route.function, parameters, request)
        if not matches:
            return Response(status_code=404)
        allowed = sorted(set().union(*(route.methods for route, _ in matches)))
        return Response(status_code=405, headers={"Allow": ", ".join(allowed)})

    async def _invoke(self, function: IndexedFunction, parameters: dict[str, str], request: Request) -> Response:
        try:
            target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            if address := sign_in_address(request.method, target, request.headers.items(), self._sessions):
                return RedirectResponse(address, status_code=302)
            payload = await _payload(request, parameters, self._sessions)
        except RequestTooLargeError as error:
            return PlainTextResponse(str(error), status_code=413)
        except SignInRefusedError as error:
            return PlainTextResponse(str(error), status_code=401)
        except ClientDisconnect:
            logger.info("request_abandoned function=%s", function.name)
            return Response(status_code=400)
        trace = Trace.continuing(request.headers.get("traceparent"), request.headers.get("tracestate"))
        try:
            result = await self._invoker.invoke(function, payload, trace=trace)
        except InvocationFailedError:
            return Response(status_code=500)
        return _response(result)


def _http_route(function: IndexedFunction) -> HttpRoute:
    settings = function.trigger.settings
    route = settings.get("route")
    try:
        # A trigger without a route is served under the function's name.
        template = RouteTemplate.parse(function.name if route is None else str(route))
    except ValueError as error:
        raise FunctionLoadError(function.name, f"route {route!r}: {error}", parameter=function.trigger.name) from error
    first = template.text.lower().split("/", 1)[0]
    if first in _RESERVED:
        rule = f"route {template.text!r} begins with {first!r}, which the host keeps for itself"
        raise FunctionLoadError(function.name, rule, parameter=function.trigger.name)
    methods = frozenset(str(method).upper() for method in settings.get("methods") or METHODS)
    return HttpRoute(function, template, methods)


def _refuse_conflicts(routes: Iterable[HttpRoute]) -> None:
    taken: dict[tuple[str, str], str] = {}
    for route in routes:
        for method in sorted(route.methods):
            other = taken.setdefault((route.template.shape, method), route.function.name)
            if other != route.function.name:
                rule = f"{method} {route.template.text!r} is already the route of function {other!r}"
                raise FunctionLoadError(route.function.name, rule, parameter=route.function.trigger.name)


async def _payload(request: Request, parameters: dict[str, str], sessions: Sessions) -> Datum:
    """The request as the HTTP converter takes it: repeated query parameters and headers joined by commas."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise RequestTooLargeError(f"the body is over {MAX_BODY_BYTES} bytes")
    return Datum(
        {
            "method": Datum(request.method, "string"),
            "url": Datum(str(request.url), "string"),
            "headers": _joined(authenticated(request.headers.items(), sessions)),
            "query": _joined(request.query_params.multi_items()),
            "params": {name: Datum(value, "string") for name, value in parameters.items()},
            "body": Datum(bytes(body), "bytes"),
        },
        "http",
    )


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, Datum]:
    joined: dict[str, list[str]] = {}
    for name, value in pairs:
        joined.setdefault(name, []).append(value)
    return {name: Datum(",".join(values), "string") for name, values in joined.items()}


def _response(result: InvocationResult) -> Response:
    """The HTTP response that a function gave, by its return value or by an `Out` parameter; 204 if it gave none."""
    payload = result.returned if result.returned is not None else next(iter(result.outputs.values()), None)
    if payload is None:
        return Response(status_code=204)
    if payload.type == "string":
        return PlainTextResponse(payload.value)
    fields = payload.value
    headers = {
        name: header.value
        for name, header in fields["headers"].items()
        if name.lower() not in ("content-length", "transfer-encoding")
    }
    response = Response(fields["body"].value, status_code=int(fields["status_code"].value), headers=headers)
    cookies: list[SimpleCookie] = fields["cookies"] or []
    for cookie in cookies:
        for morsel in cookie.values():
            response.headers.append("set-cookie", morsel.OutputString())
    return response
