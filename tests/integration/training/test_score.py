"""The score task against a real MLflow server and real blob storage."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest
from mlflow.entities import Run
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from nightshift.cli.demo.data import uploads
from nightshift.cli.demo.data.source import DETECTOR, source
from nightshift.domain.lifecycle.drift import read_drift
from nightshift.domain.lifecycle.training_overlap import TrainingOverlap
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.names import (
    PREDICTIONS_ARTIFACT,
    TAG_CHALLENGER_VERSION,
    TAG_CHAMPION_VERSION,
    TAG_DATA_SOURCE,
    TAG_DATASET_DIGEST,
    TAG_EVALUATION_SET_DIGEST,
    TAG_LIFECYCLE_RUN,
    TAG_SCORE_TOKEN,
    TAG_TRAIN_RUN,
    TAG_TRAIN_TOKEN,
    TAG_TRAINING_OVERLAP,
)
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.jobs.model_store import ModelUnusableError
from nightshift.training.jobs.score import ScoreOrder, ScoreResult, score
from nightshift.training.jobs.train import TrainOrder, TrainResult, train
from tests.integration.training.workbench import Workbench, sales_spec, sales_table, shipped_spec


@dataclass(frozen=True)
class Scored:
    """A train task and a score task after it."""

    trained: TrainResult
    result: ScoreResult
    order: ScoreOrder
    run: Run
    rows: pd.DataFrame


TrainAndScore = Callable[..., Scored]


@pytest.fixture
def train_and_score(bench: Workbench) -> TrainAndScore:
    """Train a challenger on a table and score it, against a champion version if one is named."""

    def run(spec: ModelSpec, table: pd.DataFrame, champion: str = "") -> Scored:
        url, token = bench.manifest(spec, table), uuid.uuid4().hex
        trained = train(TrainOrder(spec.name, url, token, "lifecycle-test"), bench.environ)
        order = ScoreOrder(spec.name, url, token, f"score-{token}", champion, "lifecycle-test")
        result = score(order, bench.environ)
        path = bench.client.download_artifacts(result.run_id, PREDICTIONS_ARTIFACT, str(bench.folder))
        return Scored(trained, result, order, bench.client.get_run(result.run_id), pd.read_parquet(path))

    return run


def test_the_first_challenger_is_scored_alone(train_and_score: TrainAndScore) -> None:
    """One row per holdout row, with truth and slices; the champion's column is empty."""
    table = sales_table()
    rows = train_and_score(sales_spec(), table).rows
    assert (
        list(rows.columns),
        rows["row_key"].tolist()[0],
        rows["y_true"].tolist(),
        rows["slice_store"].tolist(),
        bool(rows["champion"].isna().all()),
    ) == (
        ["row_key", "y_true", "champion", "challenger", "slice_store"],
        "2024-01-14T08:00:00",
        table["sales"].tolist()[320:],
        table["store"].tolist()[320:],
        True,
    )


def test_champion_and_challenger_meet_on_the_same_rows(train_and_score: TrainAndScore) -> None:
    """The champion's predictions on the new holdout stand beside the challenger's, and both have metrics."""
    champion = train_and_score(sales_spec(), sales_table())
    scored = train_and_score(sales_spec(), sales_table(500, factor=2.0), champion.trained.version)
    errors = {
        name: float((scored.rows[name] - scored.rows["y_true"]).abs().mean()) for name in ("champion", "challenger")
    }
    metrics = scored.run.data.metrics
    assert {name: metrics[f"{name}_mae"] for name in errors} == pytest.approx(errors)
    assert metrics["challenger_mae"] < metrics["champion_mae"]


def test_the_run_carries_all_that_a_decision_needs(train_and_score: TrainAndScore, bench: Workbench) -> None:
    """Tokens, versions, digests, the train run and the data's source are tags."""
    champion = train_and_score(sales_spec(), sales_table())
    scored = train_and_score(sales_spec(), sales_table(500), champion.trained.version)
    tags = scored.run.data.tags
    version = bench.client.get_model_version(scored.trained.name, scored.trained.version)
    assert {name: tags[name] for name in tags if name.startswith("nightshift.")} == {
        TAG_SCORE_TOKEN: scored.order.score_token,
        TAG_TRAIN_TOKEN: scored.order.train_token,
        TAG_TRAIN_RUN: version.run_id,
        TAG_CHALLENGER_VERSION: "2",
        TAG_CHAMPION_VERSION: "1",
        TAG_LIFECYCLE_RUN: "lifecycle-test",
        TAG_DATASET_DIGEST: version.tags[TAG_DATASET_DIGEST],
        TAG_EVALUATION_SET_DIGEST: tags[TAG_EVALUATION_SET_DIGEST],
        TAG_DATA_SOURCE: "test data",
        TAG_TRAINING_OVERLAP: '{"known_by":"rows","rows":0,"left_out":true}',
    }


