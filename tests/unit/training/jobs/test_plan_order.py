"""The job parameter ``plan``; blobs are in the integration tests."""

import pytest

from domain.errors import BadInputError
from domain.plan import AdjustTrainingWindow, PlanOrder
from training.jobs.plan_order import load_order


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
    with pytest.raises(BadInputError, match="must be an order of a plan"):
        load_order(text, {})


def test_an_address_elsewhere_is_refused() -> None:
    """Only the storage account of the job is read."""
    with pytest.raises(BadInputError, match="must be https://ACCOUNT"):
        load_order("http://elsewhere.test/container/order.json", {})
