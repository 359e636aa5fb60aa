"""The durable client's HTTP API, with the routes and answers of the extension (HttpApiHandler)."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from local_host.durable import client_requests as asked
from local_host.durable.client_links import DEVELOPMENT_KEY, RPC_PATH, WEBHOOK_PATH, instance_links
from local_host.durable.engine import DurableEngine
from local_host.durable.errors import (
    EngineStoppedError,
    FunctionNotFoundError,
    InstanceExistsError,
    InstanceNotFoundError,
    InstanceStateError,
    InvalidRequestError,
    NotSupportedError,
)
from local_host.durable.history_view import view_history
from local_host.durable.instance import RuntimeStatus
from local_host.durable.status import InstanceQuery, InstanceStatus

_CONTINUATION = "x-ms-continuation-token"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
logger = logging.getLogger(__name__)

_REFUSALS = {
    InstanceExistsError: 409,
    FunctionNotFoundError: 400,
    InvalidRequestError: 400,
    EngineStoppedError: 503,
}

Handler = Callable[[Request], Awaitable[Response]]


def mounts(engine: DurableEngine) -> list[Mount]:
    """The API at the SDK's address, and at everybody's, where it asks for the key."""
    api = _ClientApi(engine)

    async def with_key(request: Request) -> Response:
        given = request.query_params.get("code") or request.headers.get("x-functions-key")
        return await api.answer(request) if given == DEVELOPMENT_KEY else Response(status_code=401)

    return [
        Mount(RPC_PATH, routes=[Route("/{path:path}", api.answer, methods=_METHODS)]),
        Mount(WEBHOOK_PATH, routes=[Route("/{path:path}", with_key, methods=_METHODS)]),
    ]


class _ClientApi:
    def __init__(self, engine: DurableEngine) -> None:
        self._engine = engine
        self._operations: dict[str, Handler] = {
            "terminate": self._with_reason(engine.terminate),
            "suspend": self._with_reason(engine.suspend),
            "resume": self._with_reason(engine.resume),
        }

    async def answer(self, request: Request) -> Response:
        """Turns the engine's refusals into the answers that the official client knows."""
        try:
            hub = request.query_params.get("taskHub")
            if hub and hub.lower() != self._engine.settings.hub_name.lower():
                raise InvalidRequestError("taskHub", hub, f"must be {self._engine.settings.hub_name!r}")
            return await self._handler(request)(request)
        except InstanceNotFoundError:
            return Response(status_code=404)
        except InstanceStateError as error:
            return Response(status_code=410) if RuntimeStatus(error.status).is_final else _refused(500, error)
        except NotSupportedError as error:
            # The official client tells its caller the number alone.
            logger.warning("request_not_supported path=%s reason=%s", request.url.path, error)
            return _refused(501, error)
        except (InstanceExistsError, FunctionNotFoundError, InvalidRequestError, EngineStoppedError) as error:
            return _refused(_REFUSALS[type(error)], error)

    def _handler(self, request: Request) -> Handler:  # noqa: PLR0911  # one for each route
        """Whose request it is. Fixed parts of a path are the same in any case; anything else is not found."""
        method, parts = request.method, request.path_params["path"].strip("/").split("/")
        match [parts[0].lower(), *parts[1:]]:
            case ["orchestrators", name, *rest] if len(rest) <= 1 and method == "POST":
                request.path_params.update(name=name, instance_id=rest[0] if rest else None)
                return self._start
            case ["entities", *_]:
                return _not_supported("entities")
            case ["instances"] if method == "GET":
                return self._query
            case ["instances"] if method == "DELETE":
                return _not_supported("purging by filter: purge each instance by its id")
            case ["instances", _, operation] if method == "POST" and operation.lower() in ("rewind", "restart"):
                return _not_supported(f"the operation {operation.lower()}")
            case ["instances", instance_id] if method in ("GET", "DELETE"):
                request.path_params.update(instance_id=instance_id)
                return self._status if method == "GET" else self._purge
            case ["instances", instance_id, operation] if method == "POST" and operation.lower() in self._operations:
                request.path_params.update(instance_id=instance_id)
                return self._operations[operation.lower()]
            case ["instances", instance_id, raised, name] if method == "POST" and raised.lower() == "raiseevent":
                request.path_params.update(instance_id=instance_id, name=name)
                return self._raise_event
            case _:
                return _not_found

    async def _start(self, request: Request) -> Response:
        instance_id = await self._engine.start_instance(
            request.path_params["name"],
            await asked.json_body(request),
            request.path_params["instance_id"],
            request.query_params.get("version"),
        )
        return await self._started(request, instance_id)

    async def _started(self, request: Request, instance_id: str) -> Response:
        """The answer to a start: where to look, or the output if the caller waits for it and it comes in time."""
        timeout, interval = asked.seconds(request, "timeout"), asked.seconds(request, "pollingInterval")
        if timeout is not None and interval is not None:
            if interval > timeout:
                raise InvalidRequestError("pollingInterval", interval, f"must not exceed the timeout of {timeout} s")
            try:
                async with asyncio.timeout(timeout):
                    status = await self._engine.wait_for_completion(instance_id)
            except TimeoutError:
                pass
            else:
                if status.runtime_status is RuntimeStatus.COMPLETED:
                    return Response(status.output or "null", media_type="application/json")
                return JSONResponse(_status_payload(status, show_input=True))
        origin = f"{request.url.scheme}://{request.url.netloc}"
        links = instance_links(origin, instance_id, self._engine.settings)
        headers = {"Location": links["statusQueryGetUri"], "Retry-After": "10"}
        return JSONResponse({"id": instance_id, **links}, 202, headers)

    async def _status(self, request: Request) -> Response:
        show_history = asked.flag(request, "showHistory", False)
        show_input = asked.flag(request, "showInput", True)
        status = await self._engine.get_status(request.path_params["instance_id"], with_history=show_history)
        payload = _status_payload(status, show_input=show_input)
        if status.history is not None:
            show_output = asked.flag(request, "showHistoryOutput", False)
            payload["historyEvents"] = view_history(status.history, show_input=show_input, show_output=show_output)
        if not status.runtime_status.is_final:
            return JSONResponse(payload, 202, {"Location": str(request.url), "Retry-After": "5"})
        failed = status.runtime_status is RuntimeStatus.FAILED
        as_error = asked.flag(request, "returnInternalServerErrorOnFailure", False)
        return JSONResponse(payload, 500 if failed and as_error else 200)

    async def _query(self, request: Request) -> Response:
        found, token = await self._engine.query(
            InstanceQuery(
                created_from=asked.time(request, "createdTimeFrom"),
                created_to=asked.time(request, "createdTimeTo"),
                instance_id_prefix=request.query_params.get("instanceIdPrefix"),
                statuses=asked.statuses(request),
                page_size=asked.page_size(request),
                page_token=request.headers.get(_CONTINUATION) or None,
            )
        )
        show_input = asked.flag(request, "showInput", True)
        payload = [_status_payload(status, show_input=show_input) for status in found]
        return JSONResponse(payload, headers={_CONTINUATION: token or ""})

    async def _purge(self, request: Request) -> Response:
        return JSONResponse({"instancesDeleted": await self._engine.purge(request.path_params["instance_id"])})

    async def _raise_event(self, request: Request) -> Response:
        instance_id, name = request.path_params["instance_id"], request.path_params["name"]
        status = await self._engine.get_status(instance_id)
        if status.runtime_status.is_final:
            return Response(status_code=410)
        await self._engine.raise_event(instance_id, name, await asked.json_body(request, content_type=True))
        return Response(status_code=202)

    def _with_reason(self, operation: Callable[[str, str], Awaitable[None]]) -> Handler:
        """A handler of an operation that takes the instance id and a reason."""

        async def handle(request: Request) -> Response:
            await operation(request.path_params["instance_id"], request.query_params.get("reason", ""))
            return Response(status_code=202)

        return handle


def _not_supported(what: str) -> Handler:
    async def refuse(_: Request) -> Response:
        raise NotSupportedError(what)

    return refuse


async def _not_found(_: Request) -> Response:
    return Response(status_code=404)


def _refused(status: int, error: Exception) -> Response:
    return JSONResponse({"Message": str(error), "ExceptionMessage": str(error)}, status)


def _status_payload(status: InstanceStatus, *, show_input: bool) -> dict[str, Any]:
    return {
        "name": status.name,
        "instanceId": status.instance_id,
        "runtimeStatus": status.runtime_status,
        "input": _decoded(status.input) if show_input else None,
        "customStatus": _decoded(status.custom_status),
        "output": _decoded(status.output),
        "createdTime": _whole_seconds(status.created_time),
        "lastUpdatedTime": _whole_seconds(status.last_updated_time),
    }


def _whole_seconds(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _decoded(text: str | None) -> Any:
    return None if text is None else json.loads(text)
