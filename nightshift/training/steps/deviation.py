"""How far a seasonal series is from its own recent past: the inputs of the anomaly detector."""

import numpy as np
import pandas as pd

WEEK = pd.Timedelta(days=7)
DEVIATION_MEAN = "deviation_mean"
DEVIATION_SPREAD = "deviation_spread"


def seasonal_deviation(
    times: "pd.Series[pd.Timestamp]", values: "pd.Series[float]", *, weeks: int, window_hours: int
) -> pd.DataFrame:
    """Compare each value with the same moment of the week in the past ``weeks`` weeks.

    The deviation of a row is ``log1p(value) - log1p(median of the values exactly 1..weeks weeks before)``; the median
    keeps one odd week from moving the profile. It is undefined with fewer than two such values. Only the past is
    looked at, so the same numbers come out when a row is scored live. Rows are matched by time: gaps do no harm.

    Args:
        times: unique and ascending.
        values: not negative; NaN where unknown.

    Returns:
        ``deviation_mean``: mean of the absolute deviation over the trailing window; ``deviation_spread``: its standard
        deviation there. NaN where fewer than half of the window's rows have a deviation.
    """
    moments = pd.DatetimeIndex(times)
    series = pd.Series(np.log1p(values.to_numpy()), index=moments)
    past = pd.DataFrame(
        {week: series.reindex(moments - week * WEEK).to_numpy() for week in range(1, weeks + 1)}, moments
    )
    profile = past.median(axis=1).where(past.notna().sum(axis=1) >= 2)
    deviation = series - profile
    spacing = np.median(np.diff(moments.to_numpy())) if len(moments) > 1 else np.timedelta64(window_hours, "h")
    expected = max(2, int(np.timedelta64(window_hours, "h") / spacing / 2))
    window = f"{window_hours}h"
    return pd.DataFrame(
        {
            DEVIATION_MEAN: deviation.abs().rolling(window, min_periods=expected).mean().to_numpy(),
            DEVIATION_SPREAD: deviation.rolling(window, min_periods=expected).std().to_numpy(),
        },
        index=times.index,
    )
