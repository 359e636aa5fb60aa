"""Log a fitted model with what is needed to use it again, and load it back."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import pandas as pd

from nightshift.domain.platform.errors import BadInputError, NightshiftError
from nightshift.domain.platform.names import MODEL_RECIPE
from nightshift.training.steps.features import FeatureRecipe, build_features
from nightshift.training.steps.fit import Values, predict

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

_REQUIREMENTS = ("scikit-learn", "skops", "numpy", "pandas")
# What skops must be allowed to rebuild; both are data only (tree nodes, an array's dtype).
_TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor", "numpy.dtype"]


class ModelUnusableError(NightshiftError):
    """A registered version cannot be loaded, or cannot score these rows."""

    code = "model_unusable"


@dataclass(frozen=True)
class StoredModel:
    """A registered version with its own recipe of inputs."""

    name: str
    version: str
    pipeline: "Pipeline"
    recipe: FeatureRecipe

    def score(self, rows: pd.DataFrame, selected: pd.Index) -> Values:
        """Predict the selected rows of a dataset.

        Raises:
            ModelUnusableError: the dataset lacks a column of the model, or the model refuses the inputs.
        """
        try:
            inputs = build_features(rows, self.recipe)
            return predict(self.pipeline, inputs.loc[selected], self.recipe)
        except (BadInputError, ValueError) as error:
            raise ModelUnusableError(
                f"model = {self.name!r} version {self.version}: cannot score this dataset: {error}",
                model=self.name,
                version=self.version,
            ) from error


def log_model(pipeline: "Pipeline", recipe: FeatureRecipe, inputs: pd.DataFrame, predicted: Values) -> str:
    """Log a model to the active MLflow run with signature, requirements and recipe; return its URI."""
    import mlflow.sklearn
    from mlflow.models import infer_signature

    logged = mlflow.sklearn.log_model(
        pipeline,
        name="model",
        signature=infer_signature(inputs.head(1000), predicted[:1000]),
        pip_requirements=[f"{package}=={version(package)}" for package in _REQUIREMENTS],
        skops_trusted_types=_TRUSTED,
        metadata={MODEL_RECIPE: recipe.model_dump_json()},
    )
    return str(logged.model_uri)


def load_model(name: str, wanted: str) -> StoredModel:
    """Load a registered version and its recipe.

    Raises:
        ModelUnusableError: there is no such version, it holds no recipe, or it cannot be loaded.
    """
    import mlflow.sklearn
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model

    uri = f"models:/{name}/{wanted}"
    try:
        folder = download_artifacts(artifact_uri=uri)
        recipe = (Model.load(folder).metadata or {}).get(MODEL_RECIPE)
        pipeline = mlflow.sklearn.load_model(folder)
    except (MlflowException, OSError, ValueError, TypeError, ImportError) as error:
        raise ModelUnusableError(
            f"model = {name!r} version {wanted}: cannot be loaded: {error}", model=name, version=wanted
        ) from error
    if recipe is None:
        raise ModelUnusableError(
            f"model = {name!r} version {wanted}: not logged by Nightshift's training (no {MODEL_RECIPE})",
            model=name,
            version=wanted,
        )
    return StoredModel(name=name, version=wanted, pipeline=pipeline, recipe=FeatureRecipe.from_json(recipe))
