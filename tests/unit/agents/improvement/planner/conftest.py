"""Evidence like that of the demo, and bounds like those of the specs."""

from collections.abc import Callable
from typing import Any

import pytest

from nightshift.domain.improvement.actions.table import PlanBounds
from nightshift.domain.improvement.loop import Budget, DataQuality, FeatureDrift, PlanningEvidence, Round
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.lifecycle.evidence import Interval, MetricComparison

REVENUE_BOUNDS: dict[str, Any] = {
    "actions": ["retrain_with_features", "tune_hyperparameters", "augment_data", "adjust_training_window"],
    "feature_groups": {
        "calendar": {"kind": "calendar", "features": ["month", "hour_of_week"]},
        "recent_demand": {"kind": "lags", "column": "revenue", "hours": [24, 168]},
        "demand_level": {"kind": "rolling_means", "column": "revenue", "days": [7, 28]},
        "comfort": {"kind": "interaction", "columns": ["temp", "workingday"]},
    },
    "parameters": {
        "learning_rate": {"kind": "number", "minimum": 0.01, "maximum": 0.3},
        "max_iter": {"kind": "number", "minimum": 50, "maximum": 500, "whole": True},
        "loss": {"kind": "choices", "allowed": ["poisson", "squared_error"]},
    },
    "max_trials": 20,
    "recent_days": {"minimum": 7, "maximum": 90},
    "max_weight": 50,
    "half_life_days": {"minimum": 14, "maximum": 365},
    "window_days": {"minimum": 60, "maximum": 730},
}
DETECTOR_BOUNDS: dict[str, Any] = {
    "actions": ["tune_hyperparameters", "adjust_training_window"],
    "parameters": {"contamination": {"kind": "number", "minimum": 0.005, "maximum": 0.2}},
    "max_trials": 20,
    "window_days": {"minimum": 60, "maximum": 365},
}


def evidence_of(**changes: Any) -> PlanningEvidence:
    """A challenger that follows a shifted target only in part: better than the champion, but R2 misses its limit."""
    given: dict[str, Any] = {
        "model": "revenue_forecast",
        "kind": "regression",
        "target": "revenue",
        "run": "lifecycle-revenue_forecast-1",
        "metrics": (
            MetricComparison(
                name="rmse",
                tracked=True,
                champion=518.5,
                challenger=488.2,
                difference=Interval(low=-40, high=-20),
                verdict="better",
            ),
            MetricComparison(
                name="r2",
                tracked=False,
                champion=0.144,
                challenger=0.241,
                difference=Interval(low=0.06, high=0.12),
                verdict="better",
                broken_limit="r2 = 0.241 is below the minimum 0.5",
            ),
        ),
        "drift": (FeatureDrift(feature="revenue", psi=0.61, p=0.01), FeatureDrift(feature="temp", psi=0.9, p=0.01)),
        "quality": DataQuality(rows=17_379, days=730, source="real"),
        "left": Budget(),
        "bounds": PlanBounds.from_json(REVENUE_BOUNDS),
    }
    return PlanningEvidence(**{**given, **changes})


def round_of(plan: Plan, number: int = 1, **changes: Any) -> Round:
    """A round that carried out a plan."""
    given: dict[str, Any] = {
        "number": number,
        "plan": plan,
        "planned_by": "rules",
        "spent": Budget(job_runs=1, dbu=2, tokens=0),
    }
    return Round(**{**given, **changes})


@pytest.fixture
def make_evidence() -> Callable[..., PlanningEvidence]:
    """Evidence of the demo with changes."""
    return evidence_of


@pytest.fixture
def make_round() -> Callable[..., Round]:
    """A round with changes."""
    return round_of


@pytest.fixture
def detector_bounds() -> PlanBounds:
    """Bounds like those of the anomaly detector."""
    return PlanBounds.from_json(DETECTOR_BOUNDS)
