"""MLflow as it is in Azure: on a workspace with Unity Catalog, signed in to with a managed identity."""

import itertools
import json
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import mlflow.utils.databricks_utils
import pytest
from azure.identity import ManagedIdentityCredential
from databricks.sdk.config import Config
from mlflow import MlflowClient

from local_host.stack.endpoints import Endpoints
from nightshift.clients.platform.databricks_identity import IdentityStrategy
from nightshift.domain.platform.errors import ServiceRefusedError
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.platform.ports import Services
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.integration.clients.faulty_proxy import FaultyProxy
from tests.support.loopback_server import Answering, LoopbackServer
from tests.support.model_versions import make_versions

pytestmark = pytest.mark.xdist_group("mlflow")

ROOT = Path(__file__).resolve().parents[4]
DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"


class Identity(LoopbackServer):
    """App Service's endpoint for managed identities; each of its tokens is over at once, so that each is used once.

    Attributes:
        tokens: those that were given, in order.
        resources: for what each was asked for.
    """

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.resources: list[str] = []
        numbers, identity = itertools.count(1), self

        class Handler(Answering):
            def do_GET(self) -> None:
                assert self.headers["x-identity-header"] == "secret"
                resource = parse_qs(urlsplit(self.path).query)["resource"][0]
                identity.resources.append(resource)
                token = f"token-{next(numbers)}"
                identity.tokens.append(token)
                given = {"access_token": token, "expires_on": str(int(time.time())), "resource": resource}
                self.answer_json(given | {"token_type": "Bearer"})

        super().__init__(Handler)


class UnityCatalog(FaultyProxy):
    """A workspace over a plain MLflow server: its paths, its sign-in, and searches that leave out tags and aliases."""

    def __init__(self, target: str, identity: Identity) -> None:
        super().__init__(target)
        self._identity = identity
        self._used: set[str] = set()

    def refusal(self, _path: str, authorization: str) -> int:
        """403 without a token that was given and has not been used."""
        token = authorization.removeprefix("Bearer ")
        if token in self._used or token not in self._identity.tokens:
            return 403
        self._used.add(token)
        return 0

    def way(self, path: str) -> str:
        """Without the catalog's own part of the path."""
        return path.replace("/mlflow/unity-catalog/", "/mlflow/")

    def back(self, path: str, content: bytes) -> bytes:
        """A version has its aliases as objects; one that a search has found has neither these nor tags."""
        if "/unity-catalog/" not in path:
            return content
        answer = json.loads(content)
        for version in answer.get("model_versions", ()):
            version.pop("tags", None)
            version.pop("aliases", None)
        if version := answer.get("model_version"):
            version["aliases"] = [
                {"alias": alias, "version": version["version"]} for alias in version.get("aliases", ())
            ]
        return json.dumps(answer).encode()


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> Iterator[Identity]:
    """The managed identity of this process."""
    found = Identity()
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{found.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "secret")
    yield found
    found.close()


@pytest.fixture
def services(tracked: Endpoints, identity: Identity, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """The services with the settings that MLflow has in Azure; what MLflow keeps in the process is put back."""
    workspace = UnityCatalog(tracked.mlflow_url, identity)
    monkeypatch.setattr(mlflow.utils.databricks_utils, "_dynamic_token_config_provider", None)
    monkeypatch.setenv("MLFLOW_ENABLE_DB_SDK", "false")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    environment = tracked.environment() | {
        "MLFLOW_TRACKING_URI": "databricks",
        "MLFLOW_REGISTRY_URI": "databricks-uc",
        "DATABRICKS_HOST": workspace.url,
        "NIGHTSHIFT_MODEL_PREFIX": "nightshift.models.",
        "AZURE_CLIENT_ID": "11111111-2222-3333-4444-555555555555",
    }
    del environment["DATABRICKS_TOKEN"]
    yield LazyServices(read_settings(environment, ROOT))
    workspace.close()


@pytest.fixture
def model(tracked: Endpoints, tmp_path: Path) -> str:
    """A model with versions 1 to 3; its name without the catalog's part."""
    name = f"m{uuid.uuid4().hex[:16]}"
    make_versions(MlflowClient(tracked.mlflow_url, tracked.mlflow_url), f"nightshift.models.{name}", 3, tmp_path)
    return name


def test_the_registry_with_a_managed_identity(services: Services, identity: Identity, model: str) -> None:
    """Aliases and tags are set and read, each request with a token of its own for Databricks."""
    registry = services.registry
    assert registry.version_of(model, CHAMPION) is None
    registry.set_alias(model, CHAMPION, "2")
    registry.tag(model, "3", "quarantine", "incident-1")
    assert registry.version_of(model, CHAMPION) == "2"
    assert len(identity.resources) >= 4
    assert set(identity.resources) == {DATABRICKS}


def test_a_listing_has_the_tags_that_a_search_leaves_out(services: Services, model: str) -> None:
    """Also the aliases, and versions without any."""
    registry = services.registry
    registry.set_alias(model, CHAMPION, "2")
    registry.tag(model, "3", "quarantine", "incident-1")
    listed = [(item.version, item.aliases, item.tags) for item in registry.versions(model)]
    assert listed == [("3", (), {"quarantine": "incident-1"}), ("2", (CHAMPION,), {}), ("1", (), {})]


def test_runs_with_a_managed_identity(services: Services, model: str) -> None:
    """Tracking has the same sign-in as the registry."""
    version = services.registry.version(model, "1")
    assert version is not None
    assert services.registry.run_metrics(version.run_id) == {}


def test_an_identity_that_the_workspace_does_not_take(
    services: Services, identity: Identity, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused, in our words, and not taken for an absent model."""
    monkeypatch.setattr(UnityCatalog, "refusal", lambda *_: 403)
    with pytest.raises(ServiceRefusedError):
        services.registry.version_of(model, CHAMPION)
    assert identity.resources == [DATABRICKS]


def test_mlflow_is_reported_not_to_try_the_sdk(services: Services, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK, which MLflow asks first by default, knows no managed identity."""
    monkeypatch.delenv("MLFLOW_ENABLE_DB_SDK")
    assert services.registry.version_of(model, CHAMPION) is None
    assert os.environ["MLFLOW_ENABLE_DB_SDK"] == "false"


def test_the_sdk_with_a_managed_identity(identity: Identity) -> None:
    """databricks-sdk, which the jobs' and endpoints' clients use, signs each request with a token of its own."""
    strategy = IdentityStrategy(ManagedIdentityCredential(), f"{DATABRICKS}/.default")
    config = Config(host="http://127.0.0.1:9", credentials_strategy=strategy, retry_timeout_seconds=1)
    tokens = [config.authenticate()["Authorization"] for _ in range(2)]
    assert tokens == [f"Bearer {token}" for token in identity.tokens[-2:]]
    assert set(identity.resources) == {DATABRICKS}


def test_files_of_a_version_need_nothing_more_to_be_installed() -> None:
    """MLflow reads them from the catalog's storage with this package, which it does not bring along itself."""
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert "\nazure-storage-file-datalake==" in requirements
    from azure.core.credentials import AzureSasCredential
    from mlflow.store.artifact.azure_data_lake_artifact_repo import AzureDataLakeArtifactRepository

    where = "abfss://catalog@account.dfs.core.windows.net/models/1"
    assert AzureDataLakeArtifactRepository(where, credential=AzureSasCredential("sig=1")) is not None
