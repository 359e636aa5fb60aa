"""The ``train`` task: fit a challenger on everything but the holdout and register it.

1. Read the order of a plan, if there is one.
2. If a version with this train token is registered already (a retried task), only the alias is set again.
3. Read the dataset, put the holdout aside.
4. Search parameters, if the order says so: fit on the older part of the training rows, measure on the newer part.
5. Fit the setup on the older part, measure on the newer part (validation).
6. Fit on all training rows, or on the order's window of them; log parameters, metrics, dataset, model, feature profile,
   and which rows these were, so that the model is never judged on them.
7. Register the version with its tags and point the alias ``challenger`` at it.
"""

import argparse
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nightshift.domain.improvement.actions.tune_hyperparameters import TuneHyperparameters
from nightshift.domain.improvement.plan import TAG_PLAN, PlanOrder
from nightshift.domain.lifecycle import metrics
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import (
    CHALLENGER,
    TAG_DATA_SOURCE,
    TAG_DATASET_DIGEST,
    TAG_GIT_COMMIT,
    TAG_LIFECYCLE_RUN,
    TAG_TRAIN_TOKEN,
)
from nightshift.training.jobs.blobs import JobBlobs
from nightshift.training.jobs.dataset import Dataset, load_dataset
from nightshift.training.jobs.plan_log import log_order, tune_and_log
from nightshift.training.jobs.plan_order import load_order
from nightshift.training.jobs.process import outages_named, prepare_process
from nightshift.training.jobs.tracking import experiment_of, git_commit, registered_name, version_with_token
from nightshift.training.jobs.trained_rows import NEWEST_ROW, log_trained_rows

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

logger = logging.getLogger(__name__)

PROFILE_ARTIFACT = "profile/features.json"


@dataclass(frozen=True)
class TrainOrder:
    """The task's parameters; ``dataset`` is the address of a dataset manifest, ``plan`` as in ``load_order``."""

    model: str
    dataset: str
    train_token: str
    lifecycle_run: str
    plan: str = ""


class TrainResult(Message):
    """The registered version; ``repeated`` if an earlier attempt had registered it."""

    name: str
    version: str
    repeated: bool


def train(order: TrainOrder, environ: Mapping[str, str] = os.environ) -> TrainResult:
    """Run the task.

    Raises:
        BadInputError: a parameter, the dataset or the spec breaks a rule.
        NightshiftError: storage or the registry refuses.
    """
    from mlflow import MlflowClient

    plan = load_order(order.plan, environ)
    client = MlflowClient()
    name = registered_name(order.model, environ)
    experiment = experiment_of(client, order.model)
    version = version_with_token(client, experiment, name, order.train_token)
    repeated = version is not None
    if version is not None:
        _check_same_plan(client, order, plan, version)
    else:
        blobs = JobBlobs.for_url(order.dataset, environ)
        try:
            dataset = load_dataset(order.dataset, order.model, blobs)
        finally:
            blobs.close()
        uri = _fit_and_log(order, plan, dataset, experiment, environ)
        version = _register(order, plan, dataset, uri, name)
    client.set_registered_model_alias(name, CHALLENGER, str(version.version))
    logger.info(
        "train_finished model=%s version=%s run=%s train_token=%s repeated=%s",
        order.model,
        version.version,
        order.lifecycle_run,
        order.train_token,
        repeated,
    )
    return TrainResult(name=name, version=str(version.version), repeated=repeated)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the task; an exception is the task's failure."""
    parser = argparse.ArgumentParser(prog="train", description="Train and register a challenger.")
    parser.add_argument("--model", required=True)
    parser.add_argument("--dataset", required=True, help="address of the dataset manifest blob")
    parser.add_argument("--train-token", required=True)
    parser.add_argument("--lifecycle-run", required=True)
    parser.add_argument("--plan", default="", help="order of a plan as JSON, or the address of a blob that holds it")
    values = parser.parse_args(arguments)
    prepare_process()
    with outages_named():
        train(TrainOrder(**vars(values)))


def _check_same_plan(
    client: "MlflowClient", order: TrainOrder, plan: PlanOrder | None, version: "ModelVersion"
) -> None:
    """A token marks one training: another plan under it would be answered with a model that never saw the plan."""
    trained = client.get_run(str(version.run_id)).data.tags.get(TAG_PLAN, "")
    wanted = plan.fingerprint if plan else ""
    if trained != wanted:
        raise BadInputError(
            field="train_token",
            value=order.train_token,
            rule=f"version {version.version} was trained with it for plan {trained!r}, not {wanted!r}; use a new token",
        )


