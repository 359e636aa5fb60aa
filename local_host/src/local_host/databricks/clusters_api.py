"""The Clusters API: enough to see what costs money and to stop it."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local_host.databricks.api_error import ApiError, InvalidParameterError
from local_host.databricks.cluster_store import Cluster, Reason
from local_host.databricks.definitions import Part
from local_host.databricks.request_parsing import read_body, read_optional_integer
from local_host.databricks.run_responses import USER_NAME
from local_host.databricks.workspace import Workspace

_PAGE, _MOST = 20, 100
_REASON_TYPES: dict[Reason, str] = {
    "JOB_FINISHED": "SUCCESS",
    "USER_REQUEST": "SUCCESS",
    "CLOUD_PROVIDER_LAUNCH_FAILURE": "CLOUD_FAILURE",
    "SPOT_INSTANCE_TERMINATION": "CLOUD_FAILURE",
}


class CreateCluster(BaseModel):
    """``POST /clusters/create``: a record only, so every field of a cluster's specification is kept and shown."""

    model_config = ConfigDict(extra="allow", frozen=True)

    # As in the API: a cluster that is given no name has an empty one.
    cluster_name: str = ""
    spark_version: str


class ClusterReference(Part):
    """Body of the requests that name one cluster."""

    cluster_id: str


class ClustersApi:
    """Endpoints under ``/api/2.1/clusters``."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def routes(self) -> list[Route]:
        """Routes relative to ``/clusters``."""
        return [
            Route("/list", self.list_clusters),
            Route("/get", self.get_cluster),
            Route("/create", self.create, methods=["POST"]),
            Route("/start", self.start, methods=["POST"]),
            Route("/delete", self.delete, methods=["POST"]),
        ]

    async def list_clusters(self, request: Request) -> JSONResponse:
        """Clusters, newest first, filtered by state and source if asked.

        ``page_token`` is the sequence number of the page before's last.
        """
        states = request.query_params.getlist("filter_by.cluster_states")
        sources = request.query_params.getlist("filter_by.cluster_sources")
        size = read_optional_integer(request, "page_size", most=_MOST) or _PAGE
        before = read_optional_integer(request, "page_token")
        found = [
            cluster
            for cluster in self._workspace.clusters.all()
            if (not states or cluster.state in states)
            and (not sources or cluster.source in sources)
            and (before is None or cluster.sequence < before)
        ]
        answer: dict[str, Any] = {"clusters": [_cluster_json(cluster) for cluster in found[:size]]}
        if len(found) > size:
            answer["next_page_token"] = str(found[size - 1].sequence)
        return JSONResponse(answer)

    async def get_cluster(self, request: Request) -> JSONResponse:
        """One cluster."""
        return JSONResponse(_cluster_json(self._required(request.query_params.get("cluster_id", ""))))

    async def create(self, request: Request) -> JSONResponse:
        """Record a running cluster."""
        body = await read_body(request, CreateCluster)
        cluster = self._workspace.clusters.create(body.cluster_name, body.model_dump(mode="json"))
        return JSONResponse({"cluster_id": cluster.cluster_id})

    async def start(self, request: Request) -> JSONResponse:
        """Start a terminated cluster. In any other state Databricks refuses, although its documentation denies it."""
        cluster = self._required((await read_body(request, ClusterReference)).cluster_id)
        if cluster.source == "JOB":
            raise InvalidParameterError(f"Cluster {cluster.cluster_id} was launched to run a job and cannot be started")
        if cluster.state != "TERMINATED":
            message = f"Cluster {cluster.cluster_id} is in unexpected state {cluster.state.capitalize()}."
            raise ApiError(400, "INVALID_STATE", message)
        self._workspace.clusters.start(cluster.cluster_id)
        return JSONResponse({})

    async def delete(self, request: Request) -> JSONResponse:
        """Terminate a cluster and the task runs on it. As on Databricks the cluster stays listed."""
        cluster = self._required((await read_body(request, ClusterReference)).cluster_id)
        self._workspace.executor.stop_cluster(cluster.cluster_id)
        return JSONResponse({})

    def _required(self, cluster_id: str) -> Cluster:
        cluster = self._workspace.clusters.get(cluster_id)
        if cluster is None:
            raise InvalidParameterError(f"Cluster {cluster_id} does not exist")
        return cluster


def _cluster_json(cluster: Cluster) -> dict[str, Any]:
    shown: dict[str, Any] = {
        **cluster.spec,
        "cluster_id": cluster.cluster_id,
        "cluster_name": cluster.cluster_name,
        "cluster_source": cluster.source,
        "creator_user_name": USER_NAME,
        "state": cluster.state,
        "state_message": "" if cluster.reason is None else f"{cluster.state.capitalize()}: {cluster.reason}",
        "start_time": cluster.started_ms,
        "default_tags": {"Vendor": "Databricks", "ClusterId": cluster.cluster_id, "ClusterName": cluster.cluster_name},
        "spec": cluster.spec,
    }
    if cluster.reason is not None:
        shown["terminated_time"] = cluster.terminated_ms
        shown["termination_reason"] = {"code": cluster.reason, "type": _REASON_TYPES[cluster.reason]}
    return shown
