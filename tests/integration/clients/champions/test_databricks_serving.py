"""Reading and moving serving endpoints, through the real SDK against a local workspace and a real MLflow registry."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from databricks.sdk.service.serving import (
    EndpointCoreConfigInput,
    Route,
    ServedEntityInput,
    ServingModelWorkloadType,
    TrafficConfig,
)
from mlflow import MlflowClient

from local_host.stack.endpoints import Endpoints
from local_host.testing.workspace_process import Host, until
from nightshift.clients.champions.databricks_serving import DatabricksServing
from nightshift.domain.champions.serving import EndpointState
from nightshift.domain.platform.errors import ConflictError, ServiceRefusedError, ServiceUnavailableError
from tests.support.model_versions import make_versions
from tests.support.refusals import refusal

pytestmark = pytest.mark.xdist_group("mlflow")
MODEL = "moved"


@pytest.fixture(scope="module")
def registry(tracked: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An MLflow server with three versions of a model, plain and with a prefix, and a version of another model."""
    client = MlflowClient(tracked.mlflow_url, tracked.mlflow_url)
    for model, count in ((MODEL, 3), (f"main.ml.{MODEL}", 2), ("other", 1)):
        make_versions(client, model, count, tmp_path_factory.mktemp("versions"))
    return tracked.mlflow_url


