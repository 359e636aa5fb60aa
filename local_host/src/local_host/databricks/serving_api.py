"""The serving endpoints API: what serves, moving it to another version, and asking it for predictions."""

import random
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_host.databricks.api_error import ApiError
from local_host.databricks.endpoint_store import Endpoint, unknown_endpoint
from local_host.databricks.request_parsing import read_body
from local_host.databricks.run_responses import USER_NAME
from local_host.databricks.serving_config import EndpointConfig, EndpointSettings
from local_host.databricks.workspace import Workspace


class ServingApi:
    """Endpoints under ``/api/2.0/serving-endpoints`` and ``/serving-endpoints``."""

    def __init__(self, workspace: Workspace) -> None:
        self._endpoints = workspace.endpoints
        self._updates = workspace.endpoint_updates
        self._workers = workspace.model_workers

    def routes(self) -> list[Route]:
        """Absolute routes, because the collection has no slash at its end."""
        collection = "/api/2.0/serving-endpoints"
        return [
            Route(collection, self.list_endpoints, methods=["GET"]),
            Route(collection, self.create, methods=["POST"]),
            Route(f"{collection}/{{name}}", self.get_endpoint),
            Route(f"{collection}/{{name}}/config", self.update_config, methods=["PUT"]),
            Route("/serving-endpoints/{name}/invocations", self.invoke, methods=["POST"]),
        ]

    async def list_endpoints(self, _request: Request) -> JSONResponse:
        """All endpoints."""
        return JSONResponse({"endpoints": [_endpoint_json(endpoint) for endpoint in self._endpoints.all()]})

    async def get_endpoint(self, request: Request) -> JSONResponse:
        """One endpoint, with what serves and what an update brings."""
        return JSONResponse(_endpoint_json(self._required(request)))

    async def create(self, request: Request) -> JSONResponse:
        """Create an endpoint and begin to deploy its configuration."""
        return JSONResponse(_endpoint_json(await self._updates.create(await read_body(request, EndpointSettings))))

    async def update_config(self, request: Request) -> JSONResponse:
        """Begin to replace what an endpoint serves; 409 while another update is under way."""
        name = self._required(request).name
        config = await read_body(request, EndpointConfig)
        return JSONResponse(_endpoint_json(await self._updates.begin(name, config)))

    async def invoke(self, request: Request) -> Response:
        """Predict with a served model, chosen by its share of the traffic."""
        endpoint = self._required(request)
        if endpoint.config is None:
            raise ApiError(400, "INVALID_STATE", f"Endpoint '{endpoint.name}' serves nothing yet.")
        shares = endpoint.config.shares()
        name = random.choices(list(shares), list(shares.values()))[0]
        entity = next(entity for entity in endpoint.config.served_entities if entity.served_name == name)
        answer = await self._workers.predict(
            entity.entity_name,
            entity.entity_version,
            await request.body(),
            request.headers.get("Content-Type", "application/json"),
        )
        return Response(
            answer.content,
            answer.status_code,
            {"Content-Type": answer.headers.get("Content-Type", "application/json"), "served-model-name": name},
        )

    def _required(self, request: Request) -> Endpoint:
        endpoint = self._endpoints.get(request.path_params["name"])
        if endpoint is None:
            raise unknown_endpoint(request.path_params["name"])
        return endpoint


def _endpoint_json(endpoint: Endpoint) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": endpoint.name,
        "id": endpoint.endpoint_id,
        "creator": USER_NAME,
        "creation_timestamp": endpoint.created_ms,
        "last_updated_timestamp": endpoint.updated_ms,
        "description": endpoint.settings.description,
        "tags": [tag.model_dump() for tag in endpoint.settings.tags],
        "state": {
            "ready": "NOT_READY" if endpoint.config is None else "READY",
            "config_update": endpoint.config_update,
        },
    }
    if endpoint.config is not None:
        shown["config"] = _config_json(endpoint.config, endpoint.config_version, "DEPLOYMENT_READY", "")
    if endpoint.pending_config is not None:
        failed = endpoint.config_update == "UPDATE_FAILED"
        deployment = "DEPLOYMENT_FAILED" if failed else "DEPLOYMENT_CREATING"
        pending = _config_json(endpoint.pending_config, endpoint.config_version + 1, deployment, endpoint.failure)
        shown["pending_config"] = pending | {"start_time": endpoint.pending_since_ms}
    return shown


def _config_json(config: EndpointConfig, version: int, deployment: str, message: str) -> dict[str, Any]:
    state = {"deployment": deployment, "deployment_state_message": message}
    return {
        "config_version": version,
        "served_entities": [
            entity.model_dump(mode="json") | {"name": entity.served_name, "creator": USER_NAME, "state": state}
            for entity in config.served_entities
        ],
        "traffic_config": {
            "routes": [
                {"served_model_name": name, "traffic_percentage": share} for name, share in config.shares().items()
            ]
        },
    }
