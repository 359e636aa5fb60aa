"""Derived features: their values, and that none of them looks ahead."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.domain.improvement.feature_group import (
    Calendar,
    DaysSince,
    FeatureGroup,
    Interaction,
    Lags,
    RollingMeans,
)
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.steps.feature_groups import check_groups, group_features
from nightshift.training.steps.features import FeatureRecipe, build_features, recipe_of
from nightshift.training.steps.split import split

MakeSpec = Callable[..., ModelSpec]

LOOKING_BACK: dict[str, FeatureGroup] = {
    "past": Lags(column="y", hours=(1, 24)),
    "level": RollingMeans(column="y", days=(1, 3), delay_hours=2),
}


def hours_of(values: list[float], start: str = "2024-01-01") -> pd.DataFrame:
    """One row per hour with these values."""
    return pd.DataFrame({"at": pd.date_range(start, periods=len(values), freq="h"), "y": values})


def made(rows: pd.DataFrame, groups: dict[str, FeatureGroup], entity: tuple[str, ...] = ()) -> dict[str, list[float]]:
    """Features as lists."""
    return {name: values.tolist() for name, values in group_features(rows, groups, "at", entity).items()}


def test_a_lag_is_found_by_time() -> None:
    """A missing hour leaves its lag empty, and moves no other."""
    rows = hours_of([1, 2, 3, 4, 5]).drop(index=2)
    lags = made(rows, {"past": Lags(column="y", hours=(1, 2))})
    assert lags["past_lag_1h"] == pytest.approx([np.nan, 1, np.nan, 4], nan_ok=True)
    assert lags["past_lag_2h"] == pytest.approx([np.nan, np.nan, 2, np.nan], nan_ok=True)


def test_a_lag_stays_with_its_entity() -> None:
    """Another store's row of the hour before is none of this store's past."""
    rows = pd.DataFrame(
        {
            "at": pd.to_datetime(["2024-01-01 00:00", "2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 01:00"]),
            "store": ["a", "b", "a", "c"],
            "y": [1.0, 2.0, 3.0, 4.0],
        }
    )
    assert made(rows, {"past": Lags(column="y", hours=(1,))}, ("store",))["past_lag_1h"] == pytest.approx(
        [np.nan, np.nan, 1, np.nan], nan_ok=True
    )


def test_a_mean_ends_its_delay_before_the_row() -> None:
    """The window of one day that ends two hours before holds up to 24 rows, and never the newest two."""
    rows = hours_of([float(value) for value in range(30)])
    means = made(rows, {"level": RollingMeans(column="y", days=(1,), delay_hours=2)})["level_mean_1d"]
    assert [*means[:4], means[29]] == pytest.approx([np.nan, np.nan, 0, 0.5, 15.5], nan_ok=True)


def test_empty_values_do_not_count_in_a_mean() -> None:
    """A mean is over what is known; where nothing is, it is empty."""
    rows = hours_of([np.nan, 4, np.nan, 8])
    means = made(rows, {"level": RollingMeans(column="y", days=(1,), delay_hours=1)})["level_mean_1d"]
    assert means == pytest.approx([np.nan, np.nan, 4, 4], nan_ok=True)


def test_days_since_a_flag_are_capped() -> None:
    """0 on the flagged row, then growing to the cap; before the first flag the cap."""
    rows = pd.DataFrame({"at": pd.date_range("2024-01-01", periods=6), "y": [0, np.nan, 1, 0, 0, 0]})
    assert made(rows, {"feast": DaysSince(column="y", cap_days=2)}) == {"feast_days_since": [2, 2, 0, 1, 2, 2]}


def test_an_interaction_is_a_product() -> None:
    """Empty where a factor is."""
    rows = hours_of([1, 2, np.nan]).assign(z=[3.0, 4.0, 5.0])
    assert made(rows, {"both": Interaction(columns=("y", "z"))})["both_product"] == pytest.approx(
        [3, 8, np.nan], nan_ok=True
    )


def test_a_calendar_names_its_parts() -> None:
    """Its features carry the group's name."""
    rows = hours_of([0], "2024-12-31 23:00")
    assert made(rows, {"cal": Calendar(features=("hour", "hour_of_week", "week_of_year"))}) == {
        "cal_hour": [23.0],
        "cal_hour_of_week": [47.0],
        "cal_week_of_year": [1.0],
    }


def test_no_rows_have_no_features() -> None:
    """An empty table is no error."""
    groups = {**LOOKING_BACK, "since": DaysSince(column="y")}
    assert {len(values) for values in made(hours_of([]), groups).values()} == {0}


@st.composite
def panels(draw: st.DrawFn) -> pd.DataFrame:
    """Rows of two stores with gaps in time and in values, ordered as a dataset is."""
    hours = draw(st.lists(st.tuples(st.integers(0, 90), st.sampled_from("ab")), min_size=1, max_size=60, unique=True))
    numbers = st.floats(-1e6, 1e6) | st.just(float("nan"))
    values = draw(st.lists(numbers, min_size=len(hours), max_size=len(hours)))
    rows = pd.DataFrame({"hour": [hour for hour, _ in hours], "store": [store for _, store in hours], "y": values})
    rows["at"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rows["hour"], unit="h")
    return rows.sort_values(["at", "store"], ignore_index=True)


