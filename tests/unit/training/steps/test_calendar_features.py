"""Parts of a time."""

import pandas as pd
import pytest

from nightshift.domain.improvement.feature_group import CalendarFeature
from nightshift.training.steps.calendar_features import calendar_feature


@pytest.mark.parametrize(
    ("feature", "value"),
    [
        ("hour", 18.0),
        ("weekday", 6.0),
        ("month", 3.0),
        ("day_of_year", 63.0),
        ("week_of_year", 9.0),
        ("hour_of_week", 162.0),
        ("days_elapsed", 19785.75),
    ],
)
def test_each_part_has_its_value(feature: CalendarFeature, value: float) -> None:
    """Sunday evening, 3 March 2024, as float64."""
    made = calendar_feature(pd.Series([pd.Timestamp("2024-03-03 18:00")]), feature)
    assert (made.tolist(), str(made.dtype)) == ([value], "float64")
