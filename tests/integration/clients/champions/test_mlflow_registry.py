"""The registry client on a real MLflow server: what is there, what is not, and what fails on the way."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from local_host.stack.endpoints import Endpoints
from nightshift.clients.champions.mlflow_registry import MlflowModelRegistry
from nightshift.domain.platform.errors import NightshiftError, ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.platform.names import CHAMPION, PREDICTIONS_ARTIFACT, TAG_SCORE_TOKEN, TAG_TRAIN_RUN, experiment
from tests.integration.clients.faulty_proxy import FaultyProxy
from tests.support.model_versions import COLUMNS, make_versions
from tests.support.refusals import refusal

pytestmark = pytest.mark.xdist_group("mlflow")

API, ARTIFACTS = "/api/2.0/mlflow/", "/mlflow-artifacts/"
CONTENT = b"rows"


@pytest.fixture(scope="module")
def shared_proxy(tracked: Endpoints) -> Iterator[FaultyProxy]:
    """The way to the server."""
    proxy = FaultyProxy(tracked.mlflow_url)
    yield proxy
    proxy.close()


@pytest.fixture
def proxy(shared_proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """The way to the server, without faults; MLflow reads where ``models:/`` is, and its patience, from these."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.setenv(name, shared_proxy.url)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    yield shared_proxy
    shared_proxy.status = 0


@pytest.fixture
def client(proxy: FaultyProxy) -> MlflowClient:
    """MLflow's own client, to prepare and to look."""
    return MlflowClient(proxy.url, proxy.url)


@pytest.fixture
def registry(client: MlflowClient) -> MlflowModelRegistry:
    """The client under test."""
    return MlflowModelRegistry(client)


@pytest.fixture
def model(client: MlflowClient, tmp_path: Path) -> str:
    """A model of this test's own with versions 1 to 3."""
    name = f"m{uuid.uuid4().hex[:16]}"
    make_versions(client, name, 3, tmp_path)
    return name


def _score_run(client: MlflowClient, model: str, token: str, status: str = "FINISHED") -> str:
    found = client.get_experiment_by_name(experiment(model))
    assert found is not None
    run = client.create_run(found.experiment_id, tags={TAG_SCORE_TOKEN: token, TAG_TRAIN_RUN: "t1"})
    run_id: str = run.info.run_id
    client.log_metric(run_id, "rmse.challenger", 8.5)
    client.set_terminated(run_id, status)
    return run_id


def _log_predictions(client: MlflowClient, run: str, folder: Path) -> None:
    path = folder / Path(PREDICTIONS_ARTIFACT).name
    path.write_bytes(CONTENT)
    client.log_artifact(run, str(path), str(Path(PREDICTIONS_ARTIFACT).parent))


def test_an_alias_is_set_moved_and_read(registry: MlflowModelRegistry, model: str) -> None:
    """Nobody holds it at first; then one version at a time, and an alias of another name is another's."""
    assert registry.version_of(model, CHAMPION) is None
    for version in ("1", "3", "3"):
        registry.set_alias(model, CHAMPION, version)
        assert registry.version_of(model, CHAMPION) == version
    registry.set_alias(model, "challenger", "2")
    assert [(item.version, item.aliases) for item in registry.versions(model)] == [
        ("3", (CHAMPION,)),
        ("2", ("challenger",)),
        ("1", ()),
    ]


def test_several_aliases_are_in_order(registry: MlflowModelRegistry, model: str) -> None:
    """In the list of versions and in the version itself."""
    for alias in ("shadow", CHAMPION, "blue"):
        registry.set_alias(model, alias, "2")
    [listed] = [item for item in registry.versions(model) if item.version == "2"]
    assert listed.aliases == ("blue", CHAMPION, "shadow")
    assert registry.version(model, "2") == listed


@pytest.mark.parametrize(("known", "version"), [(False, "1"), (True, "99")], ids=["no model", "no version"])
def test_an_alias_of_nothing_is_refused(registry: MlflowModelRegistry, model: str, known: bool, version: str) -> None:
    """The version was deleted: the alias stays where it is."""
    registry.set_alias(model, CHAMPION, "1")
    with pytest.raises(ServiceRefusedError, match="not found"):
        registry.set_alias(model if known else "none", CHAMPION, version)
    assert registry.version_of(model, CHAMPION) == "1"


def test_an_unknown_model_has_nothing(registry: MlflowModelRegistry) -> None:
    """Before the first training; every question has an answer."""
    assert registry.version_of("none", CHAMPION) is None
    assert registry.versions("none") == ()
    assert registry.version("none", "1") is None
    assert registry.columns_of("none", "1") is None
    assert registry.experiment_of("none") is None
    assert registry.find_score("none", "token") is None


