"""Where demo and tests take their data from: the real files, or a seeded generator with known truth."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TypeVar

import pandas as pd

from nightshift.cli.demo.data import Choice, bike_sharing, nyc_taxi, synthetic_revenue, synthetic_taxi
from nightshift.domain.platform.errors import BadInputError

DATA_FOLDER = "NIGHTSHIFT_DATA"
REVENUE = "revenue_forecast"
DETECTOR = "anomaly_detector"
SEED = 7
T = TypeVar("T")


class DataSource(Protocol):
    """The whole history of each model's data, in the columns of its contract."""

    def label(self, model: str) -> str:
        """What the data is, for people and for every run that uses it; starts with ``real:`` or ``synthetic:``."""

    def history(self, model: str) -> pd.DataFrame:
        """All rows, oldest first; raises BadInputError for a model without data."""


class RealSource:
    """The public data sets in a folder: bike-sharing hours (UCI) and the labelled NYC taxi series (NAB)."""

    def __init__(self, folder: Path) -> None:
        for name in (bike_sharing.FILE, nyc_taxi.FILE, nyc_taxi.WINDOWS):
            if not (folder / name).is_file():
                raise BadInputError(field=DATA_FOLDER, value=str(folder), rule=f"must be a folder that holds {name}")
        self._folder = folder

    def label(self, model: str) -> str:
        """What the data is."""
        return _of(model, {REVENUE: bike_sharing.LABEL, DETECTOR: nyc_taxi.LABEL})

    def history(self, model: str) -> pd.DataFrame:
        """All rows, oldest first."""
        return _of(model, {REVENUE: bike_sharing.history, DETECTOR: nyc_taxi.history})(self._folder)


class SyntheticSource:
    """Generated data with the same columns; equal seeds give equal rows."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def label(self, model: str) -> str:
        """What the data is, with its seed."""
        text = _of(model, {REVENUE: synthetic_revenue.LABEL, DETECTOR: synthetic_taxi.LABEL})
        return f"{text}, seed {self._seed}"

    def history(self, model: str) -> pd.DataFrame:
        """All rows, oldest first."""
        return _of(model, {REVENUE: synthetic_revenue.history, DETECTOR: synthetic_taxi.history})(self._seed)


def source(name: Choice, *, seed: int = SEED, environ: Mapping[str, str] = os.environ) -> DataSource:
    """Open a source; ``auto`` takes the real data if ``NIGHTSHIFT_DATA`` is set and else generates.

    Raises:
        BadInputError: the folder is not named, or lacks a file. A folder that is named but lacks a file is an error
            for ``auto`` too: nobody who named real data wants other data without a word.
    """
    folder = environ.get(DATA_FOLDER, "")
    if name == "synthetic" or (name == "auto" and not folder):
        return SyntheticSource(seed)
    if name not in {"auto", "real"}:
        raise BadInputError(field="source", value=name, rule="must be auto, real or synthetic")
    if not folder:
        raise BadInputError(field=DATA_FOLDER, value=folder, rule="must name the folder of the real data")
    return RealSource(Path(folder))


def _of(model: str, table: Mapping[str, T]) -> T:
    if model not in table:
        raise BadInputError(field="model", value=model, rule=f"data exists for {', '.join(table)}")
    return table[model]
