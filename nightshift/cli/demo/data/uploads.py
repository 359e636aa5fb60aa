"""The uploads of the demo's story, each made from a source's history by a named, honest mechanism.

An upload is a complete snapshot: a rolling history up to "now".
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from nightshift.cli.demo.data.source import DETECTOR, REVENUE, DataSource
from nightshift.domain.platform.errors import BadInputError

# How far the wrong clock was behind, and for how many weeks before "now" the export has been right again. The holdout
# (an eighth of the rows, ten weeks) lies inside the right weeks, so both models meet on true rows.
CLOCK_HOURS = 1
RIGHT_WEEKS = 12
NIGHT = range(6)
# When prices rise, and by how much; the holdout begins a month later.
TARIFF_FROM = pd.Timestamp("2012-09-01")
TARIFF_FACTOR = 1.8
SHUFFLE_SEED = 11


@dataclass(frozen=True)
class StoryUpload:
    """One upload of the story: what happened in the world, and how the table shows it."""

    model: str
    name: str
    what: str
    end: pd.Timestamp
    happen: Callable[[pd.DataFrame], pd.DataFrame]


def _as_it_was(rows: pd.DataFrame) -> pd.DataFrame:
    return rows


def _is_right(rows: pd.DataFrame) -> "pd.Series[bool]":
    times: pd.Series[pd.Timestamp] = rows["timestamp"]
    return times.ge(times.max() - pd.Timedelta(weeks=RIGHT_WEEKS))


def _wrong_clock(rows: pd.DataFrame) -> pd.DataFrame:
    late = rows["timestamp"] - pd.Timedelta(hours=CLOCK_HOURS)
    return rows.assign(timestamp=rows["timestamp"].where(_is_right(rows), late))


def _no_nights(rows: pd.DataFrame) -> pd.DataFrame:
    kept: pd.DataFrame = rows.loc[_is_right(rows) | ~rows["timestamp"].dt.hour.isin(NIGHT)]
    return kept


def _new_tariff(rows: pd.DataFrame) -> pd.DataFrame:
    raised = rows["timestamp"].ge(TARIFF_FROM)
    return rows.assign(revenue=rows["revenue"].where(~raised, rows["revenue"] * TARIFF_FACTOR))


def _shuffled(rows: pd.DataFrame) -> pd.DataFrame:
    revenue = rows["revenue"].to_numpy()
    return rows.assign(revenue=np.random.default_rng(SHUFFLE_SEED).permutation(revenue))


def _broken_export(rows: pd.DataFrame) -> pd.DataFrame:
    broken = rows.astype({"temp": "object"}).reset_index(drop=True)
    broken.loc[10:14, "hum"] = 1.7
    broken.loc[100:139, "revenue"] = None
    broken.loc[200:202, "temp"] = "n/a"
    broken.loc[300, "season"] = 7
    broken = pd.concat([broken, broken.iloc[500:510]], ignore_index=True)
    return broken.rename(columns={"windspeed": "wind_speed"})


_STORY = (
    StoryUpload(REVENUE, "first", "the first year", pd.Timestamp("2012-01-01"), _as_it_was),
    StoryUpload(REVENUE, "next_period", "half a year more; demand has grown", pd.Timestamp("2012-07-01"), _as_it_was),
    StoryUpload(
        REVENUE,
        "corrupt",
        "a broken export: a renamed column, empty revenue, text among numbers, impossible humidity, repeated hours",
        pd.Timestamp("2012-07-15"),
        _broken_export,
    ),
    StoryUpload(
        REVENUE,
        "worse",
        f"until {RIGHT_WEEKS} weeks ago the export's clock was {CLOCK_HOURS} hour behind (daylight saving)",
        pd.Timestamp("2012-08-01"),
        _wrong_clock,
    ),
    StoryUpload(
        REVENUE,
        "mixed",
        f"newest history, but until {RIGHT_WEEKS} weeks ago an outage lost all hours from 0 to 5",
        pd.Timestamp("2012-10-01"),
        _no_nights,
    ),
    StoryUpload(REVENUE, "kill", "both years", pd.Timestamp("2013-01-01"), _as_it_was),
    StoryUpload(
        REVENUE,
        "tariff",
        f"both years, but since {TARIFF_FROM.date()} everything costs {TARIFF_FACTOR} times as much",
        pd.Timestamp("2013-01-01"),
        _new_tariff,
    ),
    StoryUpload(
        REVENUE,
        "hopeless",
        "both years, but the export has lost which revenue belongs to which hour",
        pd.Timestamp("2013-01-01"),
        _shuffled,
    ),
    StoryUpload(DETECTOR, "first", "five months", pd.Timestamp("2014-12-01"), _as_it_was),
    StoryUpload(DETECTOR, "next_period", "two months more", pd.Timestamp("2015-02-01"), _as_it_was),
)


def story(model: str) -> tuple[StoryUpload, ...]:
    """The uploads of a model in the order in which the demo makes them.

    Raises:
        BadInputError: the demo has no uploads for this model.
    """
    found = tuple(upload for upload in _STORY if upload.model == model)
    if not found:
        raise BadInputError(field="model", value=model, rule=f"the demo has uploads for {REVENUE}, {DETECTOR}")
    return found


def upload(model: str, name: str) -> StoryUpload:
    """One upload by name.

    Raises:
        BadInputError: there is none of this name.
    """
    uploads = {item.name: item for item in story(model)}
    if name not in uploads:
        raise BadInputError(field="upload", value=name, rule=f"must be one of {', '.join(uploads)}")
    return uploads[name]


def table(item: StoryUpload, source: DataSource) -> pd.DataFrame:
    """The rows of an upload, made from the source's history."""
    rows = source.history(item.model)
    return item.happen(rows[rows["timestamp"] < item.end].reset_index(drop=True))


def write(item: StoryUpload, source: DataSource, folder: Path, file_format: Literal["csv", "parquet"] = "csv") -> Path:
    """Write an upload as ``<name>.<format>`` into a folder and return its path; equal sources give equal bytes.

    The corrupt upload is a CSV only: Parquet could not hold text among numbers.
    """
    rows = table(item, source)
    path = folder / f"{item.name}.{file_format}"
    if file_format == "csv":
        rows.to_csv(path, index=False, date_format="%Y-%m-%dT%H:%M:%S", lineterminator="\n")
    else:
        rows.to_parquet(path, index=False)
    return path
