"""Divide a dataset by time: the newest rows are the holdout, on which champion and challenger meet."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import Holdout


@dataclass(frozen=True)
class Split:
    """A dataset in two: ``train`` is older than ``holdout``, both keep the rows' index in the dataset."""

    train: pd.DataFrame
    holdout: pd.DataFrame


def split(rows: pd.DataFrame, policy: Holdout) -> Split:
    """Cut off the newest ``newest_fraction`` of the rows, at least ``min_rows``; no randomness.

    Args:
        rows: ordered by time, as ``union`` returns them.

    Raises:
        BadInputError: too few rows would be left to train on (fewer than the holdout's ``min_rows``).
    """
    size = max(policy.min_rows, round(policy.newest_fraction * len(rows)))
    if len(rows) - size < policy.min_rows:
        raise BadInputError(
            field="dataset.rows",
            value=len(rows),
            rule=f"a holdout of {size} rows must leave at least {policy.min_rows} rows to train on",
        )
    return Split(train=rows.iloc[:-size], holdout=rows.iloc[-size:])


def row_keys(rows: pd.DataFrame, key: Sequence[str]) -> "pd.Series[str]":
    """One text per row: the key's values joined by ``|`` (inside a value it gets a backslash), times in ISO 8601."""
    texts = [_text(rows[column]) for column in key]
    joined = texts[0]
    for more in texts[1:]:
        joined = joined + "|" + more
    return joined


def evaluation_set_digest(keys: "pd.Series[str]", truth: npt.NDArray[np.float64]) -> str:
    """SHA-256 (hex) over ``row key, tab, true value, newline`` of each holdout row: says which rows were compared."""
    digest = hashlib.sha256()
    for row, value in zip(keys, truth.tolist(), strict=True):
        digest.update(f"{row}\t{value!r}\n".encode())
    return digest.hexdigest()


def _text(values: "pd.Series[Any]") -> "pd.Series[str]":
    if pd.api.types.is_datetime64_any_dtype(values):
        return pd.Series([pd.Timestamp(value).isoformat() for value in values], index=values.index, dtype="str")
    return pd.Series([str(value).replace("|", "\\|") for value in values], index=values.index, dtype="str")
