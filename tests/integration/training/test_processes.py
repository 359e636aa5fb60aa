"""The entry points as processes, as the job runner starts them."""

import uuid

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
