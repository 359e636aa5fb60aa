"""The executor: an order to the training job, or nothing."""

import pytest

from agents.improvement.executor import order_of
from nightshift.domain.improvement.actions.action import DayBounds
from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.actions.retrain_with_features import RetrainWithFeatures
from nightshift.domain.improvement.actions.table import Action, PlanBounds
from nightshift.domain.improvement.feature_group import Calendar
from nightshift.domain.improvement.plan import Plan, PlanOrder
from nightshift.domain.platform.errors import BadInputError

CALENDAR = Calendar(features=("month",))
BOUNDS = PlanBounds(
    actions=("retrain_with_features", "adjust_training_window"),
    feature_groups={"calendar": CALENDAR},
    window_days=DayBounds(minimum=90, maximum=700),
)


def _plan(action: Action) -> Plan:
    return Plan(action=action, rationale="because", expected_effect="less error")


def test_an_order_carries_what_its_groups_mean() -> None:
    """The job needs no other place to look the names up."""
    plan = _plan(RetrainWithFeatures(feature_groups=("calendar",)))
    assert order_of(plan, BOUNDS) == PlanOrder(action=plan.action, feature_groups={"calendar": CALENDAR})


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (AdjustTrainingWindow(days=7), r"action\.days = 7: must lie from 90 to 700"),
        (RetrainWithFeatures(feature_groups=("secret",)), r"action\.feature_groups = 'secret': the spec declares"),
    ],
)
def test_a_plan_out_of_bounds_is_never_ordered(action: Action, message: str) -> None:
    """Wherever it comes from: it is held against the spec once more before anything runs."""
    with pytest.raises(BadInputError, match=message):
        order_of(_plan(action), BOUNDS)


def test_a_spec_that_allows_nothing_lets_nothing_run() -> None:
    """An empty allowlist forbids all."""
    with pytest.raises(BadInputError, match="the spec allows no action"):
        order_of(_plan(AdjustTrainingWindow(days=90)), PlanBounds())
