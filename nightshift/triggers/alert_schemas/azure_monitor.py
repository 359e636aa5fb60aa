"""Azure Monitor's common alert schema: log alerts (``Log Alerts V2``) and metric alerts (``Platform``).

Source: learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema and .../alerts-payload-samples.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import AwareDatetime, Field

from nightshift.domain.lifecycle.direction import direction_of
from nightshift.domain.response.alert import AlertMessage, Direction, Severity
from nightshift.triggers.alert_schemas.azure_subject import Dimension, Subject, subject_of
from nightshift.triggers.alert_schemas.payload import Payload, alert_message, read

SCHEMA_ID = "azureMonitorCommonAlertSchema"
_WHERE = "Azure Monitor alert"
_LONGEST_URL = 2_000
_SEVERITIES: dict[str, Severity] = {
    "Sev0": "critical",
    "Sev1": "critical",
    "Sev2": "warning",
    "Sev3": "informational",
    "Sev4": "informational",
}


class _Essentials(Payload):
    alert_id: str
    alert_rule: str
    severity: Literal["Sev0", "Sev1", "Sev2", "Sev3", "Sev4"] | None = None
    monitor_condition: Literal["Fired", "Resolved"]
    fired_date_time: AwareDatetime
    resolved_date_time: AwareDatetime | None = None
    description: str | None = None
    investigation_link: str | None = None
    targets: list[str] | None = Field(default=None, alias="alertTargetIDs")


class _Criterion(Payload):
    metric_name: str | None = None
    metric_measure_column: str | None = None
    operator: str | None = None
    threshold: float | str | None = None
    alert_sensitivity: str | None = None
    time_aggregation: str | None = None
    metric_value: float | None = None
    dimensions: list[Dimension] | None = None
    link: str | None = Field(default=None, alias="linkToFilteredSearchResultsUI")

    @property
    def metric(self) -> str:
        return self.metric_name or self.metric_measure_column or ""


class _Condition(Payload):
    window_size: str | None = None
    all_of: list[_Criterion] = []


class _Context(Payload):
    properties: dict[str, object] | None = None
    condition_type: str | None = None
    condition: _Condition | None = None


class _Data(Payload):
    essentials: _Essentials
    alert_context: _Context | None = None
    custom_properties: dict[str, object] | None = None


class _Alert(Payload):
    data: _Data


def from_azure_monitor(document: Mapping[str, object]) -> AlertMessage:
    """Read an alert of the common schema; fired and resolved carry the same ``alertId``, which is the identity.

    The threshold is not the baseline: it says when Azure spoke up, not what is normal. It goes into the detail.

    Raises:
        BadInputError: a field is missing or breaks a rule, or nothing says category or model.
    """
    data = read(_Alert, document, _WHERE).data
    essentials, context = data.essentials, data.alert_context or _Context()
    criteria = context.condition.all_of if context.condition else []
    subject = subject_of(
        {**(context.properties or {}), **(data.custom_properties or {})},
        [dimension for criterion in criteria for dimension in criterion.dimensions or []],
        essentials.alert_rule,
    )
    resolved = essentials.monitor_condition == "Resolved"
    measured = _measured(criteria, subject)
    metric = subject.metric or (measured.metric if measured else "")
    description = essentials.description or ""
    return alert_message(
        {
            "alert_id": essentials.alert_id,
            "category": subject.category,
            "state": "resolved" if resolved else "fired",
            "model": subject.model,
            "model_version": subject.model_version,
            "source": "azure-monitor",
            "rule": essentials.alert_rule,
            "metric": metric,
            "value": measured.metric_value if measured else None,
            "direction": subject.direction or _direction(subject.category, metric, measured),
            "baseline": subject.baseline,
            "feature": subject.feature or "",
            "severity": _SEVERITIES[essentials.severity] if essentials.severity else None,
            "title": ": ".join(part for part in (essentials.alert_rule, description) if part) or _WHERE,
            "detail": "\n".join([description, *_details(context), *(essentials.targets or [])]),
            "fired_at": (essentials.resolved_date_time if resolved else None) or essentials.fired_date_time,
            "url": _link(essentials, criteria),
        },
        _WHERE,
    )


def _measured(criteria: list[_Criterion], subject: Subject) -> _Criterion | None:
    """The criterion that measured the metric: by name if the rule says which, else the first."""
    named = [criterion for criterion in criteria if subject.metric and criterion.metric == subject.metric]
    return next(iter([*named, *criteria]), None)


def _direction(category: str, metric: str, measured: _Criterion | None) -> Direction | None:
    """For a metric of a name that is not known: a rule that fires below its threshold watches what should be high."""
    if category != "degradation" or measured is None or direction_of(metric) is not None:
        return None
    operator = (measured.operator or "").lower()
    if operator in {"lessthan", "lessthanorequal"}:
        return "higher_is_better"
    return "lower_is_better" if operator in {"greaterthan", "greaterthanorequal"} else None


def _details(context: _Context) -> Iterator[str]:
    if context.condition is None:
        return
    window = f" over {context.condition.window_size}" if context.condition.window_size else ""
    for item in context.condition.all_of:
        parts = [item.time_aggregation or "", item.metric or "rows", item.operator or "", _threshold(item)]
        yield f"{' '.join(part for part in parts if part)}{window}: {item.metric_value}"
        for dimension in item.dimensions or []:
            yield f"{dimension.name} = {dimension.value}"


def _threshold(item: _Criterion) -> str:
    sensitivity = f" (dynamic, sensitivity {item.alert_sensitivity})" if item.alert_sensitivity else ""
    return f"{'' if item.threshold is None else item.threshold}{sensitivity}"


def _link(essentials: _Essentials, criteria: list[_Criterion]) -> str:
    """The first link that fits: one that is cut leads nowhere."""
    links = [essentials.investigation_link, *(criterion.link for criterion in criteria)]
    return next((link for link in links if link and link.startswith("https://") and len(link) <= _LONGEST_URL), "")
