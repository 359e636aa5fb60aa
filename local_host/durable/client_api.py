"""The durable client's HTTP API, and the binding that tells the official client where it is."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_host.durable.clock import format_time, parse_time, utc_now
from local_host.durable.engine import DurableEngine
from local_host.durable.errors import (
    EngineStoppedError,
    FunctionNotFoundError,
    InstanceExistsError,
    InstanceNotFoundError,
    InstanceStateError,
    InvalidRequestError,
)
from local_host.durable.history_view import view_history
from local_host.durable.instance import RuntimeStatus
from local_host.durable.settings import DurableSettings
from local_host.durable.status import InstanceQuery, InstanceStatus

_CONTINUATION = "x-ms-continuation-token"
_RETRY_AFTER_SECONDS = "5"

Handler = Callable[[Request], Awaitable[Response]]


def client_binding(base_url: str, settings: DurableSettings) -> str:
    """The JSON text of a durable client binding, for a host at `base_url` (as `http://127.0.0.1:7071`)."""
    api = f"{base_url.rstrip('/')}/durabletask"
    return json.dumps(
        {
            "taskHubName": settings.hub_name,
            "creationUrls": {
                "createNewInstancePostUri": f"{api}/orchestrators/{{functionName}}[/{{instanceId}}]",
                "createAndWaitOnNewInstancePostUri": f"{api}/orchestrators/{{functionName}}[/{{instanceId}}]"
                "?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}",
            },
            "managementUrls": _management_urls(api, "INSTANCEID"),
            "rpcBaseUrl": f"{api}/",
            "baseUrl": f"{api}/",
            "requiredQueryStringParameters": "",
        }
    )


def _management_urls(api: str, instance_id: str) -> dict[str, str]:
    instance = f"{api}/instances/{instance_id}"
    return {
        "id": instance_id,
        "statusQueryGetUri": instance,
        "sendEventPostUri": f"{instance}/raiseEvent/{{eventName}}",
        "terminatePostUri": f"{instance}/terminate?reason={{text}}",
        "rewindPostUri": f"{instance}/rewind?reason={{text}}",
        "purgeHistoryDeleteUri": instance,
        "restartPostUri": f"{instance}/restart",
        "suspendPostUri": f"{instance}/suspend?reason={{text}}",
        "resumePostUri": f"{instance}/resume?reason={{text}}",
    }


def routes(engine: DurableEngine) -> list[Route]:
    """The API's routes, to be mounted under `/durabletask`."""
    api = _ClientApi(engine)
    return [
        Route("/orchestrators/{name}", _guarded(api.start), methods=["POST"]),
        Route("/orchestrators/{name}/{instance_id}", _guarded(api.start), methods=["POST"]),
        Route("/instances", _guarded(api.query), methods=["GET"]),
        Route("/instances/", _guarded(api.query), methods=["GET"]),
        Route("/instances", _guarded(api.purge_by), methods=["DELETE"]),
        Route("/instances/", _guarded(api.purge_by), methods=["DELETE"]),
        Route("/instances/{instance_id}", _guarded(api.status), methods=["GET"]),
        Route("/instances/{instance_id}", _guarded(api.purge), methods=["DELETE"]),
        Route("/instances/{instance_id}/raiseEvent/{name}", _guarded(api.raise_event), methods=["POST"]),
        Route("/instances/{instance_id}/terminate", _guarded(api.operate(engine.terminate)), methods=["POST"]),
        Route("/instances/{instance_id}/suspend", _guarded(api.operate(engine.suspend)), methods=["POST"]),
        Route("/instances/{instance_id}/resume", _guarded(api.operate(engine.resume)), methods=["POST"]),
        Route("/instances/{instance_id}/rewind", _guarded(api.operate(engine.rewind)), methods=["POST"]),
        Route("/instances/{instance_id}/restart", _guarded(api.restart), methods=["POST"]),
        Route("/entities/{name}/{key}", _guarded(api.entity_state), methods=["GET"]),
        Route("/entities/{name}/{key}", _guarded(api.signal_entity), methods=["POST"]),
    ]


def _guarded(handler: Handler) -> Handler:
    """Turns the engine's refusals into the statuses that the official client knows."""

    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except InstanceNotFoundError as error:
            return _refused(404, error)
        except InstanceStateError as error:
            return _refused(410, error)
        except InstanceExistsError as error:
            return _refused(409, error)
        except (FunctionNotFoundError, InvalidRequestError) as error:
            return _refused(400, error)
        except EngineStoppedError as error:
            return _refused(503, error)

    return guarded


def _refused(status: int, error: Exception) -> Response:
    # An unknown instance's status must be falsy in the SDK: a text is, an object would be taken for a status.
    content: Any = str(error) if status == 404 else {"Message": str(error), "ExceptionMessage": str(error)}
    return JSONResponse(content, status)


