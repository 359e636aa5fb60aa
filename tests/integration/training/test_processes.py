"""The entry points as processes, as the job runner starts them."""

import dataclasses
import uuid

import pytest

from domain.job import OUTAGE_MARK
from tests.integration.training.workbench import Workbench, sales_spec, sales_table


def test_train_and_score_run_as_processes(bench: Workbench) -> None:
    """Both end with 0 and log what they made, by model, version and run."""
    url, token = bench.manifest(sales_spec(), sales_table()), uuid.uuid4().hex
    shared = {"model": "sales", "dataset": url, "train_token": token, "lifecycle_run": "run-7"}
    trained = bench.run("training.jobs.train", **shared, plan="")
    scored = bench.run("training.jobs.score", **shared, score_token=f"s{token}", champion_version="")
    assert (
        (trained.code, "train_finished model=sales version=1 run=run-7" in trained.log),
        (scored.code, "score_finished model=sales run=run-7" in scored.log),
    ) == ((0, True), (0, True)), trained.log + scored.log


def test_a_failing_task_ends_with_its_error(bench: Workbench) -> None:
    """The exit code is not 0 and the last line is the error's sentence."""
    ended = bench.run(
        "training.jobs.train", model="sales", dataset=bench.url("no.json"), train_token="t", lifecycle_run="run-8"
    )
    assert (ended.code, ended.log.strip().splitlines()[-1]) == (
        1,
        f"domain.errors.BlobMissingError: url = '{bench.url('no.json')}': the blob is gone; upload it again",
    )


@pytest.mark.parametrize("service", ["mlflow", "storage"])
def test_an_outage_of_a_service_is_named_as_one(bench: Workbench, service: str) -> None:
    """Nothing listens where MLflow or storage should be: the last line says so by the name that the app knows."""
    away = "http://127.0.0.1:9"
    if service == "mlflow":
        broken = dataclasses.replace(bench, mlflow_url=away)
        order = {"model": "m", "dataset": bench.url("d.json"), "train_token": "t", "lifecycle_run": "r"}
        ended = broken.run("training.jobs.train", **order)
    else:
        storage = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint={away}/a;"
        broken = dataclasses.replace(bench, storage=storage)
        ended = broken.run("training.jobs.validate", order=f"{away}/a/c/o.json", report=f"{away}/a/c/r.json")
    last = ended.log.strip().splitlines()[-1]
    assert (ended.code, last.partition(":")[0]) == (1, f"training.jobs.process.{OUTAGE_MARK}"), ended.log
