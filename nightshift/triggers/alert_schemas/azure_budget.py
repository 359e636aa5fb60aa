"""Azure budget notifications: of an action group (``AIP Budget Notification``), and in the common alert schema.

Source: learn.microsoft.com/azure/cost-management-billing/manage/cost-management-budget-scenario and, for CostAlerts,
learn.microsoft.com/azure/azure-monitor/alerts/alerts-payload-samples.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_pascal

from nightshift.domain.platform.identity import digest
from nightshift.domain.response.alert import AlertMessage
from nightshift.triggers.alert_schemas.payload import Payload, alert_message, read

SCHEMA_ID = "AIP Budget Notification"
COST_ALERTS = "CostAlerts"
_WHERE = "Azure budget notification"
# A currency on either side, thousands by commas, decimals by a point: what Azure writes.
_AMOUNT = re.compile(r"[^0-9.,+-]{0,6}([0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)[^0-9.,+-]{0,6}")


def _amount(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    found = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        msg = "must be an amount such as 1234.5 or $1,234.50"
        raise ValueError(msg)
    return float(found.group(1).replace(",", ""))


_Amount = Annotated[float, BeforeValidator(_amount), Field(ge=0, allow_inf_nan=False)]


class _Budget(Payload):
    model_config = ConfigDict(alias_generator=to_pascal)

    budget_name: str
    # A reservation's utilisation is bad when it is low: no budget in our sense.
    budget_type: Literal["Cost", "Usage"] = "Cost"
    unit: str = ""


class _ActionGroupBudget(_Budget):
    spending_amount: _Amount
    budget: _Amount


class _ActionGroupNotification(Payload):
    data: _ActionGroupBudget


class _CostAlertBudget(_Budget):
    threshold_type: str = ""
    spent_amount: _Amount
    budget_threshold: _Amount
    forecasted_total_for_period: str | None = None


class _CostContext(Payload):
    model_config = ConfigDict(alias_generator=to_pascal)

    alert_category: Literal["budgets", "Budgets"]
    alert_data: _CostAlertBudget


class _CostEssentials(Payload):
    alert_id: str
    fired_date_time: AwareDatetime
    description: str | None = None


class _CostData(Payload):
    essentials: _CostEssentials
    alert_context: _CostContext


class _CostAlert(Payload):
    data: _CostData


def from_action_group(document: Mapping[str, object], *, received_at: datetime) -> AlertMessage:
    """Read the notification of an action group.

    It carries no id and no time. Its identity is the digest of what it says, which a second delivery repeats and next
    month's notification, with another spend, does not; its time is when it came.

    Raises:
        BadInputError: a field is missing or breaks a rule.
    """
    budget = read(_ActionGroupNotification, document, _WHERE).data
    identity = f"azure-budget-{digest(document['data'])[:32]}"
    return _alert(identity, budget, budget.spending_amount, budget.budget, received_at, [])


def from_cost_alert(document: Mapping[str, object]) -> AlertMessage:
    """Read a budget alert in the common schema.

    Its identity is ``alertId`` with the time it fired: whether the id alone is new every month is not documented, and
    a budget alert is never resolved, so that nothing has to be found again by the id.

    Raises:
        BadInputError: a field is missing or breaks a rule.
    """
    data = read(_CostAlert, document, _WHERE).data
    budget, fired_at = data.alert_context.alert_data, data.essentials.fired_date_time
    texts = [data.essentials.description or ""]
    if budget.forecasted_total_for_period:
        texts.append(f"forecast for the period: {budget.forecasted_total_for_period}")
    identity = f"{data.essentials.alert_id}@{fired_at.isoformat()}"
    return _alert(identity, budget, budget.spent_amount, budget.budget_threshold, fired_at, texts)


def _alert(
    identity: str, budget: _Budget, spent: float, limit: float, fired_at: datetime, texts: list[str]
) -> AlertMessage:
    """Spend against budget, which the platform's thresholds judge; a forecast is reported, but pauses nothing."""
    title = f"budget {budget.budget_name}: {spent:,.2f} of {limit:,.2f} {budget.unit} spent"
    return alert_message(
        {
            "alert_id": identity,
            "category": "budget",
            "source": "azure-budget",
            "rule": budget.budget_name,
            "metric": "spend",
            "value": spent,
            "baseline": limit,
            "title": title,
            "detail": "\n".join(line for line in texts if line),
            "fired_at": fired_at,
        },
        _WHERE,
    )
