"""The action ``tune_hyperparameters``."""

import math
from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from nightshift.domain.improvement.actions.action import Name, Number, PlannedAction, violation
from nightshift.domain.platform.message import Message

# Of every search by the rules: equal evidence gives an equal plan, and so finds it tried.
SEED: Final = 20_240_101
# A sampler needs room between the ends of a range, on the scale on which it is searched.
_NARROWEST: Final = 1e-9
_MOST_DIMENSIONS: Final = 12
_MOST_CHOICES: Final = 20
# A range that spans more than this ratio is searched by its logarithm.
_WIDE: Final = 10
# Ends of a range: closer than this share of the range's width, on the scale on which it is searched, they are alike.
_OF_WIDTH: Final = 0.01
# A search is another one if it has at least this many times the trials of the one before.
_MORE_TRIALS: Final = 1.5

Choice = bool | Annotated[float, Field(allow_inf_nan=False)] | Annotated[str, Field(min_length=1, max_length=100)]


class SearchRange(Message):
    """An interval in which a numeric parameter is searched, ends included; ``log`` searches its logarithm."""

    kind: Literal["range"] = "range"
    parameter: Name
    low: Number
    high: Number
    log: bool = False

    @model_validator(mode="after")
    def _low_comes_first(self) -> "SearchRange":
        if self.low >= self.high:
            msg = f"{self.parameter}: low = {self.low:g} must be below high = {self.high:g}"
            raise ValueError(msg)
        if self.log and self.low <= 0:
            msg = f"{self.parameter}: low = {self.low:g} must be above 0 where log is true"
            raise ValueError(msg)
        return self

    @property
    def has_room(self) -> bool:
        """Whether a sampler can tell values between the ends apart."""
        if self.log:
            return math.log(self.high) - math.log(self.low) > _NARROWEST
        widest = max(abs(self.low), abs(self.high))
        return _NARROWEST * widest < self.high - self.low < math.inf


