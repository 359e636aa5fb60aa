"""The allowlist: what a spec permits, and every way out of it."""

import math
from typing import Any

import pytest
from pydantic import ValidationError

from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.actions.augment_data import AugmentData, ExponentialWeighting, StepWeighting
from nightshift.domain.improvement.actions.retrain_with_features import RetrainWithFeatures
from nightshift.domain.improvement.actions.table import ACTIONS, PlanBounds, alike
from nightshift.domain.improvement.actions.tune_hyperparameters import SearchChoices, SearchRange, TuneHyperparameters
from nightshift.domain.improvement.plan import Plan

BOUNDS = PlanBounds.from_json(
    {
        "actions": ["retrain_with_features", "tune_hyperparameters", "augment_data", "adjust_training_window"],
        "feature_groups": {"calendar": {"kind": "calendar", "features": ["month"]}},
        "parameters": {
            "learning_rate": {"kind": "number", "minimum": 0.01, "maximum": 0.3},
            "max_iter": {"kind": "number", "minimum": 50, "maximum": 500, "whole": True},
            "loss": {"kind": "choices", "allowed": ["poisson", "squared_error"]},
        },
        "max_trials": 20,
        "recent_days": {"minimum": 7, "maximum": 60},
        "max_weight": 5,
        "half_life_days": {"minimum": 14, "maximum": 180},
        "window_days": {"minimum": 90, "maximum": 700},
    }
)


def tune(*space: Any, trials: int = 20) -> TuneHyperparameters:
    """A search of this space."""
    return TuneHyperparameters(search_space=space, trials=trials, seed=1)


@pytest.mark.parametrize(
    "action",
    [
        RetrainWithFeatures(feature_groups=("calendar",)),
        tune(
            SearchRange(parameter="learning_rate", low=0.01, high=0.3),
            SearchChoices(parameter="max_iter", choices=(50.0, 500.0)),
            SearchChoices(parameter="loss", choices=("poisson",)),
        ),
        AugmentData(weighting=StepWeighting(recent_days=60, weight=5)),
        AugmentData(weighting=ExponentialWeighting(half_life_days=14)),
        AdjustTrainingWindow(days=90),
    ],
)
def test_a_plan_within_bounds_breaks_no_rule(action: Any) -> None:
    """The ends of every bound belong to it."""
    assert BOUNDS.check(action) == ()


@pytest.mark.parametrize(
    ("action", "violations"),
    [
        (
            RetrainWithFeatures(feature_groups=("calendar", "payroll")),
            [("action.feature_groups = 'payroll'", "declares calendar")],
        ),
        (
            tune(SearchRange(parameter="learning_rate", low=0.001, high=0.5), trials=21),
            [
                ("action.trials = 21", "at most 20"),
                ("action.search_space.learning_rate.low = 0.001", "a number from 0.01 to 0.3"),
                ("action.search_space.learning_rate.high = 0.5", "a number from 0.01 to 0.3"),
            ],
        ),
        (
            tune(SearchRange(parameter="max_iter", low=50.5, high=500)),
            [("action.search_space.max_iter.low = 50.5", "whole number from 50 to 500")],
        ),
        (
            tune(SearchChoices(parameter="max_iter", choices=("100", True))),
            [
                ("action.search_space.max_iter.choices = True", "whole number from 50 to 500"),
                ("action.search_space.max_iter.choices = '100'", "whole number from 50 to 500"),
            ],
        ),
        (
            tune(SearchRange(parameter="loss", low=0, high=1)),
            [("action.search_space.loss = 'range'", "choices of poisson, squared_error")],
        ),
        (
            tune(SearchChoices(parameter="loss", choices=("gamma",))),
            [("action.search_space.loss.choices = 'gamma'", "one of poisson, squared_error")],
        ),
        (
            tune(SearchRange(parameter="random_state", low=0, high=1)),
            [("action.search_space = 'random_state'", "allows learning_rate, max_iter, loss")],
        ),
        *(
            (
                tune(SearchRange(parameter="learning_rate", low=low, high=high, log=log)),
                [(f"action.search_space.learning_rate = '{low!r} to {high!r}'", "further apart")],
            )
            for low, high, log in (
                (0.01, math.nextafter(0.01, 1), True),
                (0.01, math.nextafter(0.01, 1), False),
                (-1.7e308, 1.7e308, False),
            )
        ),
        (
            AugmentData(weighting=StepWeighting(recent_days=61, weight=6)),
            [
                ("action.weighting.recent_days = 61", "from 7 to 60"),
                ("action.weighting.weight = 6.0", "at most 5"),
            ],
        ),
        (
            AugmentData(weighting=ExponentialWeighting(half_life_days=13)),
            [("action.weighting.half_life_days = 13", "from 14 to 180")],
        ),
        (AdjustTrainingWindow(days=701), [("action.days = 701", "from 90 to 700")]),
    ],
)
def test_every_violation_is_reported(action: Any, violations: list[tuple[str, str]]) -> None:
    """Each names the field, the value and the bound, which ends its line."""
    found = [line.partition(": ") for line in BOUNDS.check(action)]
    assert [place for place, _, _ in found] == [place for place, _ in violations]
    assert [rule.endswith(bound) for (_, _, rule), (_, bound) in zip(found, violations, strict=True)] == [True] * len(
        violations
    )


def test_what_is_not_allowed_is_forbidden() -> None:
    """A spec that names no action allows none; one that names some says which."""
    action = AdjustTrainingWindow(days=90)
    some = PlanBounds(actions=("augment_data",))
    (none,), (other,) = PlanBounds().check(action), some.check(action)
    for violation in (none, other):
        assert violation.startswith("action.kind = 'adjust_training_window':")
    assert none.endswith("no action")
    assert other.endswith("augment_data")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"actions": ["retrain_with_features"]}, "a group to choose"),
        ({"actions": ["tune_hyperparameters"]}, "a parameter to search"),
        ({"actions": ["drop_table"]}, "drop_table"),
        ({"window_days": {"minimum": 30, "maximum": 7}}, "minimum = 30 is above maximum = 7"),
        ({"parameters": {"x": {"kind": "number", "minimum": 2, "maximum": 1}}}, "minimum = 2 is above maximum = 1"),
        ({"feature_groups": {"next": {"kind": "lags", "column": "y", "hours": [-24]}}}, "greater than or equal to 1"),
    ],
)
def test_bounds_that_bound_nothing_are_refused(fields: dict[str, Any], message: str) -> None:
    """A spec's mistake is told when it is read, not in the middle of the night."""
    with pytest.raises(ValidationError, match=message):
        PlanBounds.from_json(fields)


@pytest.mark.parametrize("kind", ACTIONS)
def test_every_action_offers_what_its_own_bounds_allow(kind: str) -> None:
    """Its bounds are a part of a spec's, its moderate values keep to them, and are like themselves."""
    bounds = BOUNDS.model_copy(update={"actions": (kind,)})
    action = ACTIONS[kind].moderate(bounds, days_there=2000.0)
    assert action is not None
    assert (action.kind, bounds.check(action), alike(action, action)) == (kind, (), True)
    assert (
        Plan.model_validate_json(Plan(action=action, rationale="r", expected_effect="e").model_dump_json()).action
        == action
    )


@pytest.mark.parametrize("kind", ACTIONS)
def test_without_anything_to_choose_nothing_is_offered(kind: str) -> None:
    """What a bare name means never breaks a rule of its own; whether it is allowed is for the bounds to say."""
    action = ACTIONS[kind].moderate(PlanBounds(), days_there=2000.0)
    assert action is None or PlanBounds(actions=(kind,)).check(action) == ()