class _ClientApi:
    def __init__(self, engine: DurableEngine) -> None:
        self._engine = engine

    async def start(self, request: Request) -> Response:
        instance_id = await self._engine.start_instance(
            request.path_params["name"],
            await _json_body(request),
            request.path_params.get("instance_id"),
            request.query_params.get("version"),
        )
        return _check_status(request, instance_id)

    async def status(self, request: Request) -> Response:
        show_history = _flag(request, "showHistory", False)
        status = await self._engine.get_status(request.path_params["instance_id"], with_history=show_history)
        payload = _status_payload(status, show_input=_flag(request, "showInput", True))
        if status.history is not None:
            payload["historyEvents"] = view_history(
                status.history,
                show_input=_flag(request, "showInput", True),
                show_output=_flag(request, "showHistoryOutput", False),
            )
        if not status.runtime_status.is_final:
            headers = {"Location": str(request.url), "Retry-After": _RETRY_AFTER_SECONDS}
            return JSONResponse(payload, 202, headers)
        failed = status.runtime_status is RuntimeStatus.FAILED
        return JSONResponse(
            payload, 500 if failed and _flag(request, "returnInternalServerErrorOnFailure", False) else 200
        )

    async def query(self, request: Request) -> Response:
        found, token = await self._engine.query(
            InstanceQuery(
                created_from=_time(request, "createdTimeFrom"),
                created_to=_time(request, "createdTimeTo"),
                instance_id_prefix=request.query_params.get("instanceIdPrefix"),
                statuses=_statuses(request),
                page_size=_page_size(request),
                page_token=request.headers.get(_CONTINUATION) or None,
            )
        )
        show_input = _flag(request, "showInput", True)
        payload = [_status_payload(status, show_input=show_input) for status in found]
        return JSONResponse(payload, headers={_CONTINUATION: token or ""})

    async def purge(self, request: Request) -> Response:
        deleted = await self._engine.purge(request.path_params["instance_id"])
        return JSONResponse({"instancesDeleted": deleted})

    async def purge_by(self, request: Request) -> Response:
        created_from = _time(request, "createdTimeFrom")
        if created_from is None:
            raise InvalidRequestError("createdTimeFrom", None, "must be given to purge by filter")
        statuses = _statuses(request)
        deleted = await self._engine.purge_by(
            created_from,
            _time(request, "createdTimeTo") or utc_now(),
            tuple(RuntimeStatus) if statuses is None else statuses,
        )
        return JSONResponse({"instancesDeleted": deleted}, 200 if deleted else 404)

    async def raise_event(self, request: Request) -> Response:
        instance_id, name = request.path_params["instance_id"], request.path_params["name"]
        await self._engine.raise_event(instance_id, name, await _json_body(request))
        return Response(status_code=202)

    def operate(self, operation: Callable[[str, str], Awaitable[None]]) -> Handler:
        """A handler of an operation that takes the instance id and a reason."""

        async def handle(request: Request) -> Response:
            await operation(request.path_params["instance_id"], request.query_params.get("reason", ""))
            return Response(status_code=202)

        return handle

    async def restart(self, request: Request) -> Response:
        new_id = await self._engine.restart(
            request.path_params["instance_id"],
            with_new_instance_id=_flag(request, "restartWithNewInstanceId", True),
        )
        return _check_status(request, new_id)

    async def entity_state(self, request: Request) -> Response:
        exists, state = await self._engine.read_entity_state(request.path_params["name"], request.path_params["key"])
        if not exists:
            return Response(status_code=404)
        return Response(state or "null", media_type="application/json")

    async def signal_entity(self, request: Request) -> Response:
        name, key = request.path_params["name"], request.path_params["key"]
        await self._engine.signal_entity(name, key, request.query_params.get("op", ""), await _json_body(request))
        return Response(status_code=202)


def _check_status(request: Request, instance_id: str) -> Response:
    """The answer that tells where to watch a new instance."""
    api = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
    urls = _management_urls(api, instance_id)
    return JSONResponse(urls, 202, {"Location": urls["statusQueryGetUri"], "Retry-After": "10"})


def _status_payload(status: InstanceStatus, *, show_input: bool) -> dict[str, Any]:
    return {
        "name": status.name,
        "instanceId": status.instance_id,
        "runtimeStatus": status.runtime_status,
        "input": _decoded(status.input) if show_input else None,
        "customStatus": _decoded(status.custom_status),
        "output": _decoded(status.output),
        "createdTime": format_time(status.created_time),
        "lastUpdatedTime": format_time(status.last_updated_time),
    }


def _decoded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


async def _json_body(request: Request) -> str | None:
    """The body as JSON text; None if there is none."""
    body = await request.body()
    if not body:
        return None
    try:
        text = body.decode()
        json.loads(text)
    except ValueError as error:
        raise InvalidRequestError("body", body[:100], f"must be JSON ({error})") from error
    return text


def _flag(request: Request, name: str, default: bool) -> bool:
    value = request.query_params.get(name)
    if value is None:
        return default
    if value.lower() not in ("true", "false"):
        raise InvalidRequestError(name, value, "must be true or false")
    return value.lower() == "true"


def _time(request: Request, name: str) -> datetime | None:
    value = request.query_params.get(name)
    if not value:
        return None
    try:
        return parse_time(value)
    except ValueError as error:
        raise InvalidRequestError(name, value, "must be an ISO 8601 time") from error


def _statuses(request: Request) -> tuple[RuntimeStatus, ...] | None:
    value = request.query_params.get("runtimeStatus")
    if not value:
        return None
    known = {status.lower(): status for status in RuntimeStatus}
    unknown = [name for name in value.split(",") if name.strip().lower() not in known]
    if unknown:
        raise InvalidRequestError("runtimeStatus", unknown[0], f"must be one of {', '.join(RuntimeStatus)}")
    return tuple(known[name.strip().lower()] for name in value.split(","))


def _page_size(request: Request) -> int | None:
    value = request.query_params.get("top")
    if not value:
        return None
    if not value.isdigit() or int(value) == 0:
        raise InvalidRequestError("top", value, "must be a whole number of at least 1")
    return int(value)
