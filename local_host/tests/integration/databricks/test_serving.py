"""Serving endpoints through the real SDK, with models in a real MLflow registry."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, InternalError, InvalidParameterValue, NotFound, ResourceConflict
from databricks.sdk.service.serving import (
    DataframeSplitInput,
    EndpointCoreConfigInput,
    EndpointStateConfigUpdate,
    EndpointStateReady,
    ServedEntityInput,
    ServingEndpointDetailed,
)

from local_host.stack.endpoints import Endpoints
from local_host.testing.workspace_process import Host, until

from .served_models import BROKEN, MODEL, register_models

pytestmark = pytest.mark.xdist_group("mlflow")


@pytest.fixture(scope="module")
def registry(tracked: Endpoints) -> str:
    """An MLflow server with models to serve."""
    register_models(tracked)
    return tracked.mlflow_url


@pytest.fixture(scope="module")
def serving_host(registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host whose updates take no time."""
    host = Host(tmp_path_factory.mktemp("serving"), options=["--registry", registry, "--settle-seconds", "0"])
    host.start()
    yield host
    host.close()


@pytest.fixture
def slow_host(registry: str, tmp_path: Path) -> Iterator[Host]:
    """A host of the test's own, whose updates take longer than any test."""
    host = Host(tmp_path, options=["--registry", registry, "--settle-seconds", "600"])
    host.start()
    yield host
    host.close()


@pytest.fixture(scope="module")
def client(serving_host: Host) -> WorkspaceClient:
    """A client of the host without delays."""
    return serving_host.client()


def _entity(model: str, version: str) -> ServedEntityInput:
    return ServedEntityInput(entity_name=model, entity_version=version, scale_to_zero_enabled=True)


def _create(client: WorkspaceClient, name: str, model: str, version: str) -> None:
    client.serving_endpoints.create(
        name, config=EndpointCoreConfigInput(name, served_entities=[_entity(model, version)])
    )


def _settled(client: WorkspaceClient, name: str) -> ServingEndpointDetailed:
    def probe() -> ServingEndpointDetailed | None:
        endpoint = client.serving_endpoints.get(name)
        assert endpoint.state is not None
        return None if endpoint.state.config_update == EndpointStateConfigUpdate.IN_PROGRESS else endpoint

    return until(probe)


def _served(endpoint: ServingEndpointDetailed) -> list[tuple[str | None, str | None]]:
    entities = (endpoint.config.served_entities if endpoint.config else None) or []
    return [(entity.entity_name, entity.entity_version) for entity in entities]


def test_an_endpoint_moves_to_another_version(client: WorkspaceClient) -> None:
    """Ready with the first version, then with the second, which answers differently."""
    _create(client, "moving", MODEL, "1")
    created = _settled(client, "moving")
    assert created.state is not None
    assert (created.state.ready, _served(created)) == (EndpointStateReady.READY, [(MODEL, "1")])
    rows = DataframeSplitInput(columns=["a", "b"], data=[[1.0, 2.0], [2.0, 0.0]])
    assert client.serving_endpoints.query("moving", dataframe_split=rows).predictions == pytest.approx([3.0, 2.0])
    client.serving_endpoints.update_config("moving", served_entities=[_entity(MODEL, "2")])
    assert _served(_settled(client, "moving")) == [(MODEL, "2")]
    records = [{"a": 1.0, "b": 2.0}, {"b": 0.0, "a": 2.0}]
    answer = client.serving_endpoints.query("moving", dataframe_records=records)
    assert answer.predictions == pytest.approx([30.0, 20.0])
    assert answer.served_model_name == f"{MODEL}-2"


def test_a_wrong_schema_is_named(client: WorkspaceClient) -> None:
    """400 with the column that is missing, or the field that the request lacks."""
    _create(client, "strict", MODEL, "1")
    _settled(client, "strict")
    with pytest.raises(BadRequest, match=r"missing inputs \['b'\]"):
        client.serving_endpoints.query("strict", dataframe_records=[{"a": 1.0}])
    with pytest.raises(BadRequest, match="dataframe_split"):
        client.serving_endpoints.query("strict", extra_params={"a": "b"})


def test_what_does_not_exist(client: WorkspaceClient) -> None:
    """Endpoint, model and version are named; nothing is created."""
    with pytest.raises(NotFound, match="The endpoint with name 'none' does not exist"):
        client.serving_endpoints.get("none")
    with pytest.raises(NotFound, match=f"Version 99 of registered model '{MODEL}' does not exist"):
        _create(client, "absent", MODEL, "99")
    with pytest.raises(NotFound, match="'absent' does not exist"):
        client.serving_endpoints.query("absent", dataframe_records=[{"a": 1.0}])


def test_a_version_without_files(client: WorkspaceClient) -> None:
    """Its deployment fails and says why; what served before goes on."""
    _create(client, "kept", MODEL, "1")
    _settled(client, "kept")
    client.serving_endpoints.update_config("kept", served_entities=[_entity(BROKEN, "1")])
    endpoint = _settled(client, "kept")
    assert endpoint.state is not None
    assert (endpoint.state.ready, endpoint.state.config_update) == (
        EndpointStateReady.READY,
        EndpointStateConfigUpdate.UPDATE_FAILED,
    )
    assert _served(endpoint) == [(MODEL, "1")]
    assert endpoint.pending_config is not None
    [pending] = endpoint.pending_config.served_entities or []
    assert pending.state is not None
    assert pending.state.deployment_state_message == (
        f"Version 1 of '{BROKEN}' has no MLmodel file in the registry (HTTP 404)."
    )


