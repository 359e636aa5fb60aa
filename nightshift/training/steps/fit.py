"""Fit and apply the model that a spec's kind asks for."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.steps.features import FeatureRecipe

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

# Below this many rows the threads of the tree code wait for each other longer than they work: 15,000 rows took 0.7 s
# with one thread, and 12 s with two on two busy cores.
THREADS_FROM_ROWS = 200_000

Values = npt.NDArray[np.float64]


def fit(
    features: pd.DataFrame,
    target: "pd.Series[float]",
    recipe: FeatureRecipe,
    spec: ModelSpec,
    weights: Values | None = None,
) -> "Pipeline":
    """Fit on training rows only; the holdout never comes here.

    Args:
        weights: how much each row counts, shape (rows,); None counts all alike. A detector takes none.

    Raises:
        BadInputError: what the spec's parameters or the rows do not allow.
    """
    # Each kind imports its estimators only when they are needed: half a second of a short job. They are imported before
    # the limit, which reaches only libraries that are loaded.
    if spec.kind == "regression":
        from nightshift.training.steps.regression import fit_regression

        with _threads_for(len(features)):
            return fit_regression(features, target, recipe, spec.training.parameters, spec.training.seed, weights)
    if weights is not None:
        raise BadInputError(field="weights", value=spec.kind, rule="a detector cannot weight its rows", where=spec.name)
    from nightshift.training.steps.detector import fit_detector

    with _threads_for(len(features)):
        return fit_detector(features, target, spec.training.parameters, spec.training.seed)


def predict(model: "Pipeline", features: pd.DataFrame, recipe: FeatureRecipe) -> Values:
    """Predict each row: the target's unit for a forecast, 1 (anomaly) or 0 for a detector."""
    with _threads_for(len(features)):
        raw = np.asarray(model.predict(features), dtype=np.float64)
    return raw if recipe.kind == "regression" else (raw == -1).astype(np.float64)


def truth(rows: pd.DataFrame, spec: ModelSpec) -> Values:
    """The target of each row as float64; NaN where unknown."""
    return np.asarray(rows[spec.training.target].astype("float64"), dtype=np.float64)


def _threads_for(rows: int) -> AbstractContextManager[object]:
    from threadpoolctl import threadpool_limits

    limited: AbstractContextManager[object] = threadpool_limits(1 if rows < THREADS_FROM_ROWS else None)
    return limited
