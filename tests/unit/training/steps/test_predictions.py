"""The table of predictions that the comparison reads."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.steps.predictions import predictions_table
from tests.support.refusals import refusal

MakeSpec = Callable[..., ModelSpec]
KEYS = pd.Series(["a", "b"], dtype="str")
SLICED = {"slices": [{"column": "store"}]}


def test_columns_and_dtypes(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """Keys and slices are text, numbers are float64."""
    scored = {"challenger": np.array([1.0, 2.0]), "champion": np.array([3.0, 4.0])}
    table = predictions_table(sales.iloc[:2], KEYS, np.array([1.0, np.nan]), scored, make_spec(evaluation=SLICED))
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == {
        "row_key": "str",
        "y_true": "float64",
        "champion": "float64",
        "challenger": "float64",
        "slice_store": "str",
    }


def test_without_a_champion_its_column_is_empty(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """The column is there, and NaN."""
    table = predictions_table(sales.iloc[:2], KEYS, np.ones(2), {"challenger": np.ones(2)}, make_spec())
    assert bool(table["champion"].isna().all())


def test_a_forecast_without_any_truth_is_an_error(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """A holdout that nothing can be measured on is refused."""
    with pytest.raises(BadInputError, match="no holdout row "):
        predictions_table(sales.iloc[:2], KEYS, np.full(2, np.nan), {"challenger": np.ones(2)}, make_spec())


def test_an_infinite_prediction_is_an_error(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """The error names the model and how many of its predictions are no numbers."""
    scored = {"challenger": np.array([1.0, np.inf])}
    with refusal(BadInputError, "finite", field="challenger", value="1 predictions"):
        predictions_table(sales.iloc[:2], KEYS, np.ones(2), scored, make_spec())
