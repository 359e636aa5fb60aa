"""HTTP triggers: routes, requests and responses."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from azure.functions.meta import Datum
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.types import Receive, Scope, Send

from local_host.functions.authentication import SignInRefusedError, authenticated, sign_in_address
from local_host.functions.errors import FunctionLoadError, InvocationFailedError
from local_host.functions.index import IndexedFunction
from local_host.functions.invocation_context import Trace
from local_host.functions.invoker import InvocationResult
from local_host.functions.session import Sessions
from local_host.functions.triggers.cookies import UnreadableCookieError, set_cookie_lines
from local_host.functions.triggers.route_template import RouteTemplate
from local_host.functions.triggers.source import SourceSetting

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 104_857_600
"""The limit of the real host (100 MiB)."""
_RESERVED = ("admin", "runtime", "durabletask")
_HOME_PAGE = "<!doctype html><title>Functions host</title><p>The Functions host is up and running.</p>"
_ENCODED_SLASH = re.compile("(%2f)", re.IGNORECASE)


class RequestTooLargeError(ValueError):
    """A request's body is over MAX_BODY_BYTES."""


@dataclass(frozen=True)
class HttpRoute:
    """One function's route and the methods that it answers to; `methods` None means any."""

    function: IndexedFunction
    template: RouteTemplate
    methods: frozenset[str] | None

    def takes(self, method: str) -> bool:
        """Whether the function answers to this method."""
        return self.methods is None or method in self.methods


class HttpSource:
    """Serves every HTTP function under the route prefix, as the real host finds it.

    The functions are tried in the order of their NAMES, whatever their routes look like, and the first whose template
    and method match is invoked: a catch-all takes every path of the functions that come after it. A path that none
    takes is 404, and so is a known path with another method. Authorisation levels are not enforced: the host listens
    on the loopback address only, and keys belong to Azure.

    Sources: azure-functions-host (FunctionMetadataManager sorts by name, WebScriptHostHttpRoutesManager maps in that
    order, issue 10098) and azure-webjobs-sdk-extensions (WebJobsRouteBuilder adds the routes unsorted).
    """

    def __init__(self, setting: SourceSetting) -> None:
        self._invoker = setting.invoker
        self._sessions = Sessions(setting.state, setting.roles)
        self._has_home_page = setting.environment.get("AzureWebJobsDisableHomepage", "").lower() != "true"
        prefix = setting.host_json.route_prefix
        # .NET compares in upper case: there an underscore comes after the letters.
        functions = sorted(setting.functions, key=lambda function: function.name.upper())
        self._routes = [_http_route(function, prefix) for function in functions]
        _refuse_conflicts(self._routes)

    @property
    def http_routes(self) -> Sequence[HttpRoute]:
        """The routes in the order in which they are tried."""
        return self._routes

    def find(self, method: str, path: str) -> tuple[HttpRoute, dict[str, str]] | None:
        """The first route that takes this request, and its parameters; `path` is without its first slash."""
        for route in self._routes:
            if route.takes(method) and (parameters := route.template.match(path)) is not None:
                return route, parameters
        return None

    def routes(self) -> Sequence[BaseRoute]:
        """One that takes everything, whatever the method; it must come after the host's own."""
        return [Mount("", app=self._serve)]

    async def start(self) -> None:
        """Nothing to start: requests come by the routes."""

    async def stop(self) -> None:
        """Nothing to stop: the server ends the requests."""

    async def run_now(self, function: str, text: str) -> None:
        """Refused: an HTTP function is invoked by its route."""
        raise LookupError(f"function {function!r} is an HTTP function: call its route instead")

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = _path(request.scope)
        if found := self.find(request.method, path):
            route, parameters = found
            return await self._invoke(route.function, parameters, request)
        if path == "":
            # The host's own page stands where no function answers.
            return HTMLResponse(_HOME_PAGE) if self._has_home_page else Response(status_code=204)
        return Response(status_code=404)

    async def _invoke(self, function: IndexedFunction, parameters: dict[str, str], request: Request) -> Response:
        trace = Trace.continuing(request.headers.get("traceparent"), request.headers.get("tracestate"))
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
        return await self._respond(function, payload, trace)

    async def _respond(self, function: IndexedFunction, payload: Datum, trace: Trace) -> Response:
        try:
            result = await self._invoker.invoke(function, payload, trace=trace)
            return _response(result)
        except InvocationFailedError:
            return Response(status_code=500)
        except UnreadableCookieError as error:
            # In Azure, too, the worker fails the invocation when it cannot hand an answer over.
            logger.warning("response_refused function=%s error=%s", function.name, error)
            return Response(status_code=500)


