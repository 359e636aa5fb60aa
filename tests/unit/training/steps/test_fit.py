"""Fitting and predicting by kind."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.steps.features import build_features, recipe_of
from nightshift.training.steps.fit import Values, fit, predict, truth

MakeSpec = Callable[..., ModelSpec]


def fitted(spec: ModelSpec, rows: pd.DataFrame) -> Values:
    """Predictions on the rows that the model was fitted on."""
    recipe = recipe_of(spec)
    features = build_features(rows, recipe)
    return predict(fit(features, rows[spec.training.target], recipe, spec), features, recipe)


def test_a_forecast_learns_numbers_categories_and_hours(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """The known rule of the table, over text, number and hour, is found to within a few per cent."""
    predicted = fitted(make_spec({"parameters": {"max_iter": 200, "min_samples_leaf": 5}}), sales)
    assert float(np.mean(np.abs(predicted - sales["sales"]))) < 0.6


def test_equal_inputs_give_equal_models(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """Fitting is deterministic."""
    assert np.array_equal(fitted(make_spec(), sales), fitted(make_spec(), sales))


def test_unseen_and_empty_values_can_be_scored(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """A store that training never saw, and an empty temperature, get a finite prediction."""
    spec = make_spec()
    recipe = recipe_of(spec)
    model = fit(build_features(sales, recipe), sales["sales"], recipe, spec)
    strange = sales.iloc[:2].assign(store=pd.Series(["z", None], dtype="str"), temp=[np.nan, 0.5])
    assert bool(np.isfinite(predict(model, build_features(strange, recipe), recipe)).all())


def test_rows_without_target_are_not_fitted(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """An unknown target takes no part, as if the row were not there."""
    spec = make_spec()
    recipe = recipe_of(spec)
    features = build_features(sales, recipe)
    half = sales["sales"].where(np.arange(len(sales)) < 300)
    with_gaps = predict(fit(features, half, recipe, spec), features, recipe)
    without = predict(fit(features.iloc[:300], sales["sales"].iloc[:300], recipe, spec), features, recipe)
    assert np.array_equal(with_gaps, without)


def test_no_target_at_all_is_an_error(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """Nothing to learn from is refused."""
    with pytest.raises(BadInputError, match="no training row "):
        fitted(make_spec(), sales.assign(sales=np.nan))


def test_an_unknown_parameter_is_named(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """A misspelt parameter is refused, with the known ones."""
    with pytest.raises(BadInputError, match=r"'learning_rat': known are .*learning_rate"):
        fitted(make_spec({"parameters": {"learning_rat": 0.1}}), sales)


def test_an_impossible_parameter_value_is_an_error(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """What the estimator refuses is passed on as bad input."""
    with pytest.raises(BadInputError, match="the estimator refuses"):
        fitted(make_spec({"parameters": {"max_iter": -1}}), sales)


def test_truth_is_nan_where_unknown(make_spec: MakeSpec) -> None:
    """An empty integer label becomes NaN."""
    rows = pd.DataFrame({"sales": pd.array([1, pd.NA], dtype="Int64")})
    assert np.array_equal(truth(rows, make_spec()), np.array([1.0, np.nan]), equal_nan=True)
