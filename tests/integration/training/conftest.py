"""The jobs' environment over a real MLflow server and real blob storage."""

import importlib
import sys
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from local_host.stack.endpoints import Endpoints
from tests.integration.training.workbench import Workbench


@pytest.fixture(scope="session", autouse=True)
def _mlflow_is_imported() -> None:
    """MLflow warns about its own type hints while it is imported; that is not ours to fail on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in ("mlflow.sklearn", "mlflow.pyfunc.loaders"):
            importlib.import_module(module)


@pytest.fixture
def bench(
    tracked: Endpoints, tracked_state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workbench]:
    """A container and a model prefix of the test's own; the jobs' environment is set in this process too.

    A failed test shows what MLflow logged meanwhile.
    """
    unique, storage = uuid.uuid4().hex[:12], tracked.storage_connection_string
    with BlobServiceClient.from_connection_string(storage) as service:
        service.create_container(f"c{unique}")
    made = Workbench(storage, tracked.mlflow_url, f"c{unique}", f"p{unique}_", tmp_path)
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    log = tracked_state / "logs" / "mlflow.log"
    before = log.stat().st_size
    yield made
    sys.stdout.write(log.read_bytes()[before:].decode(errors="replace"))
