"""The document of the HTTP API, and the answer to a path or method that is not in it."""

import asyncio
import json
from collections.abc import Sequence
from functools import lru_cache

import azure.functions as func

from nightshift.domain.platform.principal import READERS
from nightshift.functions.authorization import Handler, Incoming
from nightshift.functions.route import Route
from nightshift.triggers.api.call import Call
from nightshift.triggers.api.document import methods_at, openapi_document
from nightshift.triggers.api.endpoint import Endpoint, JsonObject, endpoint
from nightshift.triggers.problem import problem

# Azure tries functions in the order of their names: what takes everything must come last (wiring/route_order.py).
# Without methods it answers to any.
NO_SUCH_OPERATION = Route(name="z_no_such_operation", path="api/{*rest}", methods=(), roles=())


def with_document(others: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """The endpoints, and the one that shows the document of them all."""

    @lru_cache(maxsize=1)
    def text() -> str:
        return json.dumps(openapi_document(everything))

    @endpoint(
        "GET", "openapi.json", "Shows this document.",
        roles=(*READERS, "AlertWriter"), answer=JsonObject, function="show_openapi",
    )  # fmt: skip
    async def show_openapi_document(call: Call[None]) -> func.HttpResponse:
        return func.HttpResponse(await asyncio.to_thread(text), mimetype="application/json")

    everything = (*others, show_openapi_document)
    return everything


def no_such_operation(endpoints: Sequence[Endpoint]) -> Handler:
    """What answers below ``/api`` where nothing else does."""

    async def explain(incoming: Incoming) -> func.HttpResponse:
        request = incoming.request
        path = request.route_params.get("rest", "")
        allowed = methods_at(path, endpoints)
        if not allowed:
            return problem(404, "No such route", f"path = {path[:200]!r}: /api/openapi.json lists those there are")
        rule = f"at {path[:200]!r} there is {', '.join(allowed)}"
        response = problem(405, "Method not allowed", f"method = {request.method!r}: {rule}")
        response.headers["Allow"] = ", ".join(allowed)
        return response

    return explain
