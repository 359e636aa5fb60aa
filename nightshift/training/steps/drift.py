"""How far distributions have moved between the rows that a model learned from and those it is judged on."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

_BINS = 10
# A bin that one side leaves empty would make the index infinite.
_LEAST_SHARE = 1e-4


def drift(train: pd.DataFrame, holdout: pd.DataFrame, columns: Iterable[str]) -> dict[str, float]:
    """Population stability index of each column between training and holdout rows; numbers by deciles of the former.

    Missing values are a bin of their own. Columns of times are left out.

    Source: the index is sum((p - q) * ln(p / q)) over bins, with p and q the shares of both samples.
    """
    found = {}
    for name in columns:
        if pd.api.types.is_datetime64_any_dtype(train[name]):
            continue
        found[name] = psi(*_shares(train[name], holdout[name]))
    return found


def psi(expected: npt.NDArray[np.float64], actual: npt.NDArray[np.float64]) -> float:
    """The index of two vectors of shares, shape (bins,), each summing to 1."""
    p, q = np.maximum(actual, _LEAST_SHARE), np.maximum(expected, _LEAST_SHARE)
    return float(np.sum((p - q) * np.log(p / q)))


def _shares(
    train: "pd.Series[float]", holdout: "pd.Series[float]"
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    if pd.api.types.is_numeric_dtype(train) and train.nunique() > _BINS:
        numbers = np.asarray(train, dtype=np.float64)
        edges = np.unique(np.asarray(np.nanquantile(numbers, np.linspace(0, 1, _BINS + 1)[1:-1])))
        return _binned(train, edges), _binned(holdout, edges)
    values = pd.concat([train, holdout]).astype(str).unique()
    counts = [
        part.astype(str).value_counts(normalize=True).reindex(values, fill_value=0.0) for part in (train, holdout)
    ]
    return np.asarray(counts[0], dtype=np.float64), np.asarray(counts[1], dtype=np.float64)


def _binned(values: "pd.Series[float]", edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    numbers = values.astype(float).to_numpy()
    missing = np.isnan(numbers)
    counts = np.bincount(np.searchsorted(edges, numbers[~missing], side="right"), minlength=len(edges) + 1)
    shares: npt.NDArray[np.float64] = np.append(counts, missing.sum()).astype(np.float64) / len(numbers)
    return shares
