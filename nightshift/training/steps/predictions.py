"""The table of predictions: one row per holdout row, champion and challenger side by side."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.names import (
    CHALLENGER,
    CHAMPION,
    COLUMN_CHALLENGER,
    COLUMN_CHAMPION,
    COLUMN_ROW,
    COLUMN_TRUTH,
    SLICE_PREFIX,
)
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.steps.fit import Values


def predictions_table(
    holdout: pd.DataFrame, keys: "pd.Series[str]", truth: Values, scored: Mapping[str, Values], spec: ModelSpec
) -> pd.DataFrame:
    """Put keys, truth, predictions and slices together.

    Args:
        scored: predictions by alias; without a champion its column is NaN.

    Returns:
        ``row_key`` text; ``y_true``, ``champion``, ``challenger`` float64; ``slice_<column>`` text per slice.

    Raises:
        BadInputError: a prediction is not a finite number, or a forecast's holdout has no known truth.
    """
    if spec.kind == "regression" and not np.isfinite(truth).any():
        raise BadInputError(field=spec.training.target, value=None, rule="no holdout row has a known value")
    for alias, values in scored.items():
        wrong = int(np.sum(~np.isfinite(values)))
        if wrong:
            raise BadInputError(field=alias, value=f"{wrong} predictions", rule="must be finite numbers")
    nobody = np.full(len(holdout), np.nan)
    columns: dict[str, object] = {
        COLUMN_ROW: keys.to_numpy(),
        COLUMN_TRUTH: truth,
        COLUMN_CHAMPION: scored.get(CHAMPION, nobody),
        COLUMN_CHALLENGER: scored[CHALLENGER],
    }
    for item in spec.evaluation.slices:
        columns[f"{SLICE_PREFIX}{item.column}"] = holdout[item.column].astype("str").to_numpy()
    return pd.DataFrame(columns).astype({COLUMN_ROW: "str"})
