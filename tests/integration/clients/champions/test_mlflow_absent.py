"""What nobody holds is None, in the words of the open-source registry and in those of Unity Catalog."""

import json

import pytest
from mlflow import MlflowClient

from nightshift.clients.champions.mlflow_registry import MlflowModelRegistry
from tests.support.loopback_server import Answering, LoopbackServer


@pytest.mark.parametrize(
    ("status", "code"), [(400, "INVALID_PARAMETER_VALUE"), (404, "RESOURCE_DOES_NOT_EXIST"), (404, "NOT_FOUND")]
)
def test_what_is_not_there_is_none(status: int, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An alias that nobody holds, a version, a model."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    class Registry(Answering):
        def do_GET(self) -> None:
            body = json.dumps({"error_code": code, "message": "is not there"}).encode()
            self.answer(status, body, {"content-type": "application/json"})

    server = LoopbackServer(Registry)
    try:
        registry = MlflowModelRegistry(MlflowClient(server.url, server.url))
        assert registry.version_of("m", "champion") is None
        assert registry.version("m", "1") is None
        assert registry.versions("m") == ()
    finally:
        server.close()
