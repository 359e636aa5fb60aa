"""Drift from the same season a year before."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from nightshift.training.steps.drift import drift

START = pd.Timestamp("2011-01-01")
# The season: what it is worth at the hours of a year.
Values = Callable[[pd.DatetimeIndex], object]


def _split(columns: dict[str, Values], *, days: int = 730, live: int = 28) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hours from 2011 on, the last ``live`` days the holdout."""
    times = pd.date_range(START, periods=24 * days, freq="h")
    rows = pd.DataFrame({"at": times} | {name: values(times) for name, values in columns.items()})
    return rows.iloc[: -24 * live], rows.iloc[-24 * live :]


def _season(times: pd.DatetimeIndex) -> object:
    noise = np.random.default_rng(1).normal(size=len(times))
    return 10 * np.sin(2 * np.pi * times.day_of_year / 365.25) + noise


def _shifted(times: pd.DatetimeIndex) -> object:
    return np.asarray(_season(times)) + np.where(times >= times[-24 * 28], 5.0, 0.0)


def test_a_season_is_no_drift() -> None:
    """The live weeks are colder than the year, and as cold as last winter; a shift of them is found."""
    train, holdout = _split({"season": _season, "shifted": _shifted})
    found = drift(train, holdout, ("season", "shifted", "at"), "at")
    assert sorted(found) == ["season", "shifted"]
    assert found["season"].p > 0.05
    assert found["shifted"].psi > 0.25
    assert found["shifted"].p <= 0.05


@pytest.mark.parametrize(("days", "reference"), [(364 + 14 + 28, True), (364 + 14 + 27, False), (200, False)])
def test_without_a_year_of_history_nothing_is_said(days: int, reference: bool) -> None:
    """The reference begins 378 days before the live window, which has 28 of them here."""
    assert bool(drift(*_split({"x": _season}, days=days), ("x",), "at")) is reference


@pytest.mark.parametrize(("days", "reference"), [(6, False), (7, True), (350, True), (351, True), (357, False)])
def test_a_live_window_is_one_to_fifty_whole_weeks(days: int, reference: bool) -> None:
    """Days beyond whole weeks are left out at its beginning; a longer one would overlap its reference."""
    assert bool(drift(*_split({"x": _season}, days=1100, live=days), ("x",), "at")) is reference


def test_days_before_the_first_whole_week_do_not_count() -> None:
    """Of 16 live days the last 14 are compared."""

    def spike(times: pd.DatetimeIndex) -> object:
        values = np.asarray(_season(times)).copy()
        values[-24 * 16 : -24 * 14] = 1_000
        return values

    train, holdout = _split({"spike": spike, "season": _season}, live=16)
    found = drift(train, holdout, ("spike", "season"), "at")
    assert found["spike"] == found["season"]


def test_a_reference_with_holes_needs_as_many_weeks_as_are_live() -> None:
    """Three of eight weeks are there, four are live."""
    train, holdout = _split({"x": _season})
    first = holdout["at"].min() - pd.Timedelta(days=378)
    hole = (train["at"] >= first) & (train["at"] < first + pd.Timedelta(days=35))
    assert drift(train[~hole], holdout, ("x",), "at") == {}
    assert drift(train[~(hole & (train["at"] >= first + pd.Timedelta(days=7)))], holdout, ("x",), "at") != {}


def test_new_and_missing_values_are_reported_on_their_own() -> None:
    """A new category is no movement of the others, and an empty value is a value; a number has but that."""
    live = START + pd.Timedelta(days=702)

    def plan(times: pd.DatetimeIndex) -> object:
        names = np.where(times.hour % 2, "a", "b").astype(object)
        return np.where((times >= live) & (times.hour % 4 == 1), "c", np.where(times < live, names, "a"))

    def holes(times: pd.DatetimeIndex) -> object:
        return pd.Series(np.asarray(_season(times))).mask(pd.Series((times >= live) & (times.hour < 6)))

    found = drift(*_split({"plan": plan, "holes": holes}), ("plan", "holes"), "at")
    assert (found["plan"].psi, found["plan"].new, found["plan"].gone) == (0, 0.25, 0.5)
    assert (found["holes"].new, found["holes"].gone) == (0.25, 0)


def test_a_value_of_the_neighbouring_weeks_alone_is_not_gone() -> None:
    """The reference is wider than the season; what only its margins have was not expected."""

    def month(times: pd.DatetimeIndex) -> object:
        return times.month

    found = drift(*_split({"month": month}, days=720), ("month",), "at")
    assert found["month"].gone == 0


@pytest.mark.parametrize("dtype", ["Int64", "float64", "str", "boolean"])
def test_every_dtype_of_a_contract_is_compared(dtype: str) -> None:
    """With empty values, where the dtype has them."""

    def values(times: pd.DatetimeIndex) -> object:
        hours = pd.Series(times.hour)
        return (hours % 2 if dtype == "boolean" else hours).astype(pd.api.types.pandas_dtype(dtype)).mask(hours == 0)

    found = drift(*_split({"x": values}), ("x",), "at")["x"]
    assert (found.psi, found.p, found.new, found.gone) == (0, 1, 0, 0)
