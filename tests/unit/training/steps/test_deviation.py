"""The deviation of a seasonal series from its own past."""

import numpy as np
import pandas as pd

from nightshift.training.steps.deviation import DEVIATION_MEAN, DEVIATION_SPREAD, seasonal_deviation


def weekly(weeks: int) -> pd.Series:
    """A series that repeats exactly, by hour, on its times as index."""
    times = pd.date_range("2024-01-01", periods=weeks * 7 * 24, freq="h")
    return pd.Series(100 + 50 * np.sin(2 * np.pi * times.hour / 24) + 10 * times.day_of_week, index=times)


def deviation_of(series: pd.Series) -> pd.DataFrame:
    """The features of a series, five weeks and a day, on its times as index."""
    found = seasonal_deviation(pd.Series(series.index), pd.Series(series.to_numpy()), weeks=5, window_hours=24)
    return found.set_index(series.index)


def test_a_perfectly_seasonal_series_does_not_deviate() -> None:
    """From the third week on, where there are two weeks to compare with, deviation and spread are 0."""
    found = deviation_of(weekly(6)).loc["2024-01-16":]
    assert (bool(found.notna().all(axis=None)), found.abs().to_numpy().max() < 1e-9) == (True, True)


def test_without_two_past_weeks_there_is_no_deviation() -> None:
    """The first two weeks have no profile."""
    assert bool(deviation_of(weekly(6)).loc[:"2024-01-14"].isna().all(axis=None))


def test_a_halved_day_deviates_by_log_two() -> None:
    """At the end of a day at half its height, the mean deviation is about ln 2."""
    series = weekly(8)
    series.loc["2024-02-14"] *= 0.5
    found = deviation_of(series)[DEVIATION_MEAN].loc["2024-02-14 23:00":]
    assert round(found.iloc[0], 1) == 0.7


def test_one_odd_week_does_not_move_the_profile() -> None:
    """The same hours one week after an anomaly do not deviate, because the profile is a median."""
    series = weekly(8)
    series.loc["2024-02-14"] *= 0.5
    assert deviation_of(series)[DEVIATION_MEAN].loc["2024-02-21 23:00":].iloc[0] < 1e-9


def test_only_the_past_counts() -> None:
    """Cutting off the future changes nothing before the cut: a live score would be the same."""
    random = np.random.default_rng(0)
    series = weekly(8) * np.exp(random.normal(0, 0.1, 8 * 7 * 24))
    cut = series.loc[:"2024-02-10"]
    pd.testing.assert_frame_equal(deviation_of(series).loc[cut.index], deviation_of(cut), check_freq=False)


def test_gaps_are_matched_by_time() -> None:
    """Losing some rows does not shift the comparison to other hours."""
    series = weekly(8).drop(pd.date_range("2024-02-01", "2024-02-02 05:00", freq="h"))
    found = deviation_of(series).loc["2024-02-05":]
    assert found[[DEVIATION_MEAN, DEVIATION_SPREAD]].to_numpy().max() < 1e-9


def test_one_row_has_no_deviation() -> None:
    """A single row is no error and has no past."""
    assert bool(deviation_of(weekly(1).iloc[:1]).isna().all(axis=None))
