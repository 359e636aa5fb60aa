"""Evidence and rounds as the critic meets them."""

from collections.abc import Callable
from typing import Any

import pytest

from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.loop import Budget, Round
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.lifecycle.evidence import Interval, MetricComparison, Verdict


def metric_of(
    verdict: Verdict,
    *,
    name: str = "rmse",
    champion: float | None = 100.0,
    challenger: float | None = 90.0,
    tracked: bool = True,
    broken: str = "",
    difference: tuple[float, float] | None = None,
) -> MetricComparison:
    """A comparison of one metric."""
    return MetricComparison(
        name=name,
        tracked=tracked,
        champion=champion,
        challenger=challenger,
        difference=None if difference is None else Interval(low=difference[0], high=difference[1]),
        verdict=verdict,
        broken_limit=broken,
    )


def round_of(number: int = 1, **changes: Any) -> Round:
    """A round with a plan of its own."""
    plan = Plan(action=AdjustTrainingWindow(days=100 + number), rationale="r", expected_effect="e")
    given: dict[str, Any] = {
        "number": number,
        "plan": plan,
        "planned_by": "rules",
        "spent": Budget(job_runs=1, dbu=1, tokens=0),
    }
    return Round(**{**given, **changes})


@pytest.fixture
def make_metric() -> Callable[..., MetricComparison]:
    """A comparison of one metric."""
    return metric_of


@pytest.fixture
def make_round() -> Callable[..., Round]:
    """A round with a plan of its own."""
    return round_of
