"""Fixtures for all tests."""

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from azure.storage.blob import BlobServiceClient
from hypothesis import HealthCheck, settings

from local_host.stack.endpoints import Endpoints
from local_host.stack.stack import Stack
from local_host.watchdog import children_ended

# How long an example takes says nothing on a loaded machine; pytest's own timeout is there for one that never ends.
settings.register_profile("loaded", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("loaded")

_MLFLOW_SETTINGS = """
[settings]
MLFLOW_TRACKING_URI = "${mlflow_url}"
MLFLOW_REGISTRY_URI = "${mlflow_url}"
MLFLOW_DISABLE_TELEMETRY = "true"
"""


def pytest_configure(config: pytest.Config) -> None:
    """Whatever a test starts ends with the test run, also if the run is killed."""
    ending = ExitStack()
    ending.enter_context(children_ended())
    config.add_cleanup(ending.close)


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Connection string of a real Azurite."""
    folder = tmp_path_factory.mktemp("azurite")
    with Stack(folder, folder, components=("azurite",)) as endpoints:
        yield endpoints.storage_connection_string


@pytest.fixture(scope="session")
def blobs(storage: str) -> Iterator[BlobServiceClient]:
    """Blob storage."""
    with BlobServiceClient.from_connection_string(storage) as service:
        yield service


@pytest.fixture
def container(blobs: BlobServiceClient) -> str:
    """A container of this test's own."""
    name = f"c{uuid.uuid4().hex[:16]}"
    blobs.create_container(name)
    return name


@pytest.fixture(scope="session")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """A real Azurite and a real MLflow server.

    Tests that are short use it under the xdist group ``mlflow``, since it is slow to start.
    """
    folder = tmp_path_factory.mktemp("mlflow")
    (folder / "local_host.toml").write_text(_MLFLOW_SETTINGS, encoding="utf-8")
    with Stack(folder, folder, components=("azurite", "mlflow")) as endpoints:
        yield endpoints


@pytest.fixture(autouse=True)
def _environment_as_before() -> Iterator[None]:
    """What a test or an app sets for this whole process ends with the test."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)
