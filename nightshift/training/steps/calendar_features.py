"""Parts of a row's own time."""

import pandas as pd

from nightshift.domain.improvement.feature_group import CalendarFeature

EPOCH = pd.Timestamp("1970-01-01")


def calendar_feature(times: "pd.Series[pd.Timestamp]", feature: CalendarFeature) -> "pd.Series[float]":
    """One part of each time as float64.

    Hour 0-23, weekday 0-6 from Monday, month 1-12, day of year 1-366, ISO week 1-53, hour of week 0-167, days (with
    fractions) since 1970-01-01.
    """
    match feature:
        case "hour":
            values = times.dt.hour
        case "weekday":
            values = times.dt.day_of_week
        case "month":
            values = times.dt.month
        case "day_of_year":
            values = times.dt.day_of_year
        case "week_of_year":
            values = times.dt.isocalendar().week
        case "hour_of_week":
            values = times.dt.day_of_week * 24 + times.dt.hour
        case "days_elapsed":
            return (times - EPOCH) / pd.Timedelta(days=1)
    return values.astype("float64")
