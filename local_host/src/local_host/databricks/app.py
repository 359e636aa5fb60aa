"""The ASGI app of the local workspace."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Mount, Route

from local_host.databricks.answer_shape import ShapeOrder
from local_host.databricks.api_error import ApiError, answer_api_error, answer_unknown_endpoint
from local_host.databricks.clusters_api import ClustersApi
from local_host.databricks.faults import FaultOrder
from local_host.databricks.gate import Gate
from local_host.databricks.jobs_api import JobsApi
from local_host.databricks.request_parsing import read_body
from local_host.databricks.run_logs import read_logs
from local_host.databricks.run_page import render_run, render_runs
from local_host.databricks.run_responses import USER_NAME
from local_host.databricks.serving_api import ServingApi
from local_host.databricks.task_execution import WORKSPACE_ID
from local_host.databricks.warehouses_api import WarehousesApi
from local_host.databricks.workspace import Workspace

_PAGE_LOG_BYTES = 64 * 1024
_PAGE_RUNS = 50
_PAGE_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


def create_app(workspace: Workspace, token: str, drop_connection: Callable[[tuple[str, int]], None]) -> Starlette:
    """Put the endpoints together.

    Args:
        token: the bearer token that API calls must carry.
        drop_connection: ends the connection of a client address, for the fault ``lost_response``.
    """
    pages = _Pages(workspace)
    control = _Control(workspace)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        workspace.start()
        yield
        await workspace.close()

    jobs = JobsApi(workspace).routes()
    return Starlette(
        routes=[
            Route("/", pages.runs),
            Route("/run/{run_id:int}", pages.run),
            Route("/health", control.health),
            Route("/.well-known/databricks-config", control.discovery),
            Route("/api/2.0/preview/scim/v2/Me", control.me),
            Route("/faults", control.faults, methods=["GET", "POST", "DELETE"]),
            Route("/answers", control.answers, methods=["GET", "PUT"]),
            Mount("/api/2.1/jobs", routes=jobs),
            Mount("/api/2.2/jobs", routes=jobs),
            Mount("/api/2.1/clusters", routes=ClustersApi(workspace).routes()),
            Mount("/api/2.0/sql", routes=WarehousesApi(workspace).routes()),
            *ServingApi(workspace).routes(),
        ],
        middleware=[
            # A page elsewhere cannot reach this host through a name of its own that points to 127.0.0.1.
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
            Middleware(Gate, token=token, faults=workspace.faults, drop_connection=drop_connection),
        ],
        exception_handlers={ApiError: answer_api_error, 404: answer_unknown_endpoint, 405: answer_unknown_endpoint},
        lifespan=lifespan,
    )


class _Control:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def health(self, _request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "jobs": [settings.name for settings in self._workspace.jobs.values()]})

    async def discovery(self, _request: Request) -> JSONResponse:
        return JSONResponse({})

    async def me(self, _request: Request) -> JSONResponse:
        user = {"id": "1", "userName": USER_NAME, "displayName": "Local user", "active": True}
        return JSONResponse(user, headers={"X-Databricks-Org-Id": str(WORKSPACE_ID)})

    async def faults(self, request: Request) -> JSONResponse:
        faults = self._workspace.faults
        if request.method == "POST":
            faults.order(await read_body(request, FaultOrder))
        elif request.method == "DELETE":
            faults.clear()
        shown = [order.model_dump(mode="json", exclude_none=True) | {"left": left} for order, left in faults.pending()]
        return JSONResponse({"faults": shown})

    async def answers(self, request: Request) -> JSONResponse:
        answers = self._workspace.answers
        if request.method == "PUT":
            answers.shape = (await read_body(request, ShapeOrder)).shape
        return JSONResponse({"shape": answers.shape})


class _Pages:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def runs(self, _request: Request) -> HTMLResponse:
        return HTMLResponse(render_runs(self._workspace.runs.select([], _PAGE_RUNS)), headers=_PAGE_HEADERS)

    async def run(self, request: Request) -> HTMLResponse:
        run = self._workspace.runs.get(request.path_params["run_id"])
        if run is None:
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Run {request.path_params['run_id']} does not exist.")
        folder_of = self._workspace.execution.folder_of
        task_runs = [
            (task_run, read_logs(folder_of(task_run.run_id), _PAGE_LOG_BYTES)[0])
            for task_run in self._workspace.task_runs.of(run.run_id)
        ]
        return HTMLResponse(render_run(run, task_runs), headers=_PAGE_HEADERS)
