"""The host's own HTTP API under /admin, shaped as the real host's."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local_host.functions.errors import InvocationFailedError
from local_host.functions.index import IndexedFunction
from local_host.functions.triggers.source import TriggerSource

logger = logging.getLogger(__name__)


class HostState(Protocol):
    """What the status page reports."""

    def status(self) -> dict[str, Any]:
        """`state` ("Initialized", "Running", "Stopping") and figures beside it."""
        ...


class AdminApi:
    """Host status, the list of functions, and running a function by hand."""

    def __init__(
        self,
        host: HostState,
        base_url: str,
        index: Sequence[IndexedFunction],
        sources: Mapping[str, TriggerSource],
    ) -> None:
        self._host = host
        self._base_url = base_url
        self._index = {function.name.casefold(): function for function in index}
        self._sources = sources
        self._runs: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """Host status and ping, `GET /admin/functions[/{name}]` and `POST /admin/functions/{name}`."""
        return [
            Route("/admin/host/ping", self._ping, methods=["GET", "POST"]),
            Route("/admin/host/status", self._status, methods=["GET"]),
            Route("/admin/functions", self._list, methods=["GET"]),
            Route("/admin/functions/{name}", self._show, methods=["GET"]),
            Route("/admin/functions/{name}", self._run, methods=["POST"]),
        ]

    async def _status(self, _request: Request) -> Response:
        return JSONResponse(self._host.status())

    async def _ping(self, _request: Request) -> Response:
        """The process answers, whatever state the host is in."""
        return Response(status_code=200, headers={"Cache-Control": "no-store"})

    async def _list(self, _request: Request) -> Response:
        return JSONResponse([self._describe(function) for function in self._index.values()])

    async def _show(self, request: Request) -> Response:
        function = self._index.get(request.path_params["name"].casefold())
        return Response(status_code=404) if function is None else JSONResponse(self._describe(function))

    def _describe(self, function: IndexedFunction) -> dict[str, Any]:
        return {
            "name": function.name,
            "href": f"{self._base_url}/admin/functions/{function.name}",
            "language": "python",
            "isDisabled": False,
            "config": {"name": function.name, "bindings": list(function.bindings)},
        }

    async def _run(self, request: Request) -> Response:
        """Starts a function and answers 202 at once; its outcome is in the log, as with the real host."""
        function = self._index.get(request.path_params["name"].casefold())
        if function is None:
            return Response(status_code=404)
        source = self._sources.get(function.trigger.type)
        if source is None:
            rule = (
                f"function {function.name!r} has trigger type {function.trigger.type!r}; start an orchestration instead"
            )
            return PlainTextResponse(rule, status_code=400)
        try:
            document = json.loads(await request.body() or b"{}")
        except ValueError as error:
            return PlainTextResponse(f"the body is not JSON: {error}", status_code=400)
        text = document.get("input", "") if isinstance(document, dict) else None
        if not isinstance(text, str):
            return PlainTextResponse('the body must be {"input": "<text>"}', status_code=400)
        if function.trigger.type == "httpTrigger":
            return PlainTextResponse(f"function {function.name!r} is an HTTP function: call its route", status_code=400)
        run = asyncio.create_task(self._run_now(source, function.name, text))
        # The loop keeps only a weak reference to a task.
        self._runs.add(run)
        run.add_done_callback(self._runs.discard)
        return Response(status_code=202)

    async def _run_now(self, source: TriggerSource, function: str, text: str) -> None:
        try:
            await source.run_now(function, text)
        except InvocationFailedError as failure:
            logger.warning("manual_run_failed function=%s invocation_id=%s", function, failure.invocation_id)
        except ValueError as error:
            logger.warning("manual_run_refused function=%s error=%s", function, error)
