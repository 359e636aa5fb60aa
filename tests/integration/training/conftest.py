"""A real MLflow server and real blob storage for the training jobs."""

import importlib
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from tests.integration.training.servers import blob_server, mlflow_server
from tests.integration.training.workbench import Workbench


@pytest.fixture(scope="session", autouse=True)
def _mlflow_is_imported() -> None:
    """MLflow warns about its own type hints while it is imported; that is not ours to fail on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in ("mlflow.sklearn", "mlflow.pyfunc.loaders"):
            importlib.import_module(module)


@pytest.fixture(scope="session")
def job_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an MLflow server of this test process."""
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as url:
        yield url


@pytest.fixture(scope="session")
def job_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Connection string of a blob service of this test process."""
    with blob_server(tmp_path_factory.mktemp("azurite")) as connection_string:
        yield connection_string


@pytest.fixture
def bench(job_storage: str, job_mlflow: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """A container and a model prefix of the test's own; the jobs' environment is set in this process too."""
    unique = uuid.uuid4().hex[:12]
    with BlobServiceClient.from_connection_string(job_storage) as service:
        service.create_container(f"c{unique}")
    made = Workbench(job_storage, job_mlflow, f"c{unique}", f"p{unique}_", tmp_path)
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    return made
