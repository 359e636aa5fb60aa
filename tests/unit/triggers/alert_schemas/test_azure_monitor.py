"""Azure Monitor's common alert schema."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.triggers.alert_schemas.azure_monitor import from_azure_monitor
from tests.unit.triggers.alert_schemas.examples import LOG_ALERT, METRIC_ALERT, changed

RULE = "data/essentials/alertRule"
PROPERTIES = "data/customProperties"
FIRST = "data/alertContext/condition/allOf/0"


def test_a_log_alert_is_read() -> None:
    """Identity, time, severity, measurement, dimension and link come from the document, category and model by name."""
    alert = from_azure_monitor(LOG_ALERT)
    assert alert.to_json() == {
        "alert_id": "/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/a1",
        "category": "drift",
        "state": "fired",
        "model": "revenue_forecast",
        "model_version": None,
        "source": "azure-monitor",
        "rule": "nightshift-drift-revenue_forecast",
        "metric": "psi",
        "value": 0.41,
        "direction": None,
        "baseline": None,
        "feature": "temp",
        "severity": "critical",
        "title": "nightshift-drift-revenue_forecast: PSI above its limit",
        "detail": "PSI above its limit\n"
        "Maximum psi GreaterThan 0.25 over PT1H: 0.41\n"
        "feature = temp\n"
        "/subscriptions/s/resourcegroups/r/providers/microsoft.insights/components/c",
        "fired_at": "2026-03-01T02:10:49.996451Z",
        "url": "https://portal.azure.com/#logs",
        "run": "",
    }


def test_a_metric_alert_is_read() -> None:
    """Category, version and baseline by custom property, the model by dimension; a dynamic threshold is told as one."""
    alert = from_azure_monitor(METRIC_ALERT)
    assert (alert.category, alert.model, alert.model_version) == ("degradation", "revenue_forecast", "3")
    assert (alert.metric, alert.value, alert.baseline, alert.severity) == ("rmse", 92.5, 40.0, "warning")
    assert "Average rmse GreaterThan 47.6 (dynamic, sensitivity High) over PT5M: 92.5" in alert.detail


@pytest.mark.parametrize("document", [LOG_ALERT, METRIC_ALERT])
def test_a_resolution_is_the_same_alert(document: dict[str, Any]) -> None:
    """It shares identity and queue with its firing, has a message of its own, and the time it was resolved."""
    ended = {"data/essentials/monitorCondition": "Resolved", "data/essentials/resolvedDateTime": "2026-03-01T02:30:00Z"}
    fired = from_azure_monitor(document)
    resolved = from_azure_monitor(changed(document, {**ended, f"{FIRST}/metricValue": None}))
    assert (resolved.key, resolved.category, resolved.partition) == (fired.key, fired.category, fired.partition)
    assert resolved.message_id != fired.message_id
    assert (resolved.state, resolved.fired_at) == ("resolved", datetime(2026, 3, 1, 2, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("given", "severity"),
    [
        ("Sev0", "critical"),
        ("Sev1", "critical"),
        ("Sev2", "warning"),
        ("Sev3", "informational"),
        ("Sev4", "informational"),
        (None, None),
    ],
)
def test_severities(given: str | None, severity: str | None) -> None:
    """Azure's five become our three."""
    assert from_azure_monitor(changed(LOG_ALERT, {"data/essentials/severity": given})).severity == severity


def test_properties_go_before_dimensions_before_the_name() -> None:
    """Each part comes from the first that says it."""
    dimensions = [{"name": "model", "value": "by_dimension"}, {"name": "category", "value": "degradation"}]
    split = changed(LOG_ALERT, {f"{FIRST}/dimensions": dimensions})
    alert = from_azure_monitor(split)
    assert (alert.category, alert.model) == ("degradation", "by_dimension")
    alert = from_azure_monitor(changed(split, {PROPERTIES: {"nightshift.model": "by_property"}}))
    assert (alert.category, alert.model) == ("degradation", "by_property")


def test_properties_of_the_context_count_too() -> None:
    """Log alerts carry their custom properties there."""
    given = {"nightshift.metric": "staleness_days", "nightshift.feature": "hum"}
    alert = from_azure_monitor(changed(LOG_ALERT, {"data/alertContext/properties": given}))
    assert (alert.metric, alert.feature, alert.value) == ("staleness_days", "hum", 0.41)


def test_the_named_metric_gives_the_value() -> None:
    """Of several criteria the one that measured ``nightshift.metric`` counts."""
    criteria = [{"metricName": "requests", "metricValue": 7}, {"metricName": "mae", "metricValue": 2.5}]
    changes = {"data/alertContext/condition/allOf": criteria, f"{PROPERTIES}": {"nightshift.metric": "mae"}}
    alert = from_azure_monitor(changed(LOG_ALERT, changes))
    assert (alert.metric, alert.value) == ("mae", 2.5)


