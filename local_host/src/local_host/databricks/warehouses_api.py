"""The SQL warehouses API: enough to see what costs money and to stop it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local_host.databricks.api_error import ApiError, InvalidParameterError
from local_host.databricks.compute_settings import WarehouseSettings
from local_host.databricks.request_parsing import read_body, read_optional_integer
from local_host.databricks.run_responses import USER_NAME
from local_host.databricks.warehouse_store import Warehouse
from local_host.databricks.workspace import Workspace

_PAGE = 100


class WarehousesApi:
    """Endpoints under ``/api/2.0/sql/warehouses``."""

    def __init__(self, workspace: Workspace) -> None:
        self._warehouses = workspace.warehouses

    def routes(self) -> list[Route]:
        """Routes relative to ``/api/2.0/sql``, because the collection has no slash at its end."""
        return [
            Route("/warehouses", self.list_warehouses, methods=["GET"]),
            Route("/warehouses", self.create, methods=["POST"]),
            Route("/warehouses/{warehouse_id}", self.get_warehouse),
            Route("/warehouses/{warehouse_id}/start", self.start, methods=["POST"]),
            Route("/warehouses/{warehouse_id}/stop", self.stop, methods=["POST"]),
        ]

    async def list_warehouses(self, request: Request) -> JSONResponse:
        """Warehouses, oldest first; ``page_token`` is the sequence number of the page before's last."""
        size = read_optional_integer(request, "page_size", least=1, most=_PAGE) or _PAGE
        after = read_optional_integer(request, "page_token") or 0
        found = [warehouse for warehouse in self._warehouses.all() if warehouse.sequence > after]
        answer: dict[str, Any] = {"warehouses": [_warehouse_json(warehouse) for warehouse in found[:size]]}
        if len(found) > size:
            answer["next_page_token"] = str(found[size - 1].sequence)
        return JSONResponse(answer)

    async def get_warehouse(self, request: Request) -> JSONResponse:
        """One warehouse."""
        return JSONResponse(_warehouse_json(self._required(request)))

    async def create(self, request: Request) -> JSONResponse:
        """Create a warehouse, which starts at once."""
        settings = await read_body(request, WarehouseSettings)
        if any(warehouse.settings.name == settings.name for warehouse in self._warehouses.all()):
            raise InvalidParameterError(f"name: a SQL warehouse with the name {settings.name!r} exists already")
        return JSONResponse({"id": self._warehouses.create(settings).warehouse_id})

    async def start(self, request: Request) -> JSONResponse:
        """Start a warehouse."""
        self._warehouses.start(self._required(request).warehouse_id)
        return JSONResponse({})

    async def stop(self, request: Request) -> JSONResponse:
        """Stop a warehouse."""
        self._warehouses.stop(self._required(request).warehouse_id)
        return JSONResponse({})

    def _required(self, request: Request) -> Warehouse:
        warehouse_id = request.path_params["warehouse_id"]
        warehouse = self._warehouses.get(warehouse_id)
        if warehouse is None:
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"SQL warehouse {warehouse_id} does not exist.")
        return warehouse


def _warehouse_json(warehouse: Warehouse) -> dict[str, Any]:
    return warehouse.settings.model_dump(mode="json") | {
        "id": warehouse.warehouse_id,
        "creator_name": USER_NAME,
        "state": warehouse.state,
        "num_clusters": 1 if warehouse.state == "RUNNING" else 0,
        "num_active_sessions": 0,
    }
