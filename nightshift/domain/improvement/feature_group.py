"""Groups of derived features that a spec declares by name, for the improvement loop to choose from.

Every group uses the same row's known columns or at strictly earlier rows; there is no way to name a later one.
"""

from typing import Annotated, Literal

from pydantic import Field

from nightshift.domain.platform.message import Message

CalendarFeature = Literal["hour", "weekday", "month", "day_of_year", "week_of_year", "hour_of_week", "days_elapsed"]
Hours = Annotated[int, Field(ge=1, le=24 * 366)]
Days = Annotated[int, Field(ge=1, le=366)]


class Calendar(Message):
    """Parts of the row's own time; ``days_elapsed`` counts days since 1970 and lets a model follow a trend."""

    kind: Literal["calendar"] = "calendar"
    features: tuple[CalendarFeature, ...] = Field(min_length=1)


class Lags(Message):
    """Values of a numeric column exactly this many hours before the row, of the same entity; empty where no row is.

    Attributes:
        column: may be the target: a lag is never 0.
        hours: none shorter than it takes, when the model is served, until the column's value is known.
    """

    kind: Literal["lags"] = "lags"
    column: str
    hours: tuple[Hours, ...] = Field(min_length=1, max_length=24)


class RollingMeans(Message):
    """Means of a numeric column over the days that end ``delay_hours`` before the row, of the same entity.

    Attributes:
        days: lengths of the windows; a window that ends at ``e`` holds the rows after ``e - days`` up to ``e``.
        delay_hours: as the shortest of the ``hours`` of lags.
    """

    kind: Literal["rolling_means"] = "rolling_means"
    column: str
    days: tuple[Days, ...] = Field(min_length=1, max_length=12)
    delay_hours: Hours = 24


class DaysSince(Message):
    """Days since a flag, such as a holiday's, was last set on the row or before it, of the same entity.

    Attributes:
        cap_days: longer spans, and none so far, count as this many days.
    """

    kind: Literal["days_since"] = "days_since"
    column: str
    cap_days: Days = 14


class Interaction(Message):
    """The product of numeric columns of the same row; never the target."""

    kind: Literal["interaction"] = "interaction"
    columns: tuple[str, ...] = Field(min_length=2, max_length=4)


FeatureGroup = Annotated[Calendar | Lags | RollingMeans | DaysSince | Interaction, Field(discriminator="kind")]


def columns_of(group: FeatureGroup) -> tuple[str, ...]:
    """The columns that a group reads, besides time and key."""
    match group:
        case Calendar():
            return ()
        case Interaction():
            return group.columns
        case Lags() | RollingMeans() | DaysSince():
            return (group.column,)
