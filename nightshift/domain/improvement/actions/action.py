"""What every action of a plan says of itself."""

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import Field, model_validator

from nightshift.domain.platform.message import Message

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Number = Annotated[float, Field(allow_inf_nan=False)]
Days = Annotated[int, Field(ge=1, le=3660)]

MONTH: Final = 30
# Days and weights: closer than this share of the larger one, they select nearly the same rows.
_SHARE: Final = 0.05


class PlannedAction(Message):
    """An action with its parameters; the file that defines one also defines the part of ``PlanBounds`` that bounds it.

    Attributes:
        not_for_detectors: why it makes no sense for an anomaly detector, and what does; empty if it does.
    """

    not_for_detectors: ClassVar[str] = ""
    kind: str

    @classmethod
    def gap(cls, _bounds: Any) -> str:
        """Why bounds that allow the action leave nothing to choose; empty if they do not."""
        return ""

    @classmethod
    @abstractmethod
    def moderate(cls, bounds: Any, days_there: float) -> Self | None:
        """What is meant by the action's bare name: moderate values; None where the bounds have nothing to offer.

        Args:
            bounds: may be some that do not allow the action; the caller checks it.
            days_there: that the training rows span.
        """

    @abstractmethod
    def violations(self, bounds: Any) -> tuple[str, ...]:
        """Every rule of the bounds that it breaks, as ``field = value: rule``."""

    @abstractmethod
    def is_like(self, tried: Self) -> bool:
        """Whether it differs from one that was tried only by what cannot change its result by much."""

    @property
    def group_names(self) -> tuple[str, ...]:
        """The feature groups that it needs; training is told what they mean."""
        return ()


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

    def violations(self, field: str, days: int) -> tuple[str, ...]:
        """The rule that a number of days breaks, if it does."""
        if self.minimum <= days <= self.maximum:
            return ()
        return (violation(field, days, f"must lie from {self.minimum} to {self.maximum}"),)

    def whole_months(self, days: int) -> int:
        """Days rounded down to months of thirty days, within the bounds."""
        rounded = days - days % MONTH if days >= MONTH else days
        return min(max(rounded, self.minimum), self.maximum)


def violation(field: str, value: object, rule: str) -> str:
    """A broken rule, for people and for the language model."""
    return f"action.{field} = {value!r}: {rule}"


def close(one: float, other: float) -> bool:
    """Whether two numbers of days, or two weights, select nearly the same rows."""
    return abs(one - other) <= _SHARE * max(one, other)