def test_a_pipeline_alert_needs_no_model() -> None:
    """A shared pipeline belongs to no model."""
    alert = from_azure_monitor(changed(LOG_ALERT, {RULE: "nightshift-pipeline"}))
    assert (alert.category, alert.model) == ("pipeline", None)


def test_an_alert_without_conditions_is_read() -> None:
    """Other monitoring services have another context; what the name says is enough."""
    alert = from_azure_monitor(changed(LOG_ALERT, {"data/alertContext": {"SmartDetectorId": "d"}}))
    assert (alert.category, alert.value, alert.url) == ("drift", None, "")


def test_a_link_that_is_too_long_is_left_out() -> None:
    """A link that is cut leads nowhere."""
    link = "https://portal.azure.com/#" + "x" * 2_000
    assert from_azure_monitor(changed(LOG_ALERT, {f"{FIRST}/linkToFilteredSearchResultsUI": link})).url == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({RULE: "some rule"}, "category"),
        ({RULE: "nightshift-weather-revenue_forecast"}, "category"),
        ({PROPERTIES: {"nightshift.category": "weather"}}, "category"),
        ({RULE: "nightshift-drift"}, "model"),
        ({RULE: "nightshift-drift-Revenue Forecast"}, "category"),
        ({PROPERTIES: {"nightshift.model": "Revenue Forecast"}}, "model"),
        ({PROPERTIES: {"nightshift.catgory": "drift"}}, "nightshift.catgory"),
        ({PROPERTIES: {"nightshift.baseline": "low"}}, "baseline"),
        ({PROPERTIES: {"nightshift.baseline": True}}, "nightshift.baseline"),
        ({PROPERTIES: {"nightshift.model_version": "v3"}}, "model_version"),
        ({"data/essentials/severity": "Sev9"}, "data.essentials.severity"),
        ({"data/essentials/monitorCondition": None}, "data.essentials.monitorCondition"),
        ({"data/essentials/firedDateTime": "yesterday"}, "data.essentials.firedDateTime"),
        ({"data/essentials/firedDateTime": "2026-03-01T02:00:00"}, "data.essentials.firedDateTime"),
        ({"data/essentials/alertId": 7}, "data.essentials.alertId"),
        ({"data/essentials/alertId": "i" * 2_049}, "alert_id"),
        ({"data/essentials/alertId": "a\x00b"}, "alert_id"),
        ({f"{FIRST}/metricValue": "NaN"}, "data.alertContext.condition.allOf.0.metricValue"),
        ({"data": []}, "data"),
    ],
)
def test_what_breaks_a_rule_is_named(changes: dict[str, Any], field: str) -> None:
    """The error names the field, in the words of the document where it is one of its own."""
    with pytest.raises(BadInputError) as caught:
        from_azure_monitor(changed(LOG_ALERT, changes))
    assert caught.value.fields["field"] == field


def test_two_models_are_refused() -> None:
    """Criteria about two models cannot be one alert."""
    criteria = [{"dimensions": [{"name": "model", "value": model}]} for model in ("m1", "m2")]
    with pytest.raises(BadInputError, match="name two: 'm1' and 'm2'"):
        from_azure_monitor(changed(LOG_ALERT, {"data/alertContext/condition/allOf": criteria}))


@pytest.mark.parametrize(
    ("metric", "operator", "properties", "direction"),
    [
        ("my_score_of_things", "LessThan", {}, "higher_is_better"),
        ("my_score_of_things", "GreaterThanOrEqual", {}, "lower_is_better"),
        ("my_score_of_things", "GreaterOrLessThan", {}, None),
        ("rmse", "LessThan", {}, None),
        ("my_score_of_things", "LessThan", {"nightshift.direction": "lower_is_better"}, "lower_is_better"),
    ],
)
def test_the_rules_operator_says_the_direction_of_an_unknown_metric(
    metric: str, operator: str, properties: dict[str, str], direction: str | None
) -> None:
    """A rule that fires below its threshold watches what should be high; a property goes before it."""
    about = {"nightshift.category": "degradation", "nightshift.model": "m1", **properties}
    document = deepcopy(LOG_ALERT)
    context = document["data"]["alertContext"]
    context["properties"] = about
    context["condition"]["allOf"] = [{"metricMeasureColumn": metric, "operator": operator, "metricValue": 1.0}]
    assert from_azure_monitor(document).direction == direction
