"""Derived features: parts of the time, and values of earlier rows; the same numbers for training, scoring and serving.

Earlier rows are found by time and entity, so gaps do no harm, and a row's features stay the same whether it is built
alone with its past, or within a whole dataset.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from nightshift.domain.improvement.feature_group import (
    Calendar,
    DaysSince,
    FeatureGroup,
    Interaction,
    Lags,
    RollingMeans,
    columns_of,
)
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.steps.calendar_features import calendar_feature

DAY = np.timedelta64(1, "D")
HOUR = np.timedelta64(1, "h")


def check_groups(spec: ModelSpec, groups: Mapping[str, FeatureGroup]) -> None:
    """Hold groups against a spec.

    Raises:
        BadInputError: a column does not exist or is not numeric, a group would use the target of the same row, or looks
            at earlier rows although the contract's key has no time column.
    """
    dtypes = {column.name: column.dtype for column in spec.contract.columns}
    for name, group in groups.items():
        field = f"feature_groups.{name}"
        for column in columns_of(group):
            if dtypes.get(column) not in {"integer", "number", "boolean"}:
                rule = "must be an integer, number or boolean column of the contract"
                raise BadInputError(field=field, value=column, rule=rule, where=spec.name)
            if column == spec.training.target and not isinstance(group, Lags | RollingMeans):
                rule = "is the target; only lags and rolling_means may use it, because they look at earlier rows"
                raise BadInputError(field=field, value=column, rule=rule, where=spec.name)
        if not isinstance(group, Calendar | Interaction) and spec.training.time_column not in spec.contract.key:
            rule = f"looks at earlier rows, so contract.key must hold the time column {spec.training.time_column!r}"
            raise BadInputError(field=field, value=group.kind, rule=rule, where=spec.name)


def group_features(
    rows: pd.DataFrame, groups: Mapping[str, FeatureGroup], time_column: str, entity: tuple[str, ...]
) -> dict[str, npt.NDArray[np.float64]]:
    """Make the features of all groups for every row.

    Args:
        rows: ordered by time, unique in time and entity; holds the past that the groups look at.
        entity: columns that identify the entity of a row; earlier rows of another entity are never used.

    Returns:
        Float64 arrays of shape (rows,) by name, which starts with the group's; NaN where there is nothing to look at.
    """
    times = rows[time_column]
    made: dict[str, npt.NDArray[np.float64]] = {}
    for name, group in groups.items():
        match group:
            case Calendar():
                for feature in group.features:
                    made[f"{name}_{feature}"] = _numbers(calendar_feature(times, feature))
            case Interaction():
                made[f"{name}_product"] = np.prod([_numbers(rows[column]) for column in group.columns], axis=0)
            case Lags():
                for hours in group.hours:
                    made[f"{name}_lag_{hours}h"] = _lag(rows, group.column, hours, time_column, entity)
            case RollingMeans():
                for days in group.days:
                    made[f"{name}_mean_{days}d"] = _by_entity(rows, group, days, time_column, entity)
            case DaysSince():
                made[f"{name}_days_since"] = _by_entity(rows, group, group.cap_days, time_column, entity)
    return made


def _lag(
    rows: pd.DataFrame, column: str, hours: int, time_column: str, entity: tuple[str, ...]
) -> npt.NDArray[np.float64]:
    keys = [*entity, time_column]
    # Columns get names of their own, because a dataset may call one as the values are called here.
    now = rows[keys].set_axis(range(len(keys)), axis=1)
    past = now.copy()
    past[len(keys) - 1] += hours * HOUR
    past[len(keys)] = _numbers(rows[column])
    return _numbers(now.merge(past, on=list(range(len(keys))), how="left", validate="many_to_one")[len(keys)])


def _by_entity(
    rows: pd.DataFrame, group: RollingMeans | DaysSince, days: int, time_column: str, entity: tuple[str, ...]
) -> npt.NDArray[np.float64]:
    times = rows[time_column].to_numpy(dtype="datetime64[us]")
    values = _numbers(rows[group.column])
    made = np.full(len(rows), np.nan)
    of_entity = rows.groupby(list(entity), dropna=False).indices.values() if entity else [np.arange(len(rows))]
    for where in of_entity:
        if isinstance(group, RollingMeans):
            made[where] = _mean_before(times[where], values[where], days * DAY, group.delay_hours * HOUR)
        else:
            made[where] = _days_since(times[where], values[where], days)
    return made


def _mean_before(
    times: npt.NDArray[np.datetime64], values: npt.NDArray[np.float64], span: np.timedelta64, delay: np.timedelta64
) -> npt.NDArray[np.float64]:
    ends = times - delay
    first, last = np.searchsorted(times, ends - span, side="right"), np.searchsorted(times, ends, side="right")
    known = np.isfinite(values)
    counted = np.concatenate([[0], np.cumsum(known)])
    counts = counted[last] - counted[first]
    # Each window is summed on its own: running sums would round otherwise in a table that begins elsewhere.
    padded = np.append(np.where(known, values, 0.0), 0.0)
    sums = np.add.reduceat(padded, np.column_stack([first, last]).ravel())[::2] if len(times) else padded[:0]
    with np.errstate(invalid="ignore", divide="ignore"):
        means: npt.NDArray[np.float64] = np.where(counts > 0, sums / counts, np.nan)
    return means


def _days_since(times: npt.NDArray[np.datetime64], flags: npt.NDArray[np.float64], cap: int) -> npt.NDArray[np.float64]:
    flagged = np.isfinite(flags) & (flags != 0)
    newest = np.maximum.accumulate(np.where(flagged, np.arange(len(flags)), -1)) if len(flags) else flags.astype(int)
    since = (times - times[np.maximum(newest, 0)]) / DAY if len(flags) else flags
    days: npt.NDArray[np.float64] = np.where(newest < 0, float(cap), np.minimum(since, cap))
    return days


def _numbers(values: "pd.Series[Any]") -> npt.NDArray[np.float64]:
    return np.asarray(values.astype("float64"), dtype=np.float64)
