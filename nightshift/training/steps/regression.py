"""Fit a forecaster: gradient-boosted trees over numbers and categories."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from nightshift.domain.platform.errors import BadInputError
from nightshift.training.steps.features import FeatureRecipe

# Settings that a spec may hand to the estimator; everything else is ours to decide (seed, randomness, output).
PARAMETERS = frozenset(
    {
        "loss",
        "learning_rate",
        "max_iter",
        "max_leaf_nodes",
        "max_depth",
        "min_samples_leaf",
        "l2_regularization",
        "max_features",
        "max_bins",
    }
)


def fit_regression(
    features: pd.DataFrame,
    target: "pd.Series[float]",
    recipe: FeatureRecipe,
    parameters: dict[str, int | float | str | bool],
    seed: int,
    weights: npt.NDArray[np.float64] | None = None,
) -> Pipeline:
    """Fit on the rows whose target is known; empty numbers and unseen categories are handled by the trees.

    Early stopping is off: it would hold out random rows, and the number of rounds is the spec's to say.

    Raises:
        BadInputError: an unknown or refused parameter, or no row with a known target.
    """
    unknown = sorted(set(parameters) - PARAMETERS)
    if unknown:
        raise BadInputError(
            field="training.parameters", value=", ".join(unknown), rule=f"known are {', '.join(sorted(PARAMETERS))}"
        )
    known = target.notna().to_numpy()
    if not known.any():
        raise BadInputError(field="training.target", value=target.name, rule="no training row has a value")
    settings: dict[str, Any] = dict(parameters)
    text = list(recipe.text_columns)
    pipeline = Pipeline(
        [
            (
                "encode",
                ColumnTransformer(
                    [
                        (
                            "text",
                            OrdinalEncoder(
                                handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan
                            ),
                            text,
                        ),
                        ("numbers", "passthrough", [name for name in features.columns if name not in text]),
                    ]
                ),
            ),
            ("boost", HistGradientBoostingRegressor(random_state=seed, early_stopping=False, **settings)),
        ]
    )
    try:
        pipeline.fit(
            features[known],
            target[known].astype("float64"),
            boost__sample_weight=None if weights is None else weights[known],
        )
    except ValueError as error:
        raise BadInputError(field="training", value=dict(parameters), rule=f"the estimator refuses: {error}") from error
    return pipeline
