"""Registered versions without training: for tests and benchmarks of what happens to champions afterwards."""

import json
import uuid
from pathlib import Path

import yaml
from mlflow import MlflowClient

from nightshift.domain.platform.names import (
    CHAMPION,
    MODEL_RECIPE,
    TAG_DATASET_DIGEST,
    TAG_LIFECYCLE_RUN,
    experiment,
)
from nightshift.domain.platform.ports import Services
from nightshift.services.champions.move_champion import move_champion

COLUMNS = ("season", "temp")


def make_bare_model(client: MlflowClient) -> str:
    """Register a model of a new name with versions 1 to 3 without files, version 1 the champion; return its name."""
    name = f"m{uuid.uuid4().hex[:16]}"
    client.create_registered_model(name)
    run = client.create_run(client.create_experiment(experiment(name)))
    for _ in range(3):
        client.create_model_version(name, source=f"{run.info.artifact_uri}/model", run_id=run.info.run_id)
    client.set_registered_model_alias(name, CHAMPION, "1")
    return name


def make_versions(
    client: MlflowClient, model: str, count: int, folder: Path, columns: tuple[str, ...] = COLUMNS
) -> None:
    """Register versions 1 to ``count`` of a model, all of the same files: a description and a model file."""
    found = client.get_experiment_by_name(experiment(model))
    run = client.create_run(found.experiment_id if found else client.create_experiment(experiment(model)))
    files = folder / f"{model}-files"
    files.mkdir()
    described = {
        "artifact_path": "model",
        "flavors": {"python_function": {"loader_module": "mlflow.sklearn", "model_path": "model.skops"}},
        "metadata": {MODEL_RECIPE: json.dumps({"columns": list(columns)})},
    }
    (files / "MLmodel").write_text(yaml.safe_dump(described), encoding="utf-8")
    (files / "model.skops").write_bytes(b"no model: nothing here loads it")
    client.log_artifacts(run.info.run_id, str(files), "model")
    client.create_registered_model(model)
    for _ in range(count):
        client.create_model_version(model, f"{run.info.artifact_uri}/model", run.info.run_id)


def tag_training(client: MlflowClient, model: str, version: str, dataset: str, run: str) -> None:
    """Say on which dataset, by its digest, and in which run a version was trained."""
    for name, value in ((TAG_DATASET_DIGEST, dataset), (TAG_LIFECYCLE_RUN, run)):
        client.set_model_version_tag(model, version, name, value)


def make_champions(services: Services, model: str, versions: tuple[str, ...]) -> None:
    """Make versions champion, one after the other, as promotions do."""
    expected = services.registry.version_of(model, CHAMPION)
    for version in versions:
        key = f"made:{version}:{len(services.champions.moves(model))}"
        move_champion(
            services, model=model, expected=expected, version=version, run="made", decided_by=key, kind="promotion"
        )
        expected = version