def _path(scope: Mapping[str, Any]) -> str:
    """The path without its first slash. As in Azure, an encoded slash stays as it is: it divides nothing."""
    raw: bytes = scope.get("raw_path") or str(scope["path"]).encode()
    pieces = _ENCODED_SLASH.split(raw.decode("ascii", errors="replace").removeprefix("/"))
    return "".join(piece if _ENCODED_SLASH.fullmatch(piece) else unquote(piece) for piece in pieces)


def _http_route(function: IndexedFunction, prefix: str) -> HttpRoute:
    settings = function.trigger.settings
    # A trigger without a route, or with an empty one, is served under the function's name.
    route = str(settings.get("route") or function.name)
    try:
        template = RouteTemplate.parse(f"{prefix}/{route}")
    except ValueError as error:
        raise FunctionLoadError(function.name, f"route {route!r}: {error}", parameter=function.trigger.name) from error
    if reserved := next((word for word in _RESERVED if route.strip("/").lower().startswith(word)), None):
        rule = f"route {route!r} begins with {reserved!r}, which the host keeps for itself"
        raise FunctionLoadError(function.name, rule, parameter=function.trigger.name)
    listed = settings.get("methods")
    # Absent means any method; an empty list means none.
    methods = None if listed is None else frozenset(str(method).upper() for method in listed)
    return HttpRoute(function, template, methods)


def _refuse_conflicts(routes: Iterable[HttpRoute]) -> None:
    taken: list[HttpRoute] = []
    for route in routes:
        for other in taken:
            both = route.template.shape == other.template.shape
            if both and (route.methods is None or other.methods is None or route.methods & other.methods):
                rule = f"{route.template.text!r} is already the route of function {other.function.name!r}"
                raise FunctionLoadError(route.function.name, rule, parameter=route.function.trigger.name)
        taken.append(route)


async def _payload(request: Request, parameters: dict[str, str], sessions: Sessions) -> Datum:
    """The request as the HTTP converter takes it: repeated query parameters and headers joined by commas.

    Two things get lost in the real host as well: a body that comes without its length (in chunks), and a query
    parameter that is empty. Source: azure-functions-host, GrpcMessageConversionExtensions.ToRpcHttp.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise RequestTooLargeError(f"the body is over {MAX_BODY_BYTES} bytes")
    if "content-length" not in request.headers:
        body.clear()
    query = _joined(request.query_params.multi_items())
    return Datum(
        {
            "method": Datum(request.method, "string"),
            "url": Datum(str(request.url), "string"),
            "headers": _joined(authenticated(request.headers.items(), sessions)),
            "query": {name: value for name, value in query.items() if value.value},
            "params": {name: Datum(value, "string") for name, value in parameters.items()},
            "body": Datum(bytes(body), "bytes"),
        },
        "http",
    )


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, Datum]:
    """Values of one name joined by commas; names that differ in case only are one, written as the first."""
    names: dict[str, str] = {}
    joined: dict[str, list[str]] = {}
    for name, value in pairs:
        joined.setdefault(names.setdefault(name.lower(), name), []).append(value)
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
    for line in set_cookie_lines(fields["cookies"] or []):
        response.headers.append("set-cookie", line)
    return response