def _fit_and_log(
    order: TrainOrder, plan: PlanOrder | None, dataset: Dataset, experiment: str, environ: Mapping[str, str]
) -> str:
    import mlflow

    from nightshift.training.jobs.model_store import log_model
    from nightshift.training.steps.features import build_features, recipe_of
    from nightshift.training.steps.fit import predict, truth
    from nightshift.training.steps.profile import profile
    from nightshift.training.steps.setup import setup_of
    from nightshift.training.steps.split import split
    from nightshift.training.steps.trial import fit_setup, measure

    manifest, spec = dataset.manifest, dataset.manifest.spec
    # Only older rows are ever handed on: not even the features of the holdout exist here.
    rows = split(dataset.rows, spec.evaluation.holdout).train
    inner = split(rows, spec.evaluation.holdout)
    setup = setup_of(spec, plan)
    recipe = recipe_of(spec, setup.groups)
    tags = {
        TAG_LIFECYCLE_RUN: order.lifecycle_run,
        TAG_TRAIN_TOKEN: order.train_token,
        TAG_DATASET_DIGEST: manifest.digest,
        TAG_GIT_COMMIT: git_commit(environ),
        TAG_DATA_SOURCE: manifest.source,
        **_plan_tag(plan),
    }
    with mlflow.start_run(experiment_id=experiment, run_name=f"train {order.lifecycle_run}", tags=tags):
        if plan is not None:
            log_order(plan)
            if isinstance(plan.action, TuneHyperparameters):
                setup = tune_and_log(setup, plan.action, rows, inner)
                recipe = recipe_of(setup.spec, setup.groups)
        inputs = build_features(rows, recipe)
        validation = measure(setup, inner, inputs, recipe)
        fitted = fit_setup(setup, rows, inputs, recipe)
        used = inputs.loc[fitted.rows.index]
        predicted = predict(fitted.model, used, recipe)
        trained = metrics.measure(spec.kind, truth(fitted.rows, spec), predicted)
        mlflow.log_params(
            {
                "kind": spec.kind,
                "features": ",".join(used.columns),
                "seed": spec.training.seed,
                "rows_train": len(used),
                "rows_validation": len(inner.holdout),
                "rows_holdout": len(dataset.rows) - len(rows),
                "oldest_train_row": str(fitted.rows[recipe.time_column].iloc[0]),
                NEWEST_ROW: str(fitted.rows[recipe.time_column].iloc[-1]),
                "spec_digest": spec.digest,
                **{f"parameters.{key}": value for key, value in setup.spec.training.parameters.items()},
            }
        )
        mlflow.log_metrics(
            {f"train_{key}": value for key, value in trained.items()}
            | {f"validation_{key}": value for key, value in validation.items()}
        )
        _log_dataset(
            dataset, used.assign(**{spec.training.target: fitted.rows[spec.training.target].astype("float64")})
        )
        # All training rows, also those that the order's window left out: parameters may have been searched on them.
        log_trained_rows(rows, spec)
        mlflow.log_dict(profile(used).to_json(), PROFILE_ARTIFACT)
        return log_model(fitted.model, recipe, used, predicted)


def _plan_tag(plan: PlanOrder | None) -> dict[str, str]:
    return {TAG_PLAN: plan.fingerprint} if plan else {}


def _log_dataset(dataset: Dataset, rows: "pd.DataFrame") -> None:
    import mlflow
    from mlflow.data.pandas_dataset import from_pandas

    # MLflow keeps 36 characters of a digest; the tag has all of it.
    source = from_pandas(rows, source=dataset.url, name=dataset.manifest.spec.name, digest=dataset.manifest.digest[:36])
    mlflow.log_input(source, context="training")


def _register(order: TrainOrder, plan: PlanOrder | None, dataset: Dataset, uri: str, name: str) -> "ModelVersion":
    import mlflow

    return mlflow.register_model(
        uri,
        name,
        tags={
            TAG_TRAIN_TOKEN: order.train_token,
            TAG_LIFECYCLE_RUN: order.lifecycle_run,
            TAG_DATASET_DIGEST: dataset.manifest.digest,
            **_plan_tag(plan),
        },
    )


if __name__ == "__main__":
    main()
