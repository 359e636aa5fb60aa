"""Fit a setup on training rows, and measure it on rows that are newer."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from nightshift.domain.lifecycle import metrics
from nightshift.training.steps.features import FeatureRecipe
from nightshift.training.steps.fit import fit, predict, truth
from nightshift.training.steps.setup import TrainingSetup
from nightshift.training.steps.split import Split

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class Fitted:
    """A fitted model and the rows that it was fitted on."""

    model: "Pipeline"
    rows: pd.DataFrame


def fit_setup(setup: TrainingSetup, rows: pd.DataFrame, inputs: pd.DataFrame, recipe: FeatureRecipe) -> Fitted:
    """Fit on the rows that the setup chooses, weighted as it says.

    Args:
        rows: training rows, ordered by time.
        inputs: features of at least these rows, by index; made from the whole past, also from before the window.

    Raises:
        BadInputError: too few rows are left, or the estimator refuses.
    """
    spec = setup.spec
    rows, weights = setup.choose(rows)
    target = rows[spec.training.target].astype("float64")
    return Fitted(fit(inputs.loc[rows.index], target, recipe, spec, weights), rows)


def measure(setup: TrainingSetup, inner: Split, inputs: pd.DataFrame, recipe: FeatureRecipe) -> dict[str, float]:
    """Metrics on the newer part of the training rows of a model fitted on the older part.

    The newer part is the same rows for every setup, so that setups can be compared.
    """
    fitted = fit_setup(setup, inner.train, inputs, recipe)
    predicted = predict(fitted.model, inputs.loc[inner.holdout.index], recipe)
    return metrics.measure(setup.spec.kind, truth(inner.holdout, setup.spec), predicted)
