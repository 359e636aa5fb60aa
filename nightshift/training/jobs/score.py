"""The ``score`` task: champion and challenger predict the same holdout rows.

1. If a finished run with this score token exists (a retried task), nothing is done again.
2. Find the challenger by its train token; load it, and the champion if there is one.
3. Leave out of the holdout of the dataset what the champion was trained on; score the rest with both.
4. Log one MLflow run: tags, metrics of both, and a Parquet file with one row per holdout row.
"""

import argparse
import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from nightshift.domain.lifecycle import metrics
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import (
    CHALLENGER,
    CHAMPION,
    DRIFT_GONE_PREFIX,
    DRIFT_NEW_PREFIX,
    DRIFT_P_PREFIX,
    DRIFT_PREFIX,
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
from nightshift.training.jobs.blobs import JobBlobs
from nightshift.training.jobs.dataset import Dataset, load_dataset
from nightshift.training.jobs.process import outages_named, prepare_process
from nightshift.training.jobs.tracking import experiment_of, registered_name, runs_with_tag, version_with_token
from nightshift.training.jobs.trained_rows import unseen_holdout

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient

    from nightshift.training.jobs.model_store import StoredModel
    from nightshift.training.steps.drift import ColumnDrift

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ScoreOrder:
    """The task's parameters; ``champion_version`` is empty when there is no champion yet."""

    model: str
    dataset: str
    train_token: str
    score_token: str
    champion_version: str
    lifecycle_run: str


class ScoreResult(Message):
    """The MLflow run with the predictions; ``repeated`` if an earlier attempt had logged it."""

    run_id: str
    repeated: bool


def score(order: ScoreOrder, environ: Mapping[str, str] = os.environ) -> ScoreResult:
    """Run the task.

    Raises:
        BadInputError: a parameter or the dataset breaks a rule, or no version has the train token.
        ModelUnusableError: champion or challenger cannot be loaded or cannot score this dataset.
        NightshiftError: storage or the registry refuses.
    """
    from mlflow import MlflowClient

    from nightshift.training.jobs.model_store import load_model

    client = MlflowClient()
    name = registered_name(order.model, environ)
    experiment = experiment_of(client, order.model)
    for run in runs_with_tag(client, experiment, TAG_SCORE_TOKEN, order.score_token):
        if run.info.status == "FINISHED":
            logger.info(
                "score_repeated model=%s run=%s mlflow_run=%s", order.model, order.lifecycle_run, run.info.run_id
            )
            return ScoreResult(run_id=run.info.run_id, repeated=True)
    version = version_with_token(client, experiment, name, order.train_token)
    if version is None:
        raise BadInputError(
            field="train_token", value=order.train_token, rule=f"no version of {name} was registered with this token"
        )
    blobs = JobBlobs.for_url(order.dataset, environ)
    try:
        dataset = load_dataset(order.dataset, order.model, blobs)
    finally:
        blobs.close()
    challenger = load_model(name, str(version.version))
    champion = load_model(name, order.champion_version) if order.champion_version else None
    run_id = _score_and_log(client, order, dataset, experiment, challenger, champion, str(version.run_id))
    logger.info(
        "score_finished model=%s run=%s mlflow_run=%s challenger=%s champion=%s",
        order.model,
        order.lifecycle_run,
        run_id,
        challenger.version,
        order.champion_version or "none",
    )
    return ScoreResult(run_id=run_id, repeated=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the task; an exception is the task's failure."""
    parser = argparse.ArgumentParser(prog="score", description="Score champion and challenger on the holdout.")
    parser.add_argument("--model", required=True)
    parser.add_argument("--dataset", required=True, help="address of the dataset manifest blob")
    parser.add_argument("--train-token", required=True)
    parser.add_argument("--score-token", required=True)
    parser.add_argument("--champion-version", default="", help="empty when there is no champion")
    parser.add_argument("--lifecycle-run", required=True)
    values = parser.parse_args(arguments)
    prepare_process()
    with outages_named():
        score(ScoreOrder(**vars(values)))


def _score_and_log(
    client: "MlflowClient",
    order: ScoreOrder,
    dataset: Dataset,
    experiment: str,
    challenger: "StoredModel",
    champion: "StoredModel | None",
    train_run: str,
) -> str:
    import mlflow

    from nightshift.training.steps.drift import drift
    from nightshift.training.steps.fit import truth
    from nightshift.training.steps.predictions import predictions_table
    from nightshift.training.steps.split import evaluation_set_digest, row_keys, split

    spec = dataset.manifest.spec
    parts = split(dataset.rows, spec.evaluation.holdout)
    holdout, overlap = parts.holdout, None
    if champion is not None:
        holdout, overlap = unseen_holdout(client, champion.name, champion.version, dataset.rows, holdout, spec)
    keys, known = row_keys(holdout, spec.contract.key), truth(holdout, spec)
    scored = {CHALLENGER: challenger.score(dataset.rows, holdout.index)}
    if champion is not None:
        scored[CHAMPION] = champion.score(dataset.rows, holdout.index)
    table = predictions_table(holdout, keys, known, scored, spec)
    watched = dict.fromkeys((spec.training.target, *spec.training.features))
    tags = {
        TAG_SCORE_TOKEN: order.score_token,
        TAG_TRAIN_TOKEN: order.train_token,
        TAG_TRAIN_RUN: train_run,
        TAG_LIFECYCLE_RUN: order.lifecycle_run,
        TAG_CHALLENGER_VERSION: challenger.version,
        TAG_CHAMPION_VERSION: order.champion_version,
        TAG_DATASET_DIGEST: dataset.manifest.digest,
        TAG_EVALUATION_SET_DIGEST: evaluation_set_digest(keys, known),
        TAG_DATA_SOURCE: dataset.manifest.source,
        **({TAG_TRAINING_OVERLAP: overlap.model_dump_json()} if overlap else {}),
    }
    with mlflow.start_run(experiment_id=experiment, run_name=f"score {order.lifecycle_run}", tags=tags) as run:
        mlflow.log_metrics(
            {
                f"{who}_{metric}": value
                for who, predicted in scored.items()
                for metric, value in metrics.measure(spec.kind, known, predicted).items()
            }
            | {"rows": len(table), "training_seconds": _span(parts.train[spec.training.time_column])}
            | _drift_metrics(drift(parts.train, parts.holdout, watched, spec.training.time_column))
        )
        _log_table(table)
        return str(run.info.run_id)


def _drift_metrics(found: "Mapping[str, ColumnDrift]") -> dict[str, float]:
    logged: dict[str, float] = {}
    for name, item in found.items():
        logged |= {f"{DRIFT_PREFIX}{name}": item.psi, f"{DRIFT_P_PREFIX}{name}": item.p}
        rare = ((DRIFT_NEW_PREFIX, item.new), (DRIFT_GONE_PREFIX, item.gone))
        logged |= {f"{prefix}{name}": value for prefix, value in rare if value}
    return logged


def _span(times: "pd.Series[pd.Timestamp]") -> float:
    return float((times.max() - times.min()).total_seconds())


def _log_table(table: "pd.DataFrame") -> None:
    import mlflow

    artifact = PurePosixPath(PREDICTIONS_ARTIFACT)
    with tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
        path = Path(folder) / artifact.name
        table.to_parquet(path, index=False)
        mlflow.log_artifact(str(path), artifact_path=str(artifact.parent))


if __name__ == "__main__":
    main()
