"""Activities on real storage and a real registry."""

import uuid
from pathlib import Path

import pytest
from mlflow import MlflowClient

from domain.names import CHAMPION, experiment
from local_host.stack.endpoints import Endpoints
from wiring.services import LazyServices
from wiring.settings import read_settings

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def services(tracked: Endpoints) -> LazyServices:
    """The services as the app builds them."""
    return LazyServices(read_settings(tracked.environment(), ROOT))


@pytest.fixture(scope="session")
def mlflow_client(tracked: Endpoints) -> MlflowClient:
    """MLflow's own client, to prepare and to look."""
    return MlflowClient(tracked.mlflow_url, tracked.mlflow_url)


@pytest.fixture
def model(mlflow_client: MlflowClient) -> str:
    """A registered model of this test's own with versions 1 to 3, version 1 the champion."""
    name = f"m{uuid.uuid4().hex[:16]}"
    mlflow_client.create_registered_model(name)
    run = mlflow_client.create_run(mlflow_client.create_experiment(experiment(name)))
    for _ in range(3):
        mlflow_client.create_model_version(name, source=f"{run.info.artifact_uri}/model", run_id=run.info.run_id)
    mlflow_client.set_registered_model_alias(name, CHAMPION, "1")
    return name
