"""The entry points as processes, as the job runner starts them."""

import dataclasses
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository

from nightshift.domain.lifecycle.job import OUTAGE_MARK
from nightshift.domain.uploads.upload import BlobRef
from nightshift.training.jobs.blobs import JobBlobs
from nightshift.training.jobs.process import JobOutageError, outages_named
from tests.integration.training.workbench import Workbench, sales_spec, sales_table
from tests.support.loopback_server import Answering, LoopbackServer

AWAY = "http://127.0.0.1:9"


def test_train_and_score_run_as_processes(bench: Workbench) -> None:
    """Both end with 0 and log what they made, by model, version and run."""
    url, token = bench.manifest(sales_spec(), sales_table()), uuid.uuid4().hex
    shared = {"model": "sales", "dataset": url, "train_token": token, "lifecycle_run": "run-7"}
    trained = bench.run("nightshift.training.jobs.train", **shared, plan="")
    scored = bench.run("nightshift.training.jobs.score", **shared, score_token=f"s{token}", champion_version="")
    assert (
        (trained.code, "train_finished model=sales version=1 run=run-7" in trained.log),
        (scored.code, "score_finished model=sales run=run-7" in scored.log),
    ) == ((0, True), (0, True)), trained.log + scored.log


def test_a_failing_task_ends_with_its_error(bench: Workbench) -> None:
    """The exit code is not 0 and the last line names the error and what it is about."""
    ended = bench.run(
        "nightshift.training.jobs.train",
        model="sales",
        dataset=bench.url("no.json"),
        train_token="t",
        lifecycle_run="run-8",
    )
    last = ended.log.strip().splitlines()[-1]
    assert (ended.code, last.partition(": ")[0]) == (1, "nightshift.domain.platform.errors.BlobMissingError")
    assert f"url = '{bench.url('no.json')}': " in last


@pytest.fixture
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's client asks twice and no more; by default it goes on for minutes."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")


@pytest.fixture
def busy(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a service that answers nothing but the status that the test names."""
    status: int = request.param

    class Busy(Answering):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.answer(status, b"", {})

        do_PUT = do_GET  # noqa: N815 - the base class names it

    server = LoopbackServer(Busy)
    yield server.url
    server.close()


@pytest.mark.usefixtures("briefly")
@pytest.mark.parametrize("busy", [408, 429, 500, 502, 503, 504], indirect=True)
def test_a_service_that_answers_only_that_it_cannot_is_an_outage(busy: str, tmp_path: Path) -> None:
    """MLflow's client gives up after its own attempts, for its calls and for artifacts alike."""
    with pytest.raises(JobOutageError, match="is not available"), outages_named():
        MlflowClient(busy, busy).search_registered_models()
    (file := tmp_path / "a.txt").write_text("a", encoding="utf-8")
    with pytest.raises(JobOutageError), outages_named():
        HttpArtifactRepository(f"{busy}/api/2.0/mlflow-artifacts/artifacts/1").log_artifact(str(file))  # type: ignore[no-untyped-call]


@pytest.mark.usefixtures("briefly")
@pytest.mark.parametrize("busy", [403, 404], indirect=True)
def test_a_service_that_refuses_is_none(busy: str) -> None:
    """Another attempt would be refused too."""
    with pytest.raises(MlflowException), outages_named():
        MlflowClient(busy, busy).search_registered_models()


def test_an_outage_is_named_as_one(bench: Workbench) -> None:
    """Nothing listens where MLflow should be: the process's last line says so by the name that the app knows."""
    broken = dataclasses.replace(bench, mlflow_url=AWAY)
    ended = broken.run("nightshift.training.jobs.train", model="m", dataset="d", train_token="t", lifecycle_run="r")
    last = ended.log.strip().splitlines()[-1]
    assert (ended.code, last.partition(":")[0]) == (1, f"nightshift.training.jobs.process.{OUTAGE_MARK}"), ended.log


def test_storage_that_is_away_is_an_outage_too() -> None:
    """Nothing listens where storage should be."""
    text = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint={AWAY}/a;"
    storage = BlobServiceClient.from_connection_string(text, retry_total=0)
    with storage, pytest.raises(JobOutageError), outages_named():
        JobBlobs(storage).read(BlobRef(container="c", name="b"))