@pytest.fixture(scope="module")
def shared_host(registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A workspace whose updates take no time."""
    host = Host(tmp_path_factory.mktemp("serving"), options=["--registry", registry, "--settle-seconds", "0"])
    host.start()
    yield host
    host.close()


@pytest.fixture
def host(shared_host: Host) -> Iterator[Host]:
    """The shared host without ordered faults."""
    yield shared_host
    shared_host.http("DELETE", "/faults").raise_for_status()


@pytest.fixture
def slow_host(registry: str, tmp_path: Path) -> Iterator[Host]:
    """A workspace of the test's own, whose updates take longer than any test."""
    host = Host(tmp_path, options=["--registry", registry, "--settle-seconds", "600"])
    host.start()
    yield host
    host.close()


def _serving(host: Host, prefix: str = "") -> DatabricksServing:
    return DatabricksServing(host.client(patience=2), prefix)


def _settled(serving: DatabricksServing, endpoint: str) -> EndpointState:
    def probe() -> EndpointState | None:
        state = serving.read(endpoint)
        return None if state.updating else state

    return until(probe)


def _empty(host: Host, endpoint: str) -> None:
    host.http("POST", "/api/2.0/serving-endpoints", json={"name": endpoint}).raise_for_status()


def _state(endpoint: str, version: str | None, *, failed: bool = False) -> EndpointState:
    ready = version is not None
    return EndpointState(
        endpoint=endpoint,
        model=MODEL if ready else None,
        version=version,
        ready=ready,
        updating=False,
        failed=failed,
    )


def test_an_endpoint_gets_its_first_model_and_moves(host: Host) -> None:
    """From nothing to version 1 and on to version 2, each asked for as often as wanted."""
    serving = _serving(host)
    _empty(host, "moves")
    assert serving.read("moves") == _state("moves", None)
    for version in ("1", "2"):
        serving.serve("moves", MODEL, version)
        assert _settled(serving, "moves") == _state("moves", version)
        serving.serve("moves", MODEL, version)
        assert serving.read("moves") == _state("moves", version)
    config = host.client().serving_endpoints.get("moves").config
    assert config is not None
    assert config.config_version == 2


def test_what_the_platform_team_has_set_stays(host: Host) -> None:
    """Size, scaling and environment move along; all requests go to the new version."""
    client = host.client()
    entity = ServedEntityInput(
        name="hand-made",
        entity_name=MODEL,
        entity_version="1",
        workload_size="Large",
        workload_type=ServingModelWorkloadType.GPU_SMALL,
        scale_to_zero_enabled=False,
        environment_vars={"REGION": "north"},
    )
    routes = TrafficConfig([Route(traffic_percentage=100, served_model_name="hand-made")])
    config = EndpointCoreConfigInput("sized", served_entities=[entity], traffic_config=routes)
    client.serving_endpoints.create("sized", config=config)
    serving = _serving(host)
    _settled(serving, "sized")
    serving.serve("sized", MODEL, "2")
    _settled(serving, "sized")
    moved = client.serving_endpoints.get("sized").config
    assert moved is not None
    [served] = moved.served_entities or []
    assert (served.entity_version, served.workload_size, served.workload_type) == (
        "2",
        "Large",
        ServingModelWorkloadType.GPU_SMALL,
    )
    assert (served.scale_to_zero_enabled, served.environment_vars) == (False, {"REGION": "north"})
    assert moved.traffic_config == TrafficConfig([Route(traffic_percentage=100, served_model_name=f"{MODEL}-2")])


def test_a_prefix_is_the_registrys_alone(host: Host) -> None:
    """Models have their short names here, and their full ones in Databricks."""
    serving = _serving(host, "main.ml.")
    _empty(host, "prefixed")
    serving.serve("prefixed", MODEL, "2")
    assert _settled(serving, "prefixed") == _state("prefixed", "2")
    assert _serving(host).read("prefixed").model == f"main.ml.{MODEL}"


def test_an_update_under_way(slow_host: Host) -> None:
    """It is seen, asking for the same again is success, for another version a conflict that will pass."""
    serving = _serving(slow_host)
    _empty(slow_host, "busy")
    serving.serve("busy", MODEL, "1")
    serving.serve("busy", MODEL, "1")
    assert serving.read("busy") == EndpointState(
        endpoint="busy", model=None, version=None, pending_version="1", ready=False, updating=True, failed=False
    )
    with refusal(ConflictError, "'busy'", "an update to version 1") as caught:
        serving.serve("busy", MODEL, "2")
    assert caught.value.retryable


def test_an_update_survives_a_crash_of_the_workspace(slow_host: Host) -> None:
    """After kill -9 the next workspace brings it to its end."""
    _empty(slow_host, "crashing")
    _serving(slow_host).serve("crashing", MODEL, "3")
    slow_host.kill()
    slow_host.options = [*slow_host.options[:-1], "0"]
    slow_host.start()
    assert _settled(_serving(slow_host), "crashing") == _state("crashing", "3")


def test_a_failed_update(host: Host) -> None:
    """What served goes on, nothing is pending any more, and asking again tries again."""
    serving = _serving(host)
    _empty(host, "unlucky")
    serving.serve("unlucky", MODEL, "1")
    _settled(serving, "unlucky")
    host.order_fault(kind="endpoint_update_failure")
    serving.serve("unlucky", MODEL, "2")
    assert _settled(serving, "unlucky") == _state("unlucky", "1", failed=True)
    serving.serve("unlucky", MODEL, "2")
    assert _settled(serving, "unlucky") == _state("unlucky", "2")


def test_what_does_not_exist(host: Host) -> None:
    """Endpoint and version are named, with what to do."""
    serving = _serving(host)
    with pytest.raises(ServiceRefusedError, match=r"endpoint 'none': .*correct serving_endpoint in the model spec"):
        serving.read("none")
    with pytest.raises(ServiceRefusedError, match="endpoint 'none'"):
        serving.serve("none", MODEL, "1")
    _empty(host, "versionless")
    with pytest.raises(ServiceRefusedError, match=f"endpoint 'versionless', model '{MODEL}' version 99: Version 99"):
        serving.serve("versionless", MODEL, "99")


def test_an_endpoint_of_another_model(host: Host) -> None:
    """It is not taken away from it."""
    serving = _serving(host)
    _empty(host, "others")
    serving.serve("others", "other", "1")
    _settled(serving, "others")
    with pytest.raises(ServiceRefusedError, match="endpoint 'others': serves model 'other'"):
        serving.serve("others", MODEL, "1")


def test_an_endpoint_of_several_entities(host: Host) -> None:
    """Nobody here can say which of them to move."""
    entities = [{"entity_name": MODEL, "entity_version": version} for version in ("1", "2")]
    body = {"name": "split", "config": {"served_entities": entities}}
    host.http("POST", "/api/2.0/serving-endpoints", json=body).raise_for_status()
    with pytest.raises(ServiceRefusedError, match=rf"endpoint 'split': serves 2 \({MODEL}-1, {MODEL}-2\)"):
        _settled(_serving(host), "split")


def test_several_ask_at_once(slow_host: Host) -> None:
    """One update is under way, the others are conflicts, wherever they meet it."""
    _empty(slow_host, "raced")
    versions = ("1", "2", "3")
    clients = [_serving(slow_host) for _ in versions]

    def ask(serving: DatabricksServing, version: str) -> str | None:
        try:
            serving.serve("raced", MODEL, version)
        except ConflictError:
            return None
        return version

    with ThreadPoolExecutor() as pool:
        accepted = [version for version in pool.map(ask, clients, versions) if version is not None]
    assert [_serving(slow_host).read("raced").pending_version] == accepted


def test_unauthenticated(host: Host) -> None:
    """A refused token will be refused again."""
    with pytest.raises(ServiceRefusedError, match="401 Invalid access token"):
        DatabricksServing(host.client(token="wrong", patience=2)).read("any")


@pytest.mark.parametrize("kind", ["internal_error", "service_unavailable"])
def test_errors_that_pass(host: Host, kind: str) -> None:
    """They are retryable."""
    serving = _serving(host)
    host.order_fault(kind=kind, times=100)
    with pytest.raises(ServiceUnavailableError, match="ordered fault"):
        serving.read("any")


def test_nobody_listens(slow_host: Host) -> None:
    """A workspace that is down is not available, within the client's timeout."""
    serving = _serving(slow_host)
    slow_host.kill()
    with pytest.raises(ServiceUnavailableError, match="Connection refused"):
        serving.serve("any", MODEL, "1")
