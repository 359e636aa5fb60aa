"""What the rules make of the bounds: moderate values, worked by hand, and nothing where the bounds offer nothing."""

from typing import Any

import pytest

from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.actions.augment_data import AugmentData, ExponentialWeighting, StepWeighting
from nightshift.domain.improvement.actions.retrain_with_features import RetrainWithFeatures
from nightshift.domain.improvement.actions.table import PlanBounds
from nightshift.domain.improvement.actions.tune_hyperparameters import SearchChoices, SearchRange, TuneHyperparameters
from tests.unit.agents.improvement.planner.conftest import REVENUE_BOUNDS


def _bounds(**changes: Any) -> PlanBounds:
    return PlanBounds.from_json({**REVENUE_BOUNDS, **changes})


@pytest.mark.parametrize(
    ("minimum", "maximum", "slow", "fast"),
    [
        # 365 // 2 = 182 and 365 // 12 = 30: whole months of 30 days.
        (14, 365, 180, 30),
        # 359 // 12 = 29: less than a month stays as it is.
        (14, 359, 150, 29),
        (14, 60, 30, 14),
        (14, 58, 29, 14),
        (200, 365, 200, 200),
        (1, 730, 360, 60),
    ],
)
def test_a_weight_halves_in_half_the_longest_time_or_in_a_twelfth(
    minimum: int, maximum: int, slow: int, fast: int
) -> None:
    """In whole months where it is one or more, and never outside the bounds."""
    bounds = _bounds(half_life_days={"minimum": minimum, "maximum": maximum})
    assert [AugmentData.forget(bounds, slowly=slowly) for slowly in (True, False)] == [
        AugmentData(weighting=ExponentialWeighting(half_life_days=days)) for days in (slow, fast)
    ]


def test_the_newest_days_weigh_half_of_what_is_allowed() -> None:
    """Between 1 and 50 lies 25.5; for all the days that may be emphasised."""
    weighting = StepWeighting(recent_days=90, weight=25.5)
    assert AugmentData.emphasise(_bounds()) == AugmentData(weighting=weighting)


@pytest.mark.parametrize(
    ("there", "days"),
    [
        # A quarter of 730 is 182, of 600 150, of 490 122: whole months.
        (1_000.0, 180),
        (600.0, 150),
        (490.9, 120),
        # Never less than the bounds say, and no window that leaves nothing out.
        (100.0, 60),
        (60.5, 60),
        (60.0, None),
        (40.0, None),
    ],
)
def test_a_window_is_the_newest_quarter_of_what_is_there(there: float, days: int | None) -> None:
    """At most 730 days may be used, and at least 60."""
    found = AdjustTrainingWindow.moderate(_bounds(), there)
    assert found == (None if days is None else AdjustTrainingWindow(days=days))


def test_a_search_takes_every_parameter_by_name() -> None:
    """By the logarithm where the ends are more than ten times apart; what has one value is no range."""
    space = {
        "wide": {"kind": "number", "minimum": 1.0, "maximum": 10.5},
        "ten": {"kind": "number", "minimum": 1.0, "maximum": 10.0},
        "small": {"kind": "number", "minimum": 0.01, "maximum": 0.3},
        "from_zero": {"kind": "number", "minimum": 0.0, "maximum": 0.3},
        "below_zero": {"kind": "number", "minimum": -0.01, "maximum": 0.3},
        "fixed": {"kind": "number", "minimum": 3.0, "maximum": 3.0},
        "choice": {"kind": "choices", "allowed": ["a", "b"]},
    }
    found = TuneHyperparameters.moderate(_bounds(parameters=space), 0)
    assert found is not None
    assert (found.trials, found.seed) == (20, 20_240_101)
    assert found.search_space == (
        SearchRange(parameter="below_zero", low=-0.01, high=0.3, log=False),
        SearchChoices(parameter="choice", choices=("a", "b")),
        SearchChoices(parameter="fixed", choices=(3.0,)),
        SearchRange(parameter="from_zero", low=0.0, high=0.3, log=False),
        SearchRange(parameter="small", low=0.01, high=0.3, log=True),
        SearchRange(parameter="ten", low=1.0, high=10.0, log=False),
        SearchRange(parameter="wide", low=1.0, high=10.5, log=True),
    )


@pytest.mark.parametrize(("there", "taken"), [(11, 11), (12, 12), (13, 12)])
def test_a_plan_holds_twelve_parameters_or_groups_at_most(there: int, taken: int) -> None:
    """The first by name."""
    names = [f"n{number:02d}" for number in range(there)]
    bounds = _bounds(
        parameters={name: {"kind": "number", "minimum": 1, "maximum": 2} for name in names},
        feature_groups={name: {"kind": "lags", "column": "revenue", "hours": [24]} for name in names},
    )
    searched, groups = TuneHyperparameters.moderate(bounds, 0), RetrainWithFeatures.moderate(bounds, 0)
    assert searched is not None
    assert [item.parameter for item in searched.search_space] == names[:taken]
    assert groups == RetrainWithFeatures(feature_groups=tuple(names[:taken]))


@pytest.mark.parametrize(("there", "taken"), [(19, 19), (20, 20), (21, 20)])
def test_a_search_holds_twenty_choices_at_most(there: int, taken: int) -> None:
    """The first that the spec names."""
    allowed = [f"c{number:02d}" for number in range(there)]
    found = TuneHyperparameters.moderate(_bounds(parameters={"choice": {"kind": "choices", "allowed": allowed}}), 0)
    assert found is not None
    (choices,) = found.search_space
    assert isinstance(choices, SearchChoices)
    assert list(choices.choices) == allowed[:taken]


def _groups(found: RetrainWithFeatures | None) -> tuple[str, ...]:
    return () if found is None else found.feature_groups


def test_groups_are_chosen_by_what_they_look_at() -> None:
    """Earlier values of the column; interactions that hold one of the columns, else all of them; parts of the time."""
    other = {
        "other_lags": {"kind": "lags", "column": "temp", "hours": [24]},
        "wind": {"kind": "interaction", "columns": ["hum", "windspeed"]},
    }
    bounds = _bounds(feature_groups=REVENUE_BOUNDS["feature_groups"] | other)
    assert _groups(RetrainWithFeatures.past_of(bounds, "revenue")) == ("demand_level", "recent_demand")
    assert _groups(RetrainWithFeatures.past_of(bounds, "temp")) == ("other_lags",)
    assert _groups(RetrainWithFeatures.past_of(bounds, "hum")) == ()
    assert _groups(RetrainWithFeatures.interactions(bounds, {"temp"})) == ("comfort",)
    assert _groups(RetrainWithFeatures.interactions(bounds, {"hum", "temp"})) == ("comfort", "wind")
    assert _groups(RetrainWithFeatures.interactions(bounds, {"season"})) == ("comfort", "wind")
    assert _groups(RetrainWithFeatures.calendars(bounds)) == ("calendar",)
    assert len(_groups(RetrainWithFeatures.moderate(bounds, 0))) == 6


def test_no_plan_is_built_without_anything_in_it() -> None:
    """No group of the kind, no group at all, no parameter."""
    lags = {"recent": {"kind": "lags", "column": "revenue", "hours": [24]}}
    bare = _bounds(actions=[], feature_groups={}, parameters={})
    assert RetrainWithFeatures.calendars(_bounds(feature_groups=lags)) is None
    assert (RetrainWithFeatures.moderate(bare, 0), TuneHyperparameters.moderate(bare, 0)) == (None, None)
