"""MLflow tracking and model registry through the MLflow client."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import yaml
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts, list_artifacts
from mlflow.entities.model_registry import ModelVersion, ModelVersionSearch
from mlflow.exceptions import MlflowException

from nightshift.clients.platform.mlflow_errors import ABSENT, translated
from nightshift.domain.champions.registry import RegisteredVersion, ScoreRun
from nightshift.domain.platform.errors import ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.platform.names import (
    MODEL_RECIPE,
    PREDICTIONS_ARTIFACT,
    TAG_SCORE_TOKEN,
    TAG_TRAIN_RUN,
    experiment,
)

# Requests for single versions that run at once.
_AT_ONCE = 8
# Parts of a model's recipe that name columns of a dataset.
_RECIPE_COLUMNS = ("columns", "group_columns", "entity")


class MlflowModelRegistry:
    """Implements `ModelRegistry`.

    Attributes:
        prefix: put before a model's name in the registry, such as ``catalog.schema.`` on Unity Catalog.
    """

    def __init__(self, client: MlflowClient, prefix: str = "") -> None:
        self._client = client
        self._prefix = prefix

    def version_of(self, model: str, alias: str) -> str | None:
        with translated():
            try:
                return str(self._client.get_model_version_by_alias(self._prefix + model, alias).version)
            except MlflowException as error:
                if error.error_code in ABSENT:
                    return None
                raise

    def set_alias(self, model: str, alias: str, version: str) -> None:
        with translated():
            self._client.set_registered_model_alias(self._prefix + model, alias, version)

    def versions(self, model: str) -> tuple[RegisteredVersion, ...]:
        with translated():
            try:
                registered = self._client.get_registered_model(self._prefix + model)
            except MlflowException as error:
                if error.error_code in ABSENT:
                    return ()
                raise
            aliases: dict[str, list[str]] = {}
            for alias, version in registered.aliases.items():
                aliases.setdefault(str(version), []).append(alias)
            found = self._search(f"name = '{self._prefix}{model}'")
        versions: Iterable[RegisteredVersion | None]
        if any(isinstance(item, ModelVersionSearch) for item in found):
            # Unity Catalog leaves tags out of a search and has to be asked for each version.
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                versions = list(pool.map(lambda item: self.version(model, str(item.version)), found))
        else:
            versions = (_version(item, aliases.get(str(item.version), [])) for item in found)
        there = (item for item in versions if item is not None)
        return tuple(sorted(there, key=lambda item: int(item.version), reverse=True))

    def _search(self, where: str) -> list[ModelVersion]:
        page = self._client.search_model_versions(where)
        found = list(page)
        while page.token:
            page = self._client.search_model_versions(where, page_token=page.token)
            found.extend(page)
        return found

    def version(self, model: str, version: str) -> RegisteredVersion | None:
        with translated():
            try:
                item = self._client.get_model_version(self._prefix + model, version)
            except MlflowException as error:
                if error.error_code in ABSENT:
                    return None
                raise
        return _version(item, list(item.aliases))

    def tag(self, model: str, version: str, name: str, value: str | None) -> None:
        with translated():
            if value is not None:
                self._client.set_model_version_tag(self._prefix + model, version, name, value)
                return
            try:
                self._client.delete_model_version_tag(self._prefix + model, version, name)
            except MlflowException as error:
                if error.error_code not in ABSENT:
                    raise

    def columns_of(self, model: str, version: str) -> tuple[str, ...] | None:
        """The columns of a dataset that a version needs; None if its files are not all there.

        Read from the model's own description (MLmodel): loading the model itself needs its whole environment, which
        the app does not carry. Every scoring of a champion loads it, so a version that was champion has been loaded.
        """
        uri, where = f"models:/{self._prefix}{model}/{version}", self._client.tracking_uri
        with translated():
            try:
                files = {item.path for item in list_artifacts(artifact_uri=uri, tracking_uri=where)}
                if "MLmodel" not in files:
                    return None
                with tempfile.TemporaryDirectory(prefix="nightshift-") as folder, _fetching():
                    path = download_artifacts(artifact_uri=f"{uri}/MLmodel", dst_path=folder, tracking_uri=where)
                    described = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
            except MlflowException as error:
                if error.error_code in ABSENT:
                    return None
                raise
        data = described["flavors"]["python_function"].get("model_path")
        if data is not None and data not in files:
            return None
        recipe = json.loads((described.get("metadata") or {}).get(MODEL_RECIPE, "{}"))
        return tuple(column for part in _RECIPE_COLUMNS for column in recipe.get(part, ()))

    def run_metrics(self, run_id: str) -> dict[str, float]:
        with translated():
            return dict(self._client.get_run(run_id).data.metrics)

    def experiment_of(self, model: str) -> str | None:
        with translated():
            found = self._client.get_experiment_by_name(experiment(model))
        return None if found is None else str(found.experiment_id)

    def find_score(self, model: str, score_token: str) -> ScoreRun | None:
        with translated():
            found = self._client.get_experiment_by_name(experiment(model))
            if found is None:
                return None
            where = f"tags.`{TAG_SCORE_TOKEN}` = '{score_token}' and attributes.status = 'FINISHED'"
            runs = self._client.search_runs([found.experiment_id], where, max_results=1)
        for run in runs:
            return ScoreRun(
                run_id=run.info.run_id,
                train_run=run.data.tags.get(TAG_TRAIN_RUN, ""),
                tags=dict(run.data.tags),
                metrics=dict(run.data.metrics),
            )
        return None

    def download_predictions(self, score_run: str, target: Path) -> Path:
        folder = str(PurePosixPath(PREDICTIONS_ARTIFACT).parent)
        with translated():
            if PREDICTIONS_ARTIFACT not in {item.path for item in self._client.list_artifacts(score_run, folder)}:
                reason = f"score run {score_run} has no artifact {PREDICTIONS_ARTIFACT!r}"
                raise ServiceRefusedError("MLflow", reason, "the job ended well without logging it; see its output")
            with _fetching():
                return Path(self._client.download_artifacts(score_run, PREDICTIONS_ARTIFACT, str(target)))


@contextmanager
def _fetching() -> Iterator[None]:
    """Fetch an artifact that is there: MLflow calls whatever goes wrong on the way a missing artifact."""
    try:
        yield
    except MlflowException as error:
        if error.error_code in ABSENT:
            raise ServiceUnavailableError("MLflow", str(error.message)) from error
        raise


def _version(item: ModelVersion, aliases: list[str]) -> RegisteredVersion:
    return RegisteredVersion(
        version=str(item.version),
        aliases=tuple(sorted(aliases)),
        created_at=datetime.fromtimestamp(item.creation_timestamp / 1000, UTC),
        run_id=item.run_id or "",
        tags=dict(item.tags),
    )
