"""The action ``adjust_training_window``."""

from typing import Literal, Self

from nightshift.domain.improvement.actions.action import DayBounds, Days, PlannedAction, close
from nightshift.domain.platform.message import Message


class WindowBounds(Message):
    """How long the window may be."""

    window_days: DayBounds = DayBounds(minimum=28, maximum=3660)


class AdjustTrainingWindow(PlannedAction):
    """Train on the newest ``days`` days of the training rows only; the holdout stays what it is."""

    kind: Literal["adjust_training_window"] = "adjust_training_window"
    days: Days

    @classmethod
    def moderate(cls, bounds: WindowBounds, days_there: float) -> Self | None:
        """About the newest quarter of what may be used or is there; None if that is all there is."""
        usable = min(bounds.window_days.maximum, int(days_there))
        days = bounds.window_days.whole_months(usable // 4)
        return cls(days=days) if days < days_there else None

    def violations(self, bounds: WindowBounds) -> tuple[str, ...]:
        """A window that is too short or too long."""
        return bounds.window_days.violations("days", self.days)

    def is_like(self, tried: Self) -> bool:
        """Days within 5 %."""
        return close(self.days, tried.days)
