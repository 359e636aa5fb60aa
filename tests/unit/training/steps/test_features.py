"""Model inputs and the recipe that is kept with a model."""

from collections.abc import Callable

import pandas as pd
import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.steps.features import FeatureRecipe, build_features, recipe_of

MakeSpec = Callable[..., ModelSpec]


def test_features_are_columns_and_time(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """Numbers and booleans become float64, text stays text, time features come last."""
    features = build_features(sales, recipe_of(make_spec()))
    assert {name: str(dtype) for name, dtype in features.dtypes.items()} == {
        "store": "object",
        "temp": "float64",
        "open": "float64",
        "hour": "float64",
        "month": "float64",
    }


def test_time_features_have_their_values(make_spec: MakeSpec) -> None:
    """Hour 0-23, weekday with Monday 0, month 1-12, day of year 1-366."""
    spec = make_spec({"features": ["temp"], "time_features": ["hour", "weekday", "month", "day_of_year"]})
    rows = pd.DataFrame({"timestamp": [pd.Timestamp("2024-12-31 23:30")], "temp": [0.5]})
    assert build_features(rows, recipe_of(spec)).iloc[0].to_dict() == {
        "temp": 0.5,
        "hour": 23.0,
        "weekday": 1.0,
        "month": 12.0,
        "day_of_year": 366.0,
    }


def test_missing_values_stay_missing(make_spec: MakeSpec) -> None:
    """An empty number is NaN and an empty text None; nothing is filled in."""
    rows = pd.DataFrame(
        {
            "timestamp": [pd.Timestamp("2024-01-01")],
            "store": pd.Series([None], dtype="str"),
            "temp": [float("nan")],
            "open": pd.array([pd.NA], dtype="boolean"),
        }
    )
    assert build_features(rows, recipe_of(make_spec())).isna().iloc[0].tolist() == [True, True, True, False, False]


def test_a_missing_column_is_named(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """A dataset that lacks a column of the recipe is an error that names it."""
    with pytest.raises(BadInputError, match="the model needs temp"):
        build_features(sales.drop(columns="temp"), recipe_of(make_spec()))


def test_a_recipe_survives_its_json(make_spec: MakeSpec) -> None:
    """What is stored with a model reads back equal."""
    recipe = recipe_of(make_spec())
    assert FeatureRecipe.from_json(recipe.model_dump_json()) == recipe


def test_a_timestamp_is_no_feature(make_spec: MakeSpec) -> None:
    """A raw time as a feature is refused, with what to do instead."""
    with pytest.raises(BadInputError, match="derive time_features"):
        recipe_of(make_spec({"features": ["timestamp"]}))


def test_the_time_column_must_hold_times(make_spec: MakeSpec) -> None:
    """Rows can only be ordered by a date or timestamp."""
    with pytest.raises(BadInputError, match=r"training\.time_column = 'temp'"):
        recipe_of(make_spec({"time_column": "temp"}))


def test_a_detector_watches_one_series(make_spec: MakeSpec) -> None:
    """Two series, or a text, are refused for anomaly detection."""
    spec = make_spec().model_copy(update={"kind": "anomaly_detection"})
    with pytest.raises(BadInputError, match="one numeric series"):
        recipe_of(spec)


def test_a_detectors_recipe_checks_its_parameters(make_spec: MakeSpec) -> None:
    """A profile of no weeks is refused by name."""
    training = {"features": ["temp"], "time_features": [], "parameters": {"profile_weeks": 0}}
    spec = make_spec(training).model_copy(update={"kind": "anomaly_detection"})
    with pytest.raises(BadInputError, match=r"training\.parameters\.profile_weeks = 0"):
        recipe_of(spec)
