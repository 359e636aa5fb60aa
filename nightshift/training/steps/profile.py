"""The distribution of each feature at training time, in the form that a later drift check (PSI) compares with."""

from typing import Literal

import numpy as np
import pandas as pd

from nightshift.domain.platform.message import Message

BINS = 10
MOST_CATEGORIES = 24
OTHER = "(other)"


class FeatureProfile(Message):
    """Shares of one feature's values; ``fractions`` and ``missing`` sum to 1.

    Attributes:
        edges: inner quantile edges of a numeric feature: bin i holds ``edges[i-1] < value <= edges[i]``, the first and
            last bin are open; there is one more fraction than edges.
        categories: values of a categorical feature as text, in the order of ``fractions``; rarer ones are ``(other)``.
        missing: share of empty values.
    """

    kind: Literal["numeric", "category"]
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    fractions: tuple[float, ...]
    missing: float


class DatasetProfile(Message):
    """Profiles of all features of the rows that a model was trained on."""

    rows: int
    features: dict[str, FeatureProfile]


def profile(features: pd.DataFrame) -> DatasetProfile:
    """Profile every column: text and whole numbers of few values by category, other numbers in ten quantile bins."""
    return DatasetProfile(
        rows=len(features), features={str(name): _profile_column(features[name]) for name in features.columns}
    )


def _profile_column(values: "pd.Series[float] | pd.Series[str]") -> FeatureProfile:
    present = values.dropna()
    missing = 1 - len(present) / len(values) if len(values) else 0.0
    if not pd.api.types.is_numeric_dtype(values):
        return _categories(present.astype("str"), len(values), missing)
    numbers = present.to_numpy(dtype="float64")
    if len(numbers) and len(np.unique(numbers)) <= MOST_CATEGORIES and np.all(numbers == np.round(numbers)):
        return _categories(pd.Series([f"{number:.0f}" for number in numbers], dtype="str"), len(values), missing)
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1])) if len(numbers) else np.array([])
    counts = np.bincount(np.searchsorted(edges, numbers, side="left"), minlength=len(edges) + 1)
    return FeatureProfile(
        kind="numeric",
        edges=tuple(edges.tolist()),
        fractions=tuple((counts / max(1, len(values))).tolist()),
        missing=missing,
    )


def _categories(texts: "pd.Series[str]", rows: int, missing: float) -> FeatureProfile:
    counts = texts.value_counts().sort_index()
    top = counts.sort_values(ascending=False, kind="stable").iloc[:MOST_CATEGORIES]
    rest = int(counts.sum() - top.sum())
    names = [str(name) for name in top.index] + ([OTHER] if rest else [])
    shares = [int(count) / max(1, rows) for count in top] + ([rest / max(1, rows)] if rest else [])
    return FeatureProfile(kind="category", categories=tuple(names), fractions=tuple(shares), missing=missing)
