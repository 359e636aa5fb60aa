"""Model inputs from a dataset: the spec's columns and what is derived from them, by a recipe kept with each model."""

from collections.abc import Mapping
from typing import Literal

import pandas as pd

from nightshift.domain.improvement.feature_group import FeatureGroup, columns_of
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.spec import ModelSpec, TimeFeature
from nightshift.domain.uploads.contract import Dtype
from nightshift.training.steps.calendar_features import calendar_feature
from nightshift.training.steps.deviation import seasonal_deviation
from nightshift.training.steps.feature_groups import check_groups, group_features

PROFILE_WEEKS = 5
WINDOW_HOURS = 24


class FeatureRecipe(Message):
    """How a model's inputs are made; stored with the model, so that an older champion still gets its own inputs.

    Attributes:
        columns: columns of the dataset that are used.
        text_columns: those of them that hold text and are used as categories.
        profile_weeks, window_hours: of the seasonal deviation; only for anomaly detection.
        groups: groups of derived features, by name; their names come first in those of the features.
        group_columns: further columns of the dataset that the groups read.
        entity: columns that identify the entity of a row, for groups that use earlier rows.
    """

    kind: Literal["regression", "anomaly_detection"]
    time_column: str
    columns: tuple[str, ...]
    text_columns: tuple[str, ...] = ()
    time_features: tuple[TimeFeature, ...] = ()
    profile_weeks: int | None = None
    window_hours: int | None = None
    groups: dict[str, FeatureGroup] = {}
    group_columns: tuple[str, ...] = ()
    entity: tuple[str, ...] = ()


def recipe_of(spec: ModelSpec, groups: Mapping[str, FeatureGroup] | None = None) -> FeatureRecipe:
    """Take the recipe from a spec, with groups of derived features beside the spec's own.

    Raises:
        BadInputError: a feature's dtype cannot be used, the time column holds no times, an anomaly detector names
            more than one series or any group, or a group does not fit the spec.
    """
    training = spec.training
    groups = groups or {}
    dtypes = {column.name: column.dtype for column in spec.contract.columns}
    _check_dtypes(spec, dtypes)
    if spec.kind == "regression":
        check_groups(spec, groups)
        read = {column for group in groups.values() for column in columns_of(group)}
        return FeatureRecipe(
            kind=spec.kind,
            time_column=training.time_column,
            columns=training.features,
            text_columns=tuple(name for name in training.features if dtypes[name] == "string"),
            time_features=training.time_features,
            groups=dict(groups),
            group_columns=tuple(sorted(read - set(training.features))),
            entity=tuple(name for name in spec.contract.key if name != training.time_column) if groups else (),
        )
    if groups:
        raise BadInputError(
            field="feature_groups",
            value=", ".join(groups),
            rule="an anomaly detector watches how one series departs from its past and takes no further features",
            where=spec.name,
        )
    if len(training.features) != 1 or dtypes[training.features[0]] == "string" or training.time_features:
        raise BadInputError(
            field="training.features",
            value=(*training.features, *training.time_features),
            rule="anomaly detection watches one numeric series and no time features",
            where=spec.name,
        )
    return FeatureRecipe(
        kind=spec.kind,
        time_column=training.time_column,
        columns=training.features,
        profile_weeks=_whole(spec, "profile_weeks", PROFILE_WEEKS),
        window_hours=_whole(spec, "window_hours", WINDOW_HOURS),
    )


def build_features(rows: pd.DataFrame, recipe: FeatureRecipe) -> pd.DataFrame:
    """Make the model's inputs for every row of a dataset.

    Inputs may look back at older rows, so give it the whole dataset and select rows afterwards.

    Returns:
        One float64 column per feature (text features: object with None where empty), index as in ``rows``.

    Raises:
        BadInputError: the dataset lacks a column that the recipe needs.
    """
    wanted = dict.fromkeys((*recipe.columns, recipe.time_column, *recipe.group_columns, *recipe.entity))
    missing = [name for name in wanted if name not in rows.columns]
    if missing:
        raise BadInputError(
            field="dataset.columns",
            value=", ".join(map(str, rows.columns)),
            rule=f"the model needs {', '.join(missing)}",
        )
    if recipe.kind == "anomaly_detection":
        return seasonal_deviation(
            rows[recipe.time_column],
            rows[recipe.columns[0]].astype("float64"),
            weeks=recipe.profile_weeks or PROFILE_WEEKS,
            window_hours=recipe.window_hours or WINDOW_HOURS,
        )
    made: dict[str, pd.Series[float] | pd.Series[str]] = {}
    for name in recipe.columns:
        if name in recipe.text_columns:
            made[name] = rows[name].astype("object").where(rows[name].notna(), None)
        else:
            made[name] = rows[name].astype("float64")
    for feature in recipe.time_features:
        made[feature] = calendar_feature(rows[recipe.time_column], feature)
    derived = group_features(rows, recipe.groups, recipe.time_column, recipe.entity)
    doubled = sorted(set(derived) & set(made))
    if doubled:
        raise BadInputError(
            field="feature_groups", value=", ".join(doubled), rule="a group's features must not have a column's name"
        )
    for name, values in derived.items():
        made[name] = pd.Series(values, index=rows.index)
    return pd.DataFrame(made, index=rows.index)


def _check_dtypes(spec: ModelSpec, dtypes: dict[str, Dtype]) -> None:
    for name in spec.training.features:
        if dtypes[name] in {"date", "timestamp"}:
            raise BadInputError(
                field="training.features",
                value=name,
                rule=f"a {dtypes[name]} cannot be a feature; derive time_features from it",
                where=spec.name,
            )
    time_column = spec.training.time_column
    if dtypes[time_column] not in {"date", "timestamp"}:
        raise BadInputError(
            field="training.time_column",
            value=time_column,
            rule=f"must be a date or timestamp column, not {dtypes[time_column]}",
            where=spec.name,
        )


def _whole(spec: ModelSpec, name: str, default: int) -> int:
    value = spec.training.parameters.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadInputError(
            field=f"training.parameters.{name}", value=value, rule="must be a whole number above 0", where=spec.name
        )
    return value