def test_a_model_that_cannot_be_loaded(client: WorkspaceClient) -> None:
    """The answer says why."""
    _create(client, "unloadable", BROKEN, "2")
    _settled(client, "unloadable")
    with pytest.raises(InternalError, match=f"'{BROKEN}' version 2 does not serve: .*UnpicklingError"):
        client.serving_endpoints.query("unloadable", dataframe_records=[{"a": 1.0}])


def test_an_ordered_failure(serving_host: Host, client: WorkspaceClient) -> None:
    """One update fails, the next does not."""
    _create(client, "unlucky", MODEL, "1")
    _settled(client, "unlucky")
    serving_host.order_fault(kind="endpoint_update_failure")
    client.serving_endpoints.update_config("unlucky", served_entities=[_entity(MODEL, "2")])
    assert _served(_settled(client, "unlucky")) == [(MODEL, "1")]
    client.serving_endpoints.update_config("unlucky", served_entities=[_entity(MODEL, "2")])
    assert _served(_settled(client, "unlucky")) == [(MODEL, "2")]


def test_one_update_at_a_time(slow_host: Host) -> None:
    """Another one is refused with 409; an endpoint whose first is under way serves nothing yet."""
    client = slow_host.client()
    _create(client, "busy", MODEL, "1")
    endpoint = client.serving_endpoints.get("busy")
    assert endpoint.state is not None
    assert (endpoint.state.ready, endpoint.state.config_update) == (
        EndpointStateReady.NOT_READY,
        EndpointStateConfigUpdate.IN_PROGRESS,
    )
    with pytest.raises(ResourceConflict, match="Endpoint 'busy' is being updated"):
        client.serving_endpoints.update_config("busy", served_entities=[_entity(MODEL, "2")])
    with pytest.raises(BadRequest, match="serves nothing yet"):
        client.serving_endpoints.query("busy", dataframe_records=[{"a": 1.0}])


def test_an_update_survives_a_crash(slow_host: Host) -> None:
    """The next host goes on with it; one without delays ends it."""
    client = slow_host.client()
    _create(client, "crashing", MODEL, "1")
    slow_host.kill()
    slow_host.start()
    endpoint = slow_host.client().serving_endpoints.get("crashing")
    assert endpoint.state is not None
    assert endpoint.state.config_update == EndpointStateConfigUpdate.IN_PROGRESS
    slow_host.kill()
    slow_host.options = [*slow_host.options[:-1], "0"]
    slow_host.start()
    assert _served(_settled(slow_host.client(), "crashing")) == [(MODEL, "1")]


def test_a_served_model_ends_with_a_killed_host(slow_host: Host) -> None:
    """Its process is gone soon after, and the next host loads the model again."""
    slow_host.shut_down()
    slow_host.options = [*slow_host.options[:-1], "0"]
    slow_host.start()
    client = slow_host.client()
    _create(client, "served", MODEL, "1")
    _settled(client, "served")
    row = [{"a": 1.0, "b": 2.0}]
    assert client.serving_endpoints.query("served", dataframe_records=row).predictions == pytest.approx([3.0])
    assert slow_host.process is not None
    [worker] = psutil.Process(slow_host.process.pid).children()
    slow_host.kill()
    worker.wait(150)
    slow_host.start()
    again = slow_host.client().serving_endpoints.query("served", dataframe_records=row)
    assert again.predictions == pytest.approx([3.0])


def test_a_host_without_a_registry(host: Host, shared_client: WorkspaceClient) -> None:
    """Nothing can be served, and the answer says what to do."""
    assert host.url
    with pytest.raises(InvalidParameterValue, match="start it with --registry URL"):
        _create(shared_client, "nothing", MODEL, "1")


_CONFIG = {"served_entities": [{"entity_name": MODEL, "entity_version": "1"}]}


def _listing_host(folder: Path, registry: str) -> Host:
    file = folder / "workspace.yml"
    file.write_text(yaml.safe_dump({"serving_endpoints": [{"name": "listed", "config": _CONFIG}]}))
    return Host(folder, options=["--registry", registry, "--workspace", str(file), "--settle-seconds", "0"])


def test_a_registry_that_does_not_answer(tmp_path: Path, free_port: int) -> None:
    """503 for a new update; one that is listed waits for the registry."""
    file = tmp_path / "workspace.yml"
    entity = {"entity_name": MODEL, "entity_version": "1"}
    file.write_text(
        yaml.safe_dump({"serving_endpoints": [{"name": "listed", "config": {"served_entities": [entity]}}]})
    )
    host = _listing_host(tmp_path, f"http://127.0.0.1:{free_port}")
    host.start()
    try:
        answer = host.http("PUT", "/api/2.0/serving-endpoints/listed/config", json=_CONFIG)
        assert (answer.status_code, answer.json()["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
        state = host.http("GET", "/api/2.0/serving-endpoints/listed").json()["state"]
        assert state == {"ready": "NOT_READY", "config_update": "IN_PROGRESS"}
    finally:
        host.close()


def test_an_endpoint_of_the_workspace_file(registry: str, tmp_path: Path) -> None:
    """It is deployed as any other."""
    file = tmp_path / "workspace.yml"
    entity = {"entity_name": MODEL, "entity_version": "1"}
    file.write_text(
        yaml.safe_dump({"serving_endpoints": [{"name": "listed", "config": {"served_entities": [entity]}}]})
    )
    host = _listing_host(tmp_path, registry)
    host.start()
    try:
        assert _served(_settled(host.client(), "listed")) == [(MODEL, "1")]
    finally:
        host.close()