def test_a_deleted_version_is_gone(registry: MlflowModelRegistry, client: MlflowClient, model: str) -> None:
    """From the list, by its number, and what holds its alias."""
    registry.set_alias(model, CHAMPION, "3")
    client.delete_model_version(model, "3")
    assert [item.version for item in registry.versions(model)] == ["2", "1"]
    assert (registry.version(model, "3"), registry.columns_of(model, "3")) == (None, None)
    assert registry.version_of(model, CHAMPION) is None


class _SmallPages(MlflowClient):
    """MLflow's client with four versions in each answer.

    Attributes:
        pages: how many answers there were.
    """

    pages = 0

    def search_model_versions(self, *args: Any, **kwargs: Any) -> Any:
        """Ask for four."""
        self.pages += 1
        return super().search_model_versions(*args, **(kwargs | {"max_results": 4}))


def test_versions_are_in_order_over_pages(proxy: FaultyProxy, model: str) -> None:
    """Newest first by number, not as text: 10 comes before 9; however many come with one answer."""
    client = _SmallPages(proxy.url, proxy.url)
    first = client.get_model_version(model, "1")
    for _ in range(8):
        client.create_model_version(model, first.source or "", first.run_id)
    versions = MlflowModelRegistry(client).versions(model)
    assert [item.version for item in versions] == [str(number) for number in range(11, 0, -1)]
    assert client.pages == 3


def test_a_prefix_is_another_model(client: MlflowClient, model: str, tmp_path: Path) -> None:
    """On Unity Catalog the same name has a catalog and a schema; all calls go there."""
    prefixed = MlflowModelRegistry(client, "main.ml.")
    assert (prefixed.versions(model), prefixed.version(model, "1")) == ((), None)
    make_versions(client, f"main.ml.{model}", 1, tmp_path)
    prefixed.set_alias(model, CHAMPION, "1")
    prefixed.tag(model, "1", "a", "b")
    [version] = prefixed.versions(model)
    assert (version.version, version.aliases, version.tags) == ("1", (CHAMPION,), {"a": "b"})
    assert prefixed.columns_of(model, "1") == COLUMNS
    assert MlflowModelRegistry(client).version_of(model, CHAMPION) is None


def test_tags_are_set_and_removed(registry: MlflowModelRegistry, model: str) -> None:
    """Removing one that is not there is success; to tag what is not there is not."""
    registry.tag(model, "1", "nightshift.quarantine", "i1")
    registry.tag(model, "1", "other", "x")
    found = registry.version(model, "1")
    assert found is not None
    assert found.tags == {"nightshift.quarantine": "i1", "other": "x"}
    for _ in range(2):
        registry.tag(model, "1", "other", None)
    found = registry.version(model, "1")
    assert found is not None
    assert found.tags == {"nightshift.quarantine": "i1"}
    registry.tag(model, "99", "other", None)
    with pytest.raises(ServiceRefusedError, match="version=99"):
        registry.tag(model, "99", "other", "x")


def test_a_score_run_is_found_by_its_token(registry: MlflowModelRegistry, client: MlflowClient, model: str) -> None:
    """The finished one, with tags and metrics; one that failed or still runs is no evidence."""
    _score_run(client, model, "round-1", status="FAILED")
    _score_run(client, model, "round-1", status="RUNNING")
    assert registry.find_score(model, "round-1") is None
    finished = _score_run(client, model, "round-1")
    _score_run(client, model, "round-2")
    found = registry.find_score(model, "round-1")
    assert found is not None
    assert (found.run_id, found.train_run, found.metrics) == (finished, "t1", {"rmse.challenger": 8.5})
    assert found.tags[TAG_SCORE_TOKEN] == "round-1"
    assert registry.run_metrics(finished) == {"rmse.challenger": 8.5}


def test_the_metrics_of_no_run_are_refused(registry: MlflowModelRegistry) -> None:
    """A run that was deleted does not come back by asking again."""
    with pytest.raises(ServiceRefusedError, match="Run with id=none not found"):
        registry.run_metrics("none")


def test_predictions_are_downloaded(
    registry: MlflowModelRegistry, client: MlflowClient, model: str, tmp_path: Path
) -> None:
    """Into the folder, byte by byte."""
    run, target = _score_run(client, model, "t"), tmp_path / "target"
    target.mkdir()
    _log_predictions(client, run, tmp_path)
    path = registry.download_predictions(run, target)
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(target)


def test_a_score_run_without_predictions_is_refused(
    registry: MlflowModelRegistry, client: MlflowClient, model: str, tmp_path: Path
) -> None:
    """The job forgot to log them; the error says which run and what to look at. So is a run that is not there."""
    run = _score_run(client, model, "t")
    with refusal(
        ServiceRefusedError, f"score run {run} ", f"'{PREDICTIONS_ARTIFACT}'", "without logging it", service="MLflow"
    ):
        registry.download_predictions(run, tmp_path)
    with pytest.raises(ServiceRefusedError, match="Run with id=none not found"):
        registry.download_predictions("none", tmp_path)


