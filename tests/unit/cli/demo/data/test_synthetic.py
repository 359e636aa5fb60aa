"""The generated processes have the truth that they claim."""

import numpy as np
import pandas as pd
import pytest

from nightshift.cli.demo.data import synthetic_revenue, synthetic_taxi


@pytest.fixture(scope="module")
def revenue() -> pd.DataFrame:
    """Two generated years."""
    return synthetic_revenue.history(11)


def test_rows_scatter_around_the_expected_revenue(revenue: pd.DataFrame) -> None:
    """Over a year the noise averages out to within two per cent."""
    expected = synthetic_revenue.expected_revenue(revenue)
    assert float(revenue["revenue"].sum() / expected.sum()) == pytest.approx(1, abs=0.02)


def test_demand_grows_between_the_years(revenue: pd.DataFrame) -> None:
    """The second year earns between 1.3 and 2 times the first."""
    by_year = revenue.groupby(revenue["timestamp"].dt.year)["revenue"].sum()
    assert 1.3 < by_year.loc[2012] / by_year.loc[2011] < 2.0


def test_every_hour_is_there_once(revenue: pd.DataFrame) -> None:
    """Two years of hours, in order."""
    assert revenue["timestamp"].tolist() == pd.date_range("2011-01-01", "2012-12-31 23:00", freq="h").tolist()


def test_all_seasons_and_weathers_occur(revenue: pd.DataFrame) -> None:
    """The categories of the contract are used."""
    assert (sorted(revenue["season"].unique()), sorted(revenue["weathersit"].unique())[:3]) == ([1, 2, 3, 4], [1, 2, 3])


@pytest.mark.parametrize("seed", range(5))
def test_five_anomalies_are_injected(seed: int) -> None:
    """Each is one to two days long, labelled exactly."""
    label = synthetic_taxi.history(seed)["label"].to_numpy()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], label, [0]])))
    lengths = edges[1::2] - edges[::2]
    assert (len(lengths), int(lengths.min()) >= 48, int(lengths.max()) <= 96) == (5, True, True)