def test_drift_from_the_same_season_is_logged_with_its_p(train_and_score: TrainAndScore) -> None:
    """Two stores' sales of 500 days; in the last 100 the prices are three times as high and a store is new."""
    days = sales_table(500)
    days["timestamp"] = pd.date_range("2023-01-01", periods=500, freq="D")
    days.loc[days.index >= 400, "sales"] *= 3
    days.loc[(days.index >= 400) & (days.index % 4 == 0), "store"] = "c"
    found = read_drift(train_and_score(sales_spec(), days).run.data.metrics)
    assert {name: item.moved for name, item in found.items()} == {"sales": True, "store": False, "temp": False}
    assert (found["store"].new > 0.2, found["temp"].new) == (True, 0)
    assert found["sales"].p == pytest.approx(1 / 2000)


def test_without_a_year_of_history_no_drift_is_logged(train_and_score: TrainAndScore) -> None:
    """There is no reference of the same season; a constant threshold would say something about the season."""
    metrics = train_and_score(sales_spec(), sales_table()).run.data.metrics
    assert [name for name in metrics if name.startswith("drift")] == []


def overlap_of(scored: Scored) -> TrainingOverlap:
    """What the score run says of rows that the champion was trained on."""
    return TrainingOverlap.from_json(scored.run.data.tags[TAG_TRAINING_OVERLAP])


def test_a_champion_is_not_judged_on_its_training_rows_under_new_dates(train_and_score: TrainAndScore) -> None:
    """The same rows with the dates reversed: no key is known, but each row's content is; too little is left."""
    champion = train_and_score(sales_spec(time_features=[]), sales_table())
    turned = sales_table().assign(timestamp=sales_table()["timestamp"].to_numpy()[::-1])
    scored = train_and_score(sales_spec(time_features=[]), turned, champion.trained.version)
    assert overlap_of(scored) == TrainingOverlap(known_by="rows", rows=80, left_out=False)
    assert (overlap_of(scored).spoils, len(scored.rows)) == (True, 80)


def test_rows_of_a_wider_holdout_that_the_champion_knows_are_left_out(train_and_score: TrainAndScore) -> None:
    """Half of the wider holdout was trained on: both are compared on the other half."""
    champion = train_and_score(sales_spec(), sales_table())
    spec = sales_spec()
    holdout = spec.evaluation.holdout.model_copy(update={"newest_fraction": 0.4})
    wider = spec.model_copy(update={"evaluation": spec.evaluation.model_copy(update={"holdout": holdout})})
    scored = train_and_score(wider, sales_table(), champion.trained.version)
    assert overlap_of(scored) == TrainingOverlap(known_by="rows", rows=80, left_out=True)
    assert scored.rows["row_key"].tolist() == champion.rows["row_key"].tolist()


@pytest.mark.parametrize(("rows", "seen", "left_out"), [(500, 0, True), (300, 60, False)])
def test_a_champion_without_a_record_of_its_rows_is_judged_by_time(
    train_and_score: TrainAndScore, bench: Workbench, rows: int, seen: int, left_out: bool
) -> None:
    """Rows up to its newest training row may have been trained on; newer ones were not."""
    champion = train_and_score(sales_spec(), sales_table())
    version = bench.client.get_model_version(champion.trained.name, champion.trained.version)
    trained = bench.client.get_run(str(version.run_id))
    repository: Any = get_artifact_repository(trained.info.artifact_uri, bench.mlflow_url)
    repository.delete_artifacts("training")
    scored = train_and_score(sales_spec(), sales_table(rows), champion.trained.version)
    assert overlap_of(scored) == TrainingOverlap(known_by="time", rows=seen, left_out=left_out)


def test_a_retried_task_scores_nothing_again(train_and_score: TrainAndScore, bench: Workbench) -> None:
    """The same token finds its finished run."""
    scored = train_and_score(sales_spec(), sales_table())
    assert score(scored.order, bench.environ) == ScoreResult(run_id=scored.result.run_id, repeated=True)


