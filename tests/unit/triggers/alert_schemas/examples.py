"""One valid document per schema; changes go in by path, such as ``data/essentials/severity``."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

Document = dict[str, Any]
RECEIVED = datetime(2026, 3, 1, 3, tzinfo=UTC)

LOG_ALERT: Document = {
    "schemaId": "azureMonitorCommonAlertSchema",
    "data": {
        "essentials": {
            "alertId": "/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/a1",
            "alertRule": "nightshift-drift-revenue_forecast",
            "severity": "Sev1",
            "signalType": "Log",
            "monitorCondition": "Fired",
            "monitoringService": "Log Alerts V2",
            "alertTargetIDs": ["/subscriptions/s/resourcegroups/r/providers/microsoft.insights/components/c"],
            "firedDateTime": "2026-03-01T02:10:49.9964512Z",
            "description": "PSI above its limit",
        },
        "alertContext": {
            "properties": {"owner": "data-science"},
            "conditionType": "LogQueryCriteria",
            "condition": {
                "windowSize": "PT1H",
                "allOf": [
                    {
                        "searchQuery": "psi | summarize max(psi) by feature",
                        "metricMeasureColumn": "psi",
                        "operator": "GreaterThan",
                        "threshold": "0.25",
                        "timeAggregation": "Maximum",
                        "dimensions": [{"name": "feature", "value": "temp"}],
                        "metricValue": 0.41,
                        "linkToFilteredSearchResultsUI": "https://portal.azure.com/#logs",
                    }
                ],
            },
        },
    },
}
METRIC_ALERT: Document = {
    "schemaId": "azureMonitorCommonAlertSchema",
    "data": {
        "essentials": {
            "alertId": "/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/a2",
            "alertRule": "rmse of the champion",
            "severity": "Sev2",
            "signalType": "Metric",
            "monitorCondition": "Fired",
            "monitoringService": "Platform",
            "firedDateTime": "2026-03-01T02:00:24.3713213Z",
            "description": "",
        },
        "alertContext": {
            "conditionType": "DynamicThresholdCriteria",
            "condition": {
                "windowSize": "PT5M",
                "allOf": [
                    {
                        "alertSensitivity": "High",
                        "metricName": "rmse",
                        "operator": "GreaterThan",
                        "threshold": "47.6",
                        "timeAggregation": "Average",
                        "dimensions": [{"name": "Model", "value": "revenue_forecast"}],
                        "metricValue": 92.5,
                    }
                ],
            },
        },
        "customProperties": {
            "nightshift.category": "degradation",
            "nightshift.baseline": "40",
            "nightshift.model_version": "3",
        },
    },
}
ACTION_GROUP_BUDGET: Document = {
    "schemaId": "AIP Budget Notification",
    "data": {
        "SubscriptionId": "s",
        "SpendingAmount": "1111.32",
        "BudgetStartDate": "3/1/2026",
        "Budget": "1000",
        "Unit": "USD",
        "BudgetName": "monthly",
        "BudgetType": "Cost",
        "NotificationThresholdAmount": "0.8",
    },
}
COST_ALERT: Document = {
    "schemaId": "azureMonitorCommonAlertSchema",
    "data": {
        "essentials": {
            "monitoringService": "CostAlerts",
            "firedDateTime": "2026-03-01T02:13:20.645Z",
            "description": "Your spend is now $11,111.00",
            "alertId": "/subscriptions/s/providers/Microsoft.CostManagement/alerts/c1",
            "alertRule": None,
            "severity": None,
            "monitorCondition": None,
        },
        "alertContext": {
            "AlertCategory": "budgets",
            "AlertData": {
                "ThresholdType": "Forecasted",
                "BudgetType": "Cost",
                "BudgetThreshold": "$50.00",
                "BudgetName": "monthly",
                "Unit": "USD",
                "SpentAmount": "$11,111.00",
                "ForecastedTotalForPeriod": "$22222.22",
            },
        },
    },
}
JOB_FAILURE: Document = {
    "event_type": "jobs.on_failure",
    "workspace_id": 1234567890,
    "run": {"run_id": 41847992357943},
    "job": {"job_id": 281874479417551, "name": "nightshift-training"},
}
OWN: Document = {
    "alert_id": "m7/rmse/1",
    "category": "degradation",
    "model": "revenue_forecast",
    "source": "monitor-7",
    "metric": "rmse",
    "value": 92.4,
    "baseline": 41.0,
    "title": "error doubled",
    "detail": "since 01:00",
    "fired_at": "2026-03-01T02:00:00Z",
}
ALL = (LOG_ALERT, METRIC_ALERT, ACTION_GROUP_BUDGET, COST_ALERT, JOB_FAILURE, OWN)


def changed(document: Document, changes: dict[str, Any]) -> Document:
    """A copy with values replaced by path; list positions are numbers, missing objects are made."""
    copy = deepcopy(document)
    for path, value in changes.items():
        *parents, last = path.split("/")
        target: Any = copy
        for part in parents:
            target = target[int(part)] if isinstance(target, list) else target.setdefault(part, {})
        target[last] = value
    return copy
