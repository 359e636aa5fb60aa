"""Fixtures for all tests."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from local_host.stack.endpoints import Endpoints
from local_host.stack.stack import Stack
from local_host.watchdog import children_ended
from tests.support.running_stack import running

__all__ = ["running"]

ROOT = Path(__file__).resolve().parent.parent


# How long an example takes says nothing on a loaded machine; pytest's own timeout is there for one that never ends.
settings.register_profile("loaded", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("loaded")


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many of the points at which crash tests break off are tried: all of them take about an hour."""
    parser.addoption("--crash-points", default="1", help="points of each activity and pair: a number, or all")
    parser.addoption("--crash-seed", default="1", help="which points are tried, if not all")


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
    with Stack(ROOT, tmp_path_factory.mktemp("azurite"), components=("azurite",)) as endpoints:
        yield endpoints.storage_connection_string


@pytest.fixture(scope="session")
def tracked_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what ``tracked`` keeps and logs."""
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="session")
def tracked(tracked_state: Path) -> Iterator[Endpoints]:
    """A real Azurite and a real MLflow server.

    Tests that are short use it under the xdist group ``mlflow``, since it is slow to start.
    """
    with Stack(ROOT, tracked_state, components=("azurite", "mlflow")) as endpoints:
        yield endpoints


@pytest.fixture(autouse=True)
def _process_as_before() -> Iterator[None]:
    """What a test, the app or MLflow's client sets for this whole process ends with the test."""
    before = dict(os.environ)
    yield
    if (mlflow := sys.modules.get("mlflow")) is not None:
        # It stands above the environment: a later test's runs would go to this one's server.
        mlflow.set_tracking_uri(None)
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)