class SearchChoices(Message):
    """A closed set of values in which a parameter is searched; 1 to 20."""

    kind: Literal["choices"] = "choices"
    parameter: Name
    choices: tuple[Choice, ...] = Field(min_length=1, max_length=_MOST_CHOICES)

    @field_validator("choices")
    @classmethod
    def _once_and_in_order(cls, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        # A boolean is its own kind of value, and not the number 1.
        return tuple(choice for _, choice in sorted({(type(choice).__name__, choice) for choice in choices}))


SearchDimension = Annotated[SearchRange | SearchChoices, Field(discriminator="kind")]


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

    def dimension(self, name: str) -> SearchDimension:
        """A search of all that is allowed."""
        if self.minimum == self.maximum:
            return SearchChoices(parameter=name, choices=(self.minimum,))
        wide = self.minimum > 0 and self.maximum / self.minimum > _WIDE
        return SearchRange(parameter=name, low=self.minimum, high=self.maximum, log=wide)


class ChoiceBounds(Message):
    """One of a closed set of values."""

    kind: Literal["choices"] = "choices"
    allowed: tuple[Choice, ...] = Field(min_length=1)

    def refusal(self, value: Choice) -> str:
        """Why a value is not allowed; empty if it is."""
        same = any(type(value) is type(allowed) and value == allowed for allowed in self.allowed)
        return "" if same else f"must be one of {', '.join(map(str, self.allowed))}"

    def dimension(self, name: str) -> SearchDimension:
        """A search of the first that are allowed, as many as a search takes."""
        return SearchChoices(parameter=name, choices=self.allowed[:_MOST_CHOICES])


ParameterBounds = Annotated[NumberBounds | ChoiceBounds, Field(discriminator="kind")]


class SearchBounds(Message):
    """The parameters that may be searched, where, and how long."""

    parameters: dict[Name, ParameterBounds] = {}
    max_trials: int = Field(default=30, ge=1, le=100)


class TuneHyperparameters(PlannedAction):
    """Search the estimator's parameters on the training rows; the best by the first tracked metric is trained.

    Attributes:
        search_space: one entry for each parameter (a list, because a strict response schema knows no free keys).
        trials: 1 to 100.
        seed: of the sampler; an equal plan on equal rows finds equal parameters.
    """

    kind: Literal["tune_hyperparameters"] = "tune_hyperparameters"
    search_space: tuple[SearchDimension, ...] = Field(min_length=1, max_length=_MOST_DIMENSIONS)
    trials: int = Field(ge=1, le=100)
    seed: int = Field(ge=0, le=2**32 - 1)

    @field_validator("search_space")
    @classmethod
    def _each_parameter_once(cls, space: tuple[SearchDimension, ...]) -> tuple[SearchDimension, ...]:
        names = [dimension.parameter for dimension in space]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            msg = f"parameters named twice: {', '.join(repeated)}"
            raise ValueError(msg)
        return tuple(sorted(space, key=lambda dimension: dimension.parameter))

    @classmethod
    def gap(cls, bounds: SearchBounds) -> str:
        """There must be a parameter."""
        rule = "parameters: tune_hyperparameters is allowed, so there must be a parameter to search"
        return "" if bounds.parameters else rule

    @classmethod
    def moderate(cls, bounds: SearchBounds, days_there: float) -> Self | None:
        """Search all parameters over all that is allowed."""
        if not bounds.parameters:
            return None
        space = [bounds.parameters[name].dimension(name) for name in sorted(bounds.parameters)]
        return cls(search_space=tuple(space[:_MOST_DIMENSIONS]), trials=bounds.max_trials, seed=SEED)

    def violations(self, bounds: SearchBounds) -> tuple[str, ...]:
        """Too many trials, parameters that may not be searched, values out of bounds."""
        most = f"must be at most {bounds.max_trials}"
        trials = () if self.trials <= bounds.max_trials else (violation("trials", self.trials, most),)
        return (*trials, *(found for item in self.search_space for found in _outside(item, bounds)))

    def is_like(self, tried: Self) -> bool:
        """The same parameters in nearly the same ranges, fewer than 1.5 times the trials.

        Ends of ranges may differ by 1 % of their width, choices by rounding. The seed counts for nothing.
        """
        # Both are in the order of their parameters.
        return (
            self.trials < _MORE_TRIALS * tried.trials
            and len(self.search_space) == len(tried.search_space)
            and all(_alike(*pair) for pair in zip(self.search_space, tried.search_space, strict=True))
        )


def _outside(dimension: SearchDimension, allowed: SearchBounds) -> tuple[str, ...]:
    name = dimension.parameter
    bounds = allowed.parameters.get(name)
    if bounds is None:
        return (violation("search_space", name, f"the spec allows {', '.join(allowed.parameters)}"),)
    if isinstance(dimension, SearchChoices):
        values: dict[str, tuple[Choice, ...]] = {"choices": dimension.choices}
    elif isinstance(bounds, ChoiceBounds):
        listed = ", ".join(map(str, bounds.allowed))
        return (violation(f"search_space.{name}", "range", f"must be choices of {listed}"),)
    elif not dimension.has_room:
        found = f"{dimension.low!r} to {dimension.high!r}"
        return (violation(f"search_space.{name}", found, "the ends of a range must lie further apart"),)
    else:
        values = {"low": (dimension.low,), "high": (dimension.high,)}
    return tuple(
        violation(f"search_space.{name}.{field}", value, rule)
        for field, several in values.items()
        for value in several
        if (rule := bounds.refusal(value))
    )


def _alike(dimension: SearchDimension, tried: SearchDimension) -> bool:
    if dimension.parameter != tried.parameter:
        return False
    match dimension, tried:
        case SearchRange(), SearchRange():
            return dimension.log == tried.log and _range_alike(dimension, tried)
        case SearchChoices(), SearchChoices():
            return len(dimension.choices) == len(tried.choices) and all(
                _same_choice(one, other) for one, other in zip(dimension.choices, tried.choices, strict=True)
            )
    return False


def _range_alike(dimension: SearchRange, tried: SearchRange) -> bool:
    low, high, tried_low, tried_high = (
        math.log(end) if tried.log else end for end in (dimension.low, dimension.high, tried.low, tried.high)
    )
    allowed = _OF_WIDTH * (tried_high - tried_low)
    return abs(low - tried_low) <= allowed and abs(high - tried_high) <= allowed


def _same_choice(one: Choice, other: Choice) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-12)
    return type(one) is type(other) and one == other
