"""How far distributions have moved from the same season a year before to the rows that models are judged on.

1. The live window is the holdout, cut to whole weeks that end with its last day.
2. The reference is the same weekdays 364 days earlier, two weeks wider on each side. If the training rows do not reach
   back that far, nothing is said.
3. The population stability index (PSI) of each column, over bins that both windows share.
4. Its p value: whole weeks are relabelled between reference and live, since rows within a week are alike.
5. Values that one window alone has are reported on their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from nightshift.training.steps.week_permutation import permute_weeks

_BINS: Final = 10
_YEAR, _WIDER, _WEEK = timedelta(days=364), timedelta(weeks=2), timedelta(weeks=1)


@dataclass(frozen=True)
class ColumnDrift:
    """How a column has moved.

    Attributes:
        psi: population stability index.
        p: share of relabellings of whole weeks whose index is at least as large.
        new: share of live rows with a value (empty is one) that the reference does not have; of a number only empty.
        gone: share of last year's rows of these very weeks with a value that no live row has.
    """

    psi: float
    p: float
    new: float = 0.0
    gone: float = 0.0


@dataclass(frozen=True)
class _Season:
    """Rows of both windows, the reference's first, with the week of each counted from its window's first.

    Attributes:
        weeks: shape (rows,); weeks without rows are left out, so that the numbers have no gaps.
        live: shape (weeks,), which weeks are live.
        core: shape (rows,), which rows are of the reference and not of the two weeks on either side.
    """

    rows: pd.DataFrame
    weeks: npt.NDArray[np.int64]
    live: npt.NDArray[np.bool_]
    core: npt.NDArray[np.bool_]


def drift(
    train: pd.DataFrame, holdout: pd.DataFrame, columns: Iterable[str], time_column: str
) -> dict[str, ColumnDrift]:
    """The drift of each column from the same season of the training rows to the holdout; empty without such a season.

    There is none if the holdout is shorter than a week or longer than 50, if the training rows begin within the
    reference or after it, or if they have fewer weeks in it than the holdout has. Columns of times are left out.
    """
    season = _season(train, holdout, time_column)
    if season is None:
        return {}
    times = {name for name in train.columns if pd.api.types.is_datetime64_any_dtype(train[name])}
    return {name: _column(season, name) for name in columns if name not in times}


def _season(train: pd.DataFrame, holdout: pd.DataFrame, time_column: str) -> _Season | None:
    times = holdout[time_column]
    end = times.max().normalize() + timedelta(days=1)
    count = (end - times.min().normalize()) // _WEEK
    start = end - count * _WEEK
    first, last = start - _YEAR - _WIDER, end - _YEAR + _WIDER
    if count == 0 or last > start or train[time_column].min().normalize() > first:
        return None
    before = train[(train[time_column] >= first) & (train[time_column] < last)]
    now = holdout[times >= start]
    old_weeks, new_weeks = (
        ((rows[time_column] - at) // _WEEK).to_numpy(dtype=np.int64) for rows, at in ((before, first), (now, start))
    )
    old, old_weeks = np.unique(old_weeks, return_inverse=True)
    new, new_weeks = np.unique(new_weeks, return_inverse=True)
    if len(old) < len(new):
        return None
    core = (before[time_column] >= start - _YEAR) & (before[time_column] < end - _YEAR)
    return _Season(
        rows=pd.concat([before, now], ignore_index=True),
        weeks=np.concatenate([old_weeks, new_weeks + len(old)]),
        live=np.arange(len(old) + len(new)) >= len(old),
        core=np.concatenate([core.to_numpy(), np.zeros(len(now), dtype=np.bool_)]),
    )


def _column(season: _Season, name: str) -> ColumnDrift:
    bins, ordered = _bins(season.rows[name])
    counts = np.zeros((len(season.live), len(ordered)))
    np.add.at(counts, (season.weeks, bins), 1)
    found = permute_weeks(counts, season.live, ordered)
    reference, live = counts[~season.live].sum(axis=0), counts[season.live].sum(axis=0)
    core = np.bincount(bins[season.core], minlength=len(ordered)).astype(np.float64)
    return ColumnDrift(
        psi=found.psi,
        p=found.p,
        new=_share(live, (reference == 0) & ~ordered),
        gone=_share(core, (live == 0) & ~ordered),
    )


def _share(counts: npt.NDArray[np.float64], of: npt.NDArray[np.bool_]) -> float:
    return float(counts[of].sum() / max(counts.sum(), 1))


def _bins(values: "pd.Series[float]") -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The bin of each row, and which bins are ranges of numbers.

    Numbers by the deciles of both windows together, so that no labelling of the weeks is special; few values, and all
    others, one by one. Empty is a value.
    """
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values) and values.nunique() > _BINS:
        numbers = values.astype("float64").to_numpy()
        edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, _BINS + 1)[1:-1]))
        empty = np.isnan(numbers)
        bins = np.where(empty, len(edges) + 1, np.searchsorted(edges, numbers, side="right"))
        ordered = np.ones(len(edges) + 2, dtype=np.bool_)
        ordered[-1] = False
        return bins.astype(np.int64), ordered
    codes, found = pd.factorize(values.astype("object"), use_na_sentinel=False)
    return codes.astype(np.int64), np.zeros(len(found), dtype=np.bool_)