def test_the_columns_that_a_version_needs(registry: MlflowModelRegistry, model: str) -> None:
    """From its own description, without loading the model."""
    assert registry.columns_of(model, "1") == COLUMNS


@pytest.mark.parametrize("missing", ["MLmodel", "model.skops"])
def test_a_version_whose_files_are_gone_has_no_columns(
    registry: MlflowModelRegistry, client: MlflowClient, model: str, tmp_path: Path, missing: str
) -> None:
    """Somebody cleaned the artifact store up: nothing can be rolled back to it."""
    files = tmp_path / f"{model}-files"
    (files / missing).unlink()
    found = client.get_experiment_by_name(experiment(model))
    assert found is not None
    run = client.create_run(found.experiment_id)
    client.log_artifacts(run.info.run_id, str(files), "model")
    client.create_model_version(model, f"{run.info.artifact_uri}/model", run.info.run_id)
    assert registry.columns_of(model, "4") is None


Call = Callable[[MlflowModelRegistry, str, str, Path], object]
CALLS: dict[str, Call] = {
    "version_of": lambda registry, model, _, __: registry.version_of(model, CHAMPION),
    "set_alias": lambda registry, model, _, __: registry.set_alias(model, CHAMPION, "1"),
    "versions": lambda registry, model, _, __: registry.versions(model),
    "version": lambda registry, model, _, __: registry.version(model, "1"),
    "tag": lambda registry, model, _, __: registry.tag(model, "1", "a", "b"),
    "untag": lambda registry, model, _, __: registry.tag(model, "1", "a", None),
    "columns_of": lambda registry, model, _, __: registry.columns_of(model, "1"),
    "run_metrics": lambda registry, _, run, __: registry.run_metrics(run),
    "experiment_of": lambda registry, model, _, __: registry.experiment_of(model),
    "find_score": lambda registry, model, _, __: registry.find_score(model, "t"),
    "download_predictions": lambda registry, _, run, folder: registry.download_predictions(run, folder),
}
OF_ARTIFACTS = ("columns_of", "download_predictions")


@pytest.mark.parametrize("call", CALLS)
def test_nobody_listens(call: str, free_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No question is answered with "there is none" when there was no answer."""
    address = f"http://127.0.0.1:{free_port}"
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.setenv(name, address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    registry = MlflowModelRegistry(MlflowClient(address, address))
    with pytest.raises(ServiceUnavailableError, match="Connection refused"):
        CALLS[call](registry, "m1", "r1", tmp_path)


def _expected(status: int) -> type[NightshiftError]:
    return ServiceRefusedError if status in {401, 403} else ServiceUnavailableError


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_gateway_that_says_no(
    registry: MlflowModelRegistry, proxy: FaultyProxy, model: str, tmp_path: Path, status: int
) -> None:
    """401 and 403 will come again, and the error says what to give the identity; the others pass. The same each."""
    proxy.where, proxy.status = API, status
    for call in CALLS.values():
        with pytest.raises(_expected(status), match=r"(?s)EXECUTE and MANAGE|not available") as caught:
            call(registry, model, "r1", tmp_path)
        assert caught.value.retryable == (status not in {401, 403})
    proxy.status = 0
    assert registry.version_of(model, CHAMPION) is None


@pytest.mark.parametrize("call", OF_ARTIFACTS)
@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_an_artifact_store_that_says_no(
    registry: MlflowModelRegistry,
    client: MlflowClient,
    proxy: FaultyProxy,
    model: str,
    tmp_path: Path,
    status: int,
    call: str,
) -> None:
    """It answers for itself, with errors of another kind; they end the same."""
    run = _score_run(client, model, "t")
    _log_predictions(client, run, tmp_path)
    proxy.where, proxy.status = ARTIFACTS, status
    expected = ServiceRefusedError if status < 429 else ServiceUnavailableError
    with pytest.raises(expected):
        CALLS[call](registry, model, run, tmp_path)
    proxy.status = 0
    assert CALLS[call](registry, model, run, tmp_path)


@pytest.mark.parametrize(
    ("call", "file"), [("columns_of", "/MLmodel"), ("download_predictions", "/predictions.parquet")]
)
def test_an_outage_between_listing_and_fetching_is_no_missing_file(
    registry: MlflowModelRegistry,
    client: MlflowClient,
    proxy: FaultyProxy,
    model: str,
    tmp_path: Path,
    call: str,
    file: str,
) -> None:
    """MLflow calls it a missing artifact; a rollback would pass over a good version, a run end as failed."""
    run = _score_run(client, model, "t")
    _log_predictions(client, run, tmp_path)
    proxy.where, proxy.status = file, 503
    with pytest.raises(ServiceUnavailableError):
        CALLS[call](registry, model, run, tmp_path)
