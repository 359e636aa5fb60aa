"""MLflow as the jobs use it: experiment, runs by token, registered versions by token."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.names import TAG_SCORE_TOKEN, TAG_TRAIN_TOKEN, experiment

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

MODEL_PREFIX = "NIGHTSHIFT_MODEL_PREFIX"
GIT_COMMIT = "NIGHTSHIFT_GIT_COMMIT"
_TOKEN = re.compile(r"[A-Za-z0-9_.-]{1,200}")


def registered_name(model: str, environ: Mapping[str, str] = os.environ) -> str:
    """Name of the registered model: on Unity Catalog ``NIGHTSHIFT_MODEL_PREFIX`` (``catalog.schema.``) comes first."""
    return f"{environ.get(MODEL_PREFIX, '')}{model}"


def experiment_of(client: "MlflowClient", model: str) -> str:
    """Id of the model's experiment, created if it is not there yet."""
    import mlflow

    found = client.get_experiment_by_name(experiment(model))
    return str(found.experiment_id if found else mlflow.set_experiment(experiment(model)).experiment_id)


def runs_with_tag(client: "MlflowClient", experiment_id: str, tag: str, value: str) -> "list[Run]":
    """Runs of an experiment that carry a tag, newest first.

    Raises:
        BadInputError: the value holds other characters than letters, digits and ``_.-``.
    """
    if not _TOKEN.fullmatch(value):
        raise BadInputError(field=tag, value=value, rule="must consist of letters, digits and _.-")
    return list(client.search_runs([experiment_id], filter_string=f"tags.`{tag}` = '{value}'", max_results=100))


def version_with_token(
    client: "MlflowClient", experiment_id: str, name: str, train_token: str
) -> "ModelVersion | None":
    """The version that a train task with this token registered.

    Goes by way of the run, because Unity Catalog searches versions by run id but not by tag.
    """
    for run in runs_with_tag(client, experiment_id, TAG_TRAIN_TOKEN, train_token):
        if TAG_SCORE_TOKEN in run.data.tags:
            continue
        for version in client.search_model_versions(f"run_id = '{run.info.run_id}'"):
            if version.name == name:
                return version
    return None


def git_commit(environ: Mapping[str, str] = os.environ) -> str:
    """The commit of the training code: ``NIGHTSHIFT_GIT_COMMIT``, else what git says here, else ``unknown``."""
    if commit := environ.get(GIT_COMMIT):
        return commit
    try:
        asked = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607  git is found on the path wherever it is installed
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return asked.stdout.strip() if asked.returncode == 0 else "unknown"
