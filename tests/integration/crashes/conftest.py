"""Crash tests have an Azurite and an MLflow server of their own: their sweeps look at every row that is there."""

from collections.abc import Iterator

import pytest

from local_host.stack.endpoints import Endpoints
from local_host.stack.stack import Stack
from tests.integration.real_services import ROOT, mlflow_client, mlflow_environment, pager, responding, specs

__all__ = ["mlflow_client", "mlflow_environment", "pager", "responding", "specs"]


@pytest.fixture(scope="session")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """A real Azurite and a real MLflow server."""
    with Stack(ROOT, tmp_path_factory.mktemp("crashes"), components=("azurite", "mlflow")) as endpoints:
        yield endpoints
