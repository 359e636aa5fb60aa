"""The train task against a real MLflow server and real blob storage."""

import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run

from nightshift.domain.platform.errors import BadInputError, BlobChangedError, BlobMissingError
from nightshift.domain.platform.names import (
    CHALLENGER,
    TAG_DATASET_DIGEST,
    TAG_LIFECYCLE_RUN,
    TAG_TRAIN_TOKEN,
    experiment,
)
from nightshift.domain.uploads.dataset import DatasetManifest
from nightshift.training.jobs.train import PROFILE_ARTIFACT, TrainOrder, TrainResult, train
from nightshift.training.steps.profile import DatasetProfile
from tests.integration.training.workbench import Workbench, sales_spec, sales_table
from tests.support.refusals import refusal

Train = Callable[[str], TrainResult]


@pytest.fixture
def token() -> str:
    """A train token of the test's own."""
    return uuid.uuid4().hex


@pytest.fixture
def trained(bench: Workbench, token: str) -> Train:
    """Train the sales model on a manifest with this test's token."""

    def run(url: str) -> TrainResult:
        return train(TrainOrder("sales", url, token, "lifecycle-test"), bench.environ)

    return run


def _run(bench: Workbench, token: str) -> Run:
    found = bench.client.get_experiment_by_name(experiment("sales"))
    assert found is not None
    runs = bench.client.search_runs([found.experiment_id], f"tags.`{TAG_TRAIN_TOKEN}` = '{token}'")
    return bench.client.get_run(runs[0].info.run_id)


def _manifest(bench: Workbench, url: str) -> DatasetManifest:
    return DatasetManifest.from_json(bench.get(url.partition(f"{bench.container}/")[2]).decode())


def test_a_version_is_registered_as_challenger(bench: Workbench, trained: Train, token: str) -> None:
    """The first version carries its tags and the alias."""
    url = bench.manifest(sales_spec(), sales_table())
    result = trained(url)
    version = bench.client.get_model_version_by_alias(result.name, CHALLENGER)
    manifest = _manifest(bench, url)
    assert (result, str(version.version), dict(version.tags)) == (
        TrainResult(name=f"{bench.prefix}sales", version="1", repeated=False),
        "1",
        {
            TAG_TRAIN_TOKEN: token,
            TAG_LIFECYCLE_RUN: "lifecycle-test",
            TAG_DATASET_DIGEST: manifest.digest,
        },
    )


def test_the_run_reports_what_it_did(bench: Workbench, trained: Train, token: str) -> None:
    """Tags, parameters, metrics, dataset and feature profile are in the run, and the run is finished."""
    trained(bench.manifest(sales_spec(), sales_table(), source="synthetic: sales, seed 400"))
    run = _run(bench, token)
    assert (
        run.info.status,
        run.data.tags["nightshift.git_commit"],
        run.data.tags["nightshift.data_source"],
        run.data.params["rows_train"],
        run.data.params["rows_holdout"],
        sorted(run.data.metrics)[:4],
        [item.dataset.name for item in run.inputs.dataset_inputs] if run.inputs else [],
    ) == (
        "FINISHED",
        "c0ffee",
        "synthetic: sales, seed 400",
        "320",
        "80",
        ["train_mae", "train_mape", "train_r2", "train_rmse"],
        ["sales"],
    )


def test_the_feature_profile_is_an_artifact(bench: Workbench, trained: Train, token: str) -> None:
    """It describes the training rows, feature by feature."""
    trained(bench.manifest(sales_spec(), sales_table()))
    path = bench.client.download_artifacts(_run(bench, token).info.run_id, PROFILE_ARTIFACT, str(bench.folder))
    profile = DatasetProfile.from_json(Path(path).read_text())
    assert (profile.rows, sorted(profile.features)) == (320, ["hour", "store", "temp"])


def test_a_retried_task_registers_nothing_new(bench: Workbench, trained: Train) -> None:
    """The same token finds its version, and only sets the alias again."""
    url = bench.manifest(sales_spec(), sales_table())
    first, second = trained(url), trained(url)
    versions = bench.client.search_model_versions(f"name = '{first.name}'")
    assert (second.version, second.repeated, len(versions)) == (first.version, True, 1)


def test_an_attempt_that_died_before_registering_is_made_good(bench: Workbench, trained: Train, token: str) -> None:
    """A run with the token but without a version does not count as done."""
    name = experiment("sales")
    found = bench.client.get_experiment_by_name(name)
    folder = found.experiment_id if found else bench.client.create_experiment(name)
    dead = bench.client.create_run(folder, tags={TAG_TRAIN_TOKEN: token})
    bench.client.set_terminated(dead.info.run_id, "FAILED")
    result = trained(bench.manifest(sales_spec(), sales_table()))
    assert (result.version, result.repeated) == ("1", False)