@settings(deadline=None, max_examples=60)
@given(rows=panels(), data=st.data())
def test_nothing_of_the_same_or_a_later_row_is_used(rows: pd.DataFrame, data: st.DataObject) -> None:
    """Changing every value from a moment on changes no feature of a row up to that moment."""
    moment = rows["at"].iloc[data.draw(st.integers(0, len(rows) - 1))]
    changed = rows.assign(y=rows["y"].where(rows["at"] < moment, 777.0))
    past = (rows["at"] <= moment).to_numpy()
    before, after = (group_features(table, LOOKING_BACK, "at", ("store",)) for table in (rows, changed))
    assert all(np.array_equal(before[name][past], after[name][past], equal_nan=True) for name in before)


@settings(deadline=None, max_examples=60)
@given(rows=panels(), data=st.data())
def test_serving_makes_the_numbers_of_training(rows: pd.DataFrame, data: st.DataObject) -> None:
    """A row built from the days that its groups look back on has exactly the features that it has in the dataset."""
    index = data.draw(st.integers(0, len(rows) - 1))
    moment = rows["at"].iloc[index]
    recent = rows[(rows["at"] > moment - pd.Timedelta(days=4)) & (rows["at"] <= moment)]
    whole, served = (group_features(table, LOOKING_BACK, "at", ("store",)) for table in (rows, recent))
    position = recent.index.get_loc(index)
    assert all(np.array_equal(whole[name][index], served[name][position], equal_nan=True) for name in whole)


def test_training_rows_have_their_features_of_scoring(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """Built without the holdout and with it, the training rows have the same inputs."""
    spec = make_spec()
    groups: dict[str, FeatureGroup] = {"past": Lags(column="sales", hours=(24, 168))}
    groups["level"] = RollingMeans(column="sales", days=(7,))
    recipe = recipe_of(spec, groups)
    train = split(sales, spec.evaluation.holdout).train
    assert build_features(train, recipe).equals(build_features(sales, recipe).loc[train.index])


def test_the_target_of_the_row_is_no_input(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """Other targets in the holdout leave the first holdout row's inputs as they are."""
    spec = make_spec()
    recipe = recipe_of(
        spec, {"past": Lags(column="sales", hours=(1, 24)), "level": RollingMeans(column="sales", days=(7,))}
    )
    first = split(sales, spec.evaluation.holdout).holdout.index[0]
    other = sales.assign(sales=sales["sales"].where(sales.index < first, -1.0))
    assert build_features(sales, recipe).loc[first].equals(build_features(other, recipe).loc[first])


def test_a_recipe_says_what_its_groups_read(make_spec: MakeSpec) -> None:
    """Columns beside the features, and the entity, are kept with the model; older recipes read as having none."""
    spec = make_spec({"features": ["temp"]})
    recipe = recipe_of(spec, {"past": Lags(column="sales", hours=(24,)), "x": Interaction(columns=("temp", "open"))})
    old = {"kind": "regression", "time_column": "timestamp", "columns": ["temp"]}
    assert (
        recipe.columns,
        recipe.group_columns,
        FeatureRecipe.from_json(recipe.model_dump_json()) == recipe,
        FeatureRecipe.from_json(old).groups,
    ) == (("temp",), ("open", "sales"), True, {})


def test_a_missing_column_of_a_group_is_named(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """Serving without the target's history is an error, not a column of empties."""
    recipe = recipe_of(make_spec(), {"past": Lags(column="sales", hours=(24,))})
    with pytest.raises(BadInputError, match="the model needs sales"):
        build_features(sales.drop(columns="sales"), recipe)


def test_a_doubled_feature_name_is_an_error(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """A group's feature must not replace a column of the spec."""
    spec = make_spec({"features": ["temp"]})
    rows = sales.rename(columns={"temp": "cal_hour"})
    recipe = recipe_of(spec, {"cal": Calendar(features=("hour",))}).model_copy(update={"columns": ("cal_hour",)})
    with pytest.raises(BadInputError, match="feature_groups = 'cal_hour'"):
        build_features(rows, recipe)


@pytest.mark.parametrize(
    ("group", "message"),
    [
        (Lags(column="tax", hours=(24,)), r"feature_groups\.g = 'tax': .*integer, number or boolean"),
        (Lags(column="store", hours=(24,)), r"feature_groups\.g = 'store': must be"),
        (Interaction(columns=("temp", "sales")), r"feature_groups\.g = 'sales': is the target"),
        (DaysSince(column="sales"), r"feature_groups\.g = 'sales': is the target"),
    ],
)
def test_a_group_must_fit_the_spec(make_spec: MakeSpec, group: FeatureGroup, message: str) -> None:
    """Unknown and text columns, and the target of the same row, are refused by name."""
    with pytest.raises(BadInputError, match=message):
        check_groups(make_spec(), {"g": group})


def test_looking_back_needs_a_key_with_the_time(make_spec: MakeSpec) -> None:
    """Where rows are not told apart by time, no earlier row can be named; a calendar still works."""
    spec = make_spec()
    keyless = spec.model_copy(update={"contract": spec.contract.model_copy(update={"key": ("store",)})})
    check_groups(keyless, {"g": Calendar(features=("month",))})
    with pytest.raises(BadInputError, match=r"contract\.key .*time column 'timestamp'"):
        check_groups(keyless, {"g": Lags(column="temp", hours=(24,))})


def test_a_detector_takes_no_groups(make_spec: MakeSpec) -> None:
    """The error says why."""
    spec = make_spec({"features": ["temp"], "time_features": []}).model_copy(update={"kind": "anomaly_detection"})
    with pytest.raises(BadInputError, match="takes no further features"):
        recipe_of(spec, {"g": Calendar(features=("month",))})
