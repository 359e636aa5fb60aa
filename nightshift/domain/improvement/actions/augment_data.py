"""The action ``augment_data``."""

from typing import Annotated, Literal, Self

from pydantic import Field

from nightshift.domain.improvement.actions.action import DayBounds, Days, PlannedAction, close, violation
from nightshift.domain.platform.message import Message


class WeightingBounds(Message):
    """How strongly recent rows may count."""

    recent_days: DayBounds = DayBounds(minimum=7, maximum=365)
    max_weight: float = Field(default=10, gt=1, le=100)
    half_life_days: DayBounds = DayBounds(minimum=7, maximum=365)


class StepWeighting(Message):
    """Rows of the newest ``recent_days`` days of the training rows count ``weight`` times as much as older ones."""

    kind: Literal["step"] = "step"
    recent_days: Days
    weight: float = Field(gt=1, le=100)

    def violations(self, bounds: WeightingBounds) -> tuple[str, ...]:
        """Days or a weight out of bounds."""
        found = bounds.recent_days.violations("weighting.recent_days", self.recent_days)
        if self.weight > bounds.max_weight:
            found += (violation("weighting.weight", self.weight, f"must be at most {bounds.max_weight:g}"),)
        return found


class ExponentialWeighting(Message):
    """A row counts half as much as one that is ``half_life_days`` newer."""

    kind: Literal["exponential"] = "exponential"
    half_life_days: Days

    def violations(self, bounds: WeightingBounds) -> tuple[str, ...]:
        """A half-life out of bounds."""
        return bounds.half_life_days.violations("weighting.half_life_days", self.half_life_days)


Weighting = Annotated[StepWeighting | ExponentialWeighting, Field(discriminator="kind")]


class AugmentData(PlannedAction):
    """Let recent rows count more than old ones."""

    not_for_detectors = "a robust covariance takes no weights; adjust_training_window narrows a detector to recent rows"
    kind: Literal["augment_data"] = "augment_data"
    weighting: Weighting

    @classmethod
    def moderate(cls, bounds: WeightingBounds, days_there: float) -> Self:
        """Let a row's weight halve slowly."""
        return cls.forget(bounds, slowly=True)

    @classmethod
    def forget(cls, bounds: WeightingBounds, *, slowly: bool) -> Self:
        """Let a row's weight halve in about half the longest half-life allowed, or fast: in a twelfth of it."""
        days = bounds.half_life_days
        half_life = days.whole_months(days.maximum // (2 if slowly else 12))
        return cls(weighting=ExponentialWeighting(half_life_days=half_life))

    @classmethod
    def emphasise(cls, bounds: WeightingBounds) -> Self:
        """Let the newest days weigh a middling multiple."""
        weight = (1 + bounds.max_weight) / 2
        return cls(weighting=StepWeighting(recent_days=bounds.recent_days.maximum, weight=weight))

    def violations(self, bounds: WeightingBounds) -> tuple[str, ...]:
        """Those of the weighting."""
        return self.weighting.violations(bounds)

    def is_like(self, tried: Self) -> bool:
        """The same kind of weighting, days and weights within 5 %."""
        match self.weighting, tried.weighting:
            case StepWeighting() as ours, StepWeighting() as theirs:
                return close(ours.recent_days, theirs.recent_days) and close(ours.weight, theirs.weight)
            case ExponentialWeighting() as ours, ExponentialWeighting() as theirs:
                return close(ours.half_life_days, theirs.half_life_days)
        return False
