"""The job parameter ``plan``; blobs are in the integration tests."""

import json

import pytest

from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.plan import PlanOrder
from nightshift.domain.platform.errors import BadInputError
from nightshift.training.jobs.plan_order import load_order
from tests.support.refusals import refusal


def test_no_parameter_is_no_plan() -> None:
    """A lifecycle trains the spec's own way."""
    assert load_order("", {}) is None


def test_text_is_the_order_itself() -> None:
    """Short orders travel in the parameter."""
    order = PlanOrder(action=AdjustTrainingWindow(days=90))
    assert load_order(order.model_dump_json(), {}) == order


@pytest.mark.parametrize("text", ["tune", "[]", "null", "file:///etc/passwd", "{"])
def test_other_text_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with refusal(BadInputError, field="plan", value=text):
        load_order(text, {})


WINDOW = {"kind": "adjust_training_window", "days": 90}


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"action": {"kind": "delete_everything"}}, "action.kind = 'delete_everything': .*one of"),
        ({"action": {**WINDOW, "days": 0}}, "days = 0: .*at least 1"),
        ({"action": {**WINDOW, "days": "NaN"}}, "days = 'NaN': .*whole number"),
        ({"action": {**WINDOW, "holdout": 0}}, "holdout = 0: is no field"),
        ({"action": WINDOW, "also_run": "rm -rf /"}, "also_run = .*: is no field"),
        ({"action": WINDOW, "action ": WINDOW}, "action  = .*: is no field"),
    ],
)
def test_an_order_that_is_not_ours_is_refused_with_its_field(order: dict[str, object], message: str) -> None:
    """An unknown action, a value out of range, a further field: the job trains nothing on it."""
    with pytest.raises(BadInputError, match=message):
        load_order(json.dumps(order), {})


def test_an_address_elsewhere_is_refused() -> None:
    """Only the storage account of the job is read."""
    with pytest.raises(BadInputError, match="must be https://ACCOUNT"):
        load_order("http://elsewhere.test/container/order.json", {})
