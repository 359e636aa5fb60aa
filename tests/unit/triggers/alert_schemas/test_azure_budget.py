"""Azure budget notifications."""

from datetime import timedelta
from typing import Any

import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.triggers.alert_schemas.azure_budget import from_action_group, from_cost_alert
from tests.unit.triggers.alert_schemas.examples import ACTION_GROUP_BUDGET, COST_ALERT, RECEIVED, changed

DATA = "data/alertContext/AlertData"


def test_the_notification_of_an_action_group_is_read() -> None:
    """Spend against budget, for the platform, at the time it came."""
    alert = from_action_group(ACTION_GROUP_BUDGET, received_at=RECEIVED)
    assert (alert.category, alert.model, alert.rule, alert.metric) == ("budget", None, "monthly", "spend")
    assert (alert.value, alert.baseline, alert.fired_at) == (1111.32, 1000.0, RECEIVED)
    assert alert.title == "budget monthly: 1,111.32 of 1,000.00 USD spent"


def test_its_identity_is_what_it_says() -> None:
    """Delivered later it is the same alert; next month, with another spend, it is another."""
    first = from_action_group(ACTION_GROUP_BUDGET, received_at=RECEIVED)
    again = from_action_group(ACTION_GROUP_BUDGET, received_at=RECEIVED + timedelta(hours=1))
    other = from_action_group(changed(ACTION_GROUP_BUDGET, {"data/SpendingAmount": "1000.01"}), received_at=RECEIVED)
    assert again.message_id == first.message_id
    assert other.message_id != first.message_id


def test_a_cost_alert_is_read() -> None:
    """Its identity is the source's id and time; the figure is the spend, the forecast is only told."""
    alert = from_cost_alert(COST_ALERT)
    assert alert.alert_id == (
        "/subscriptions/s/providers/Microsoft.CostManagement/alerts/c1@2026-03-01T02:13:20.645000+00:00"
    )
    assert (alert.category, alert.value, alert.baseline) == ("budget", 11_111.0, 50.0)
    assert alert.detail == "Your spend is now $11,111.00\nforecast for the period: $22222.22"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$11,111.00", 11_111.0),
        ("€50", 50.0),
        ("1111.32 USD", 1111.32),
        ("0", 0.0),
        (12, 12.0),
        (0.5, 0.5),
        ("1,234,567.8", 1_234_567.8),
    ],
)
def test_amounts(text: str | float, value: float) -> None:
    """A currency may stand on either side."""
    assert from_cost_alert(changed(COST_ALERT, {f"{DATA}/SpentAmount": text})).value == value


@pytest.mark.parametrize(
    "text", ["", "much", "11.111,00", "1,11", "-5", "NaN", "1e5", None, True, [], "٣", "$" * 9 + "1"]
)
def test_what_may_be_another_amount_is_refused(text: object) -> None:
    """A decimal comma could be a thousand times as much."""
    with pytest.raises(BadInputError) as caught:
        from_cost_alert(changed(COST_ALERT, {f"{DATA}/SpentAmount": text}))
    assert caught.value.fields["field"] == "data.alertContext.AlertData.SpentAmount"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"data/alertContext/AlertCategory": "anomalies"}, "data.alertContext.AlertCategory"),
        ({f"{DATA}/BudgetType": "ReservationUtilization"}, "data.alertContext.AlertData.BudgetType"),
        ({f"{DATA}/BudgetName": None}, "data.alertContext.AlertData.BudgetName"),
        ({"data/essentials/firedDateTime": None}, "data.essentials.firedDateTime"),
        ({f"{DATA}/SpentAmount": "9" * 400}, "data.alertContext.AlertData.SpentAmount"),
    ],
)
def test_what_breaks_a_rule_is_named(changes: dict[str, Any], field: str) -> None:
    """The error names the field by its path."""
    with pytest.raises(BadInputError) as caught:
        from_cost_alert(changed(COST_ALERT, changes))
    assert caught.value.fields["field"] == field
