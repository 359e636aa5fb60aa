"""Fixtures over whichever Azurite and MLflow server `tracked` is: the app's services, MLflow's client, a pager."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from local_host.stack.endpoints import Endpoints
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.support.pagers import Pager

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def mlflow_client(tracked: Endpoints) -> MlflowClient:
    """MLflow's own client, to prepare and to look."""
    return MlflowClient(tracked.mlflow_url, tracked.mlflow_url)


@pytest.fixture(scope="session")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of model specs in which tests put their own."""
    return tmp_path_factory.mktemp("specs")


@pytest.fixture(scope="session")
def responding(tracked: Endpoints, specs: Path) -> LazyServices:
    """The services as the app builds them, over the tests' own specs."""
    return LazyServices(read_settings(tracked.environment() | {"NIGHTSHIFT_MODEL_SPECS": str(specs)}, ROOT))


@pytest.fixture(autouse=True)
def mlflow_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow itself reads where ``models:/`` is from the environment, which is the app's own; test by test."""
    if "tracked" in request.fixturenames:
        environment = request.getfixturevalue("tracked").environment()
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
            monkeypatch.setenv(name, environment[name])


@pytest.fixture
def pager() -> Iterator[Pager]:
    """A pager of the test's own."""
    made = Pager()
    yield made
    made.close()