def test_an_attempt_that_failed_is_made_good(train_and_score: TrainAndScore, bench: Workbench) -> None:
    """A failed run with the token does not count as done."""
    scored = train_and_score(sales_spec(), sales_table())
    bench.client.set_terminated(scored.result.run_id, "FAILED")
    again = score(scored.order, bench.environ)
    assert (again.repeated, again.run_id != scored.result.run_id) == (False, True)


def test_the_same_holdout_has_the_same_digest(train_and_score: TrainAndScore) -> None:
    """Two trainings on equal data are compared on provably equal rows."""
    digests = {
        train_and_score(sales_spec(seed=seed), sales_table()).run.data.tags[TAG_EVALUATION_SET_DIGEST]
        for seed in (1, 2)
    }
    assert len(digests) == 1


def test_a_detector_flags_rows(train_and_score: TrainAndScore) -> None:
    """Predictions are 0 or 1, and precision and recall are logged for both models."""
    data = source("synthetic", seed=1, environ={})
    first, later = (uploads.table(uploads.upload(DETECTOR, name), data) for name in ("first", "next_period"))
    champion = train_and_score(shipped_spec(DETECTOR), first)
    scored = train_and_score(shipped_spec(DETECTOR), later, champion.trained.version)
    values = set(scored.rows["champion"]) | set(scored.rows["challenger"])
    assert (
        values,
        scored.run.data.metrics["challenger_recall"] > 0.5,
        "champion_precision" in scored.run.data.metrics,
    ) == (
        {0.0, 1.0},
        True,
        True,
    )


def test_unlabelled_rows_keep_their_predictions(train_and_score: TrainAndScore) -> None:
    """A row without truth is in the table, with NaN for its truth."""
    table = sales_table()
    rows = train_and_score(sales_spec(), table.assign(sales=table["sales"].where(table.index != 399))).rows
    assert (bool(rows["y_true"].isna().iloc[-1]), bool(rows["challenger"].notna().all())) == (True, True)


def test_an_older_champion_gets_its_own_inputs(train_and_score: TrainAndScore) -> None:
    """A champion from a spec with fewer features is still scored, on the columns that it knows."""
    champion = train_and_score(sales_spec(features=["temp"], time_features=[]), sales_table())
    scored = train_and_score(sales_spec(), sales_table(500), champion.trained.version)
    assert bool(scored.rows["champion"].notna().all())


def test_a_champion_without_its_column_is_an_error(train_and_score: TrainAndScore) -> None:
    """A column that today's contract no longer has is named, with model and version."""
    champion = train_and_score(sales_spec(), sales_table())
    spec = sales_spec(features=["store"])
    columns = tuple(column for column in spec.contract.columns if column.name != "temp")
    narrow = spec.model_copy(update={"contract": spec.contract.model_copy(update={"columns": columns})})
    with pytest.raises(ModelUnusableError, match="version 1: cannot score .*needs temp"):
        train_and_score(narrow, sales_table(500).drop(columns="temp"), champion.trained.version)


def test_an_unknown_champion_is_an_error(train_and_score: TrainAndScore) -> None:
    """A version that is not in the registry is named."""
    with pytest.raises(ModelUnusableError, match="version 99: cannot be loaded"):
        train_and_score(sales_spec(), sales_table(), "99")


def test_an_unknown_train_token_is_an_error(bench: Workbench) -> None:
    """Scoring before training has registered anything says so."""
    url = bench.manifest(sales_spec(), sales_table())
    with pytest.raises(BadInputError, match="train_token = 'nobody'"):
        score(ScoreOrder("sales", url, "nobody", uuid.uuid4().hex, "", "r"), bench.environ)


def test_a_token_is_no_query(bench: Workbench) -> None:
    """Quotes in a token are refused, not searched with."""
    with pytest.raises(BadInputError, match="letters, digits"):
        score(ScoreOrder("sales", "unused", "t", "x' or '1", "", "r"), bench.environ)


def test_a_holdout_without_truth_is_an_error(train_and_score: TrainAndScore) -> None:
    """Nothing can be compared on rows whose target is unknown throughout."""
    table = sales_table()
    with pytest.raises(BadInputError, match="no holdout row "):
        train_and_score(sales_spec(), table.assign(sales=table["sales"].where(table.index < 320)))
