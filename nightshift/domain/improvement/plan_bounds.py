"""What a spec allows the improvement loop to try, and within which bounds."""

import math
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from nightshift.domain.improvement.feature_group import FeatureGroup
from nightshift.domain.improvement.plan import (
    ActionKind,
    AdjustTrainingWindow,
    AugmentData,
    Choice,
    Days,
    Name,
    Number,
    Plan,
    RetrainWithFeatures,
    SearchChoices,
    SearchDimension,
    SearchRange,
    StepWeighting,
    TuneHyperparameters,
)
from nightshift.domain.platform.message import Message

# A sampler needs room between the ends of a range, on the scale on which it is searched.
_NARROWEST: Final = 1e-9


class NumberBounds(Message):
    """A number from ``minimum`` to ``maximum``, ends included."""

    kind: Literal["number"] = "number"
    minimum: Number
    maximum: Number
    whole: bool = False

    @model_validator(mode="after")
    def _minimum_comes_first(self) -> "NumberBounds":
        if self.minimum > self.maximum:
            msg = f"minimum = {self.minimum:g} is above maximum = {self.maximum:g}"
            raise ValueError(msg)
        return self

    def refusal(self, value: Choice) -> str:
        """Why a value is not allowed; empty if it is."""
        rule = f"must be a {'whole ' if self.whole else ''}number from {self.minimum:g} to {self.maximum:g}"
        if isinstance(value, bool | str) or not self.minimum <= value <= self.maximum:
            return rule
        return rule if self.whole and not float(value).is_integer() else ""


class ChoiceBounds(Message):
    """One of a closed set of values."""

    kind: Literal["choices"] = "choices"
    allowed: tuple[Choice, ...] = Field(min_length=1)

    def refusal(self, value: Choice) -> str:
        """Why a value is not allowed; empty if it is."""
        same = any(type(value) is type(allowed) and value == allowed for allowed in self.allowed)
        return "" if same else f"must be one of {', '.join(map(str, self.allowed))}"


ParameterBounds = Annotated[NumberBounds | ChoiceBounds, Field(discriminator="kind")]


class DayBounds(Message):
    """A number of days from ``minimum`` to ``maximum``, ends included."""

    minimum: Days = 1
    maximum: Days = 3660

    @model_validator(mode="after")
    def _minimum_comes_first(self) -> "DayBounds":
        if self.minimum > self.maximum:
            msg = f"minimum = {self.minimum} is above maximum = {self.maximum}"
            raise ValueError(msg)
        return self


class PlanBounds(Message):
    """The allowlist of a spec; whatever it does not name is forbidden.

    Attributes:
        actions: kinds of actions that may be tried; empty allows none.
        feature_groups: the groups that ``retrain_with_features`` may choose from.
        parameters: the parameters that ``tune_hyperparameters`` may search, and where.
        max_trials: of one search.
        recent_days, max_weight: of a step weighting.
        half_life_days: of an exponential weighting.
        window_days: of ``adjust_training_window``.
    """

    actions: tuple[ActionKind, ...] = ()
    feature_groups: dict[Name, FeatureGroup] = {}
    parameters: dict[Name, ParameterBounds] = {}
    max_trials: int = Field(default=30, ge=1, le=100)
    recent_days: DayBounds = DayBounds(minimum=7, maximum=365)
    max_weight: float = Field(default=10, gt=1, le=100)
    half_life_days: DayBounds = DayBounds(minimum=7, maximum=365)
    window_days: DayBounds = DayBounds(minimum=28, maximum=3660)

    @model_validator(mode="after")
    def _allowed_actions_have_choices(self) -> "PlanBounds":
        if "retrain_with_features" in self.actions and not self.feature_groups:
            msg = "feature_groups: retrain_with_features is allowed, so there must be a group to choose"
            raise ValueError(msg)
        if "tune_hyperparameters" in self.actions and not self.parameters:
            msg = "parameters: tune_hyperparameters is allowed, so there must be a parameter to search"
            raise ValueError(msg)
        return self

    def check(self, plan: Plan) -> tuple[str, ...]:
        """Every rule that a plan breaks, as ``field = value: rule``; empty if it may be carried out."""
        action = plan.action
        if action.kind not in self.actions:
            return (_violation("kind", action.kind, f"the spec allows {', '.join(self.actions) or 'no action'}"),)
        match action:
            case RetrainWithFeatures():
                unknown = [name for name in action.feature_groups if name not in self.feature_groups]
                rule = f"the spec declares {', '.join(self.feature_groups)}"
                return tuple(_violation("feature_groups", name, rule) for name in unknown)
            case TuneHyperparameters():
                return (*self._trials(action.trials), *(v for item in action.search_space for v in self._search(item)))
            case AugmentData():
                return self._weighting(action)
            case AdjustTrainingWindow():
                return _days("days", action.days, self.window_days)

    def _trials(self, trials: int) -> tuple[str, ...]:
        return (
            () if trials <= self.max_trials else (_violation("trials", trials, f"must be at most {self.max_trials}"),)
        )

    def _search(self, dimension: SearchDimension) -> tuple[str, ...]:
        name = dimension.parameter
        bounds = self.parameters.get(name)
        if bounds is None:
            return (_violation("search_space", name, f"the spec allows {', '.join(self.parameters)}"),)
        if isinstance(dimension, SearchChoices):
            values: dict[str, tuple[Choice, ...]] = {"choices": dimension.choices}
        elif isinstance(bounds, ChoiceBounds):
            return (_violation(f"search_space.{name}", "range", f"must be choices of {_listed(bounds)}"),)
        elif not _has_room(dimension):
            found = f"{dimension.low!r} to {dimension.high!r}"
            return (_violation(f"search_space.{name}", found, "the ends of a range must lie further apart"),)
        else:
            values = {"low": (dimension.low,), "high": (dimension.high,)}
        return tuple(
            _violation(f"search_space.{name}.{field}", value, rule)
            for field, several in values.items()
            for value in several
            if (rule := bounds.refusal(value))
        )

    def _weighting(self, action: AugmentData) -> tuple[str, ...]:
        weighting = action.weighting
        if not isinstance(weighting, StepWeighting):
            return _days("weighting.half_life_days", weighting.half_life_days, self.half_life_days)
        found = _days("weighting.recent_days", weighting.recent_days, self.recent_days)
        if weighting.weight > self.max_weight:
            found += (_violation("weighting.weight", weighting.weight, f"must be at most {self.max_weight:g}"),)
        return found


def _has_room(dimension: SearchRange) -> bool:
    if dimension.log:
        return math.log(dimension.high) - math.log(dimension.low) > _NARROWEST
    widest = max(abs(dimension.low), abs(dimension.high))
    return _NARROWEST * widest < dimension.high - dimension.low < math.inf


def _days(field: str, days: int, bounds: DayBounds) -> tuple[str, ...]:
    if bounds.minimum <= days <= bounds.maximum:
        return ()
    return (_violation(field, days, f"must lie from {bounds.minimum} to {bounds.maximum}"),)


def _listed(bounds: ChoiceBounds) -> str:
    return ", ".join(map(str, bounds.allowed))


def _violation(field: str, value: object, rule: str) -> str:
    return f"action.{field} = {value!r}: {rule}"