def test_the_holdout_is_never_seen(bench: Workbench) -> None:
    """Other targets in the holdout change neither the training nor the validation metrics."""
    table = sales_table()
    other = table.assign(sales=np.where(np.arange(len(table)) < 320, table["sales"], 1e6))
    seen = []
    for rows in (table, other):
        token = uuid.uuid4().hex
        train(TrainOrder("sales", bench.manifest(sales_spec(), rows), token, "lifecycle-test"), bench.environ)
        seen.append(_run(bench, token).data.metrics)
    assert seen[0] == seen[1]


def test_parts_are_put_together_and_the_later_wins(bench: Workbench, trained: Train, token: str) -> None:
    """Two overlapping parts make one table with the later part's values."""
    table = sales_table()
    corrected = table.iloc[200:].assign(sales=lambda rows: rows["sales"] * 2)
    trained(bench.manifest(sales_spec(), table.iloc[:300], corrected))
    both = _run(bench, token).data
    once = uuid.uuid4().hex
    whole = pd.concat([table.iloc[:200], corrected])
    train(TrainOrder("sales", bench.manifest(sales_spec(), whole), once, "lifecycle-test"), bench.environ)
    assert (both.params["rows_train"], both.metrics) == ("320", _run(bench, once).data.metrics)


def test_a_part_overwritten_since_is_an_error(bench: Workbench, trained: Train) -> None:
    """The content that was validated is gone; another one is not trained on."""
    url = bench.manifest(sales_spec(), sales_table())
    bench.put(_manifest(bench, url).parts[0].blob.name, b"timestamp,store,temp,sales\n")
    with pytest.raises(BlobChangedError):
        trained(url)


def test_a_part_removed_since_is_an_error(bench: Workbench, trained: Train) -> None:
    """The error names the blob."""
    url = bench.manifest(sales_spec(), sales_table())
    manifest = _manifest(bench, url)
    gone = manifest.parts[0].model_copy(update={"blob": manifest.parts[0].blob.model_copy(update={"name": "gone.csv"})})
    with pytest.raises(BlobMissingError, match=r"gone\.csv"):
        trained(bench.put_manifest(manifest.model_copy(update={"parts": (gone,)})))


def test_a_part_with_another_digest_is_an_error(bench: Workbench, trained: Train) -> None:
    """Bytes that are not those of the report are refused."""
    url = bench.manifest(sales_spec(), sales_table())
    manifest = _manifest(bench, url)
    part = manifest.parts[0].model_copy(update={"digest": "0" * 64})
    with pytest.raises(BadInputError, match="digest of the validated content"):
        trained(bench.put_manifest(manifest.model_copy(update={"parts": (part,)})))


def test_a_part_without_a_column_is_an_error(bench: Workbench, trained: Train) -> None:
    """The missing column is named."""
    with pytest.raises(BadInputError, match="column 'temp' is missing"):
        trained(bench.manifest(sales_spec(), sales_table().drop(columns="temp")))


def test_too_few_rows_for_a_holdout_are_an_error(bench: Workbench, trained: Train) -> None:
    """A holdout that would leave nothing to train on is refused."""
    with pytest.raises(BadInputError, match=r"dataset\.rows = 30"):
        trained(bench.manifest(sales_spec(), sales_table(30)))


def test_a_manifest_of_another_model_is_an_error(bench: Workbench, trained: Train) -> None:
    """A job cannot train one model on another's data."""
    url = bench.manifest(sales_spec().model_copy(update={"name": "stock"}), sales_table())
    with refusal(BadInputError, "for stock", field="model", value="sales"):
        trained(url)


@pytest.mark.parametrize("content", [b"{}", b"not json", b"\xff\xfe"])
def test_what_is_no_manifest_is_an_error(bench: Workbench, trained: Train, content: bytes) -> None:
    """The address is named."""
    bench.put("odd.json", content)
    with pytest.raises(BadInputError, match="not a dataset manifest"):
        trained(bench.url("odd.json"))


def test_an_unknown_plan_is_an_error(bench: Workbench) -> None:
    """A plan that this version cannot carry out is not ignored."""
    with pytest.raises(BadInputError, match="plan = 'tune'"):
        train(TrainOrder("sales", "unused", "t", "r", plan="tune"), bench.environ)


def test_a_failed_training_is_a_failed_run(bench: Workbench, trained: Train, token: str) -> None:
    """An estimator that refuses leaves a failed MLflow run and no version."""
    with pytest.raises(BadInputError, match="the estimator refuses"):
        trained(bench.manifest(sales_spec(parameters={"max_iter": -1}), sales_table()))
    versions = bench.client.search_model_versions(f"name = '{bench.prefix}sales'")
    assert (_run(bench, token).info.status, len(versions)) == ("FAILED", 0)
