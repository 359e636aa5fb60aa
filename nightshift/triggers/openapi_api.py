"""The document of the HTTP API, and the answer to a path or method that is not in it."""

import asyncio
import json
from collections.abc import Callable
from functools import cache

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.triggers.api.document import methods_at, openapi_document
from nightshift.triggers.problem import explained, problem


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register ``/api/openapi.json``, and what answers below ``/api`` where nothing else does."""
    result = df.Blueprint()

    @result.route(route="api/openapi.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    @explained
    async def show_openapi(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(await asyncio.to_thread(_text), mimetype="application/json")

    # Azure tries functions in the order of their names: what takes everything must come last (wiring/route_order.py).
    # Without methods it answers to any.
    @result.route(route="api/{*rest}", auth_level=func.AuthLevel.ANONYMOUS)
    async def z_no_such_operation(req: func.HttpRequest) -> func.HttpResponse:
        path = req.route_params.get("rest", "")
        allowed = methods_at(path)
        if not allowed:
            return problem(404, "No such route", f"path = {path[:200]!r}: /api/openapi.json lists those there are")
        rule = f"at {path[:200]!r} there is {', '.join(allowed)}"
        response = problem(405, "Method not allowed", f"method = {req.method!r}: {rule}")
        response.headers["Allow"] = ", ".join(allowed)
        return response

    return result


@cache
def _text() -> str:
    return json.dumps(openapi_document())
