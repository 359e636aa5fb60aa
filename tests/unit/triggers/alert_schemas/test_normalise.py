"""Recognising schemas, times, and the examples of the documentation."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.response.alert import AlertMessage
from nightshift.triggers.alert_schemas.document import parse
from nightshift.triggers.alert_schemas.normalise import normalise
from tests.support.refusals import refusal
from tests.unit.triggers.alert_schemas.examples import (
    ACTION_GROUP_BUDGET,
    ALL,
    COST_ALERT,
    JOB_FAILURE,
    LOG_ALERT,
    METRIC_ALERT,
    OWN,
    RECEIVED,
)

PAGE = Path(__file__).resolve().parents[4] / "docs" / "alerts.md"
EXAMPLES = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize(
    ("document", "source"),
    [
        (LOG_ALERT, "azure-monitor"),
        (METRIC_ALERT, "azure-monitor"),
        (ACTION_GROUP_BUDGET, "azure-budget"),
        (COST_ALERT, "azure-budget"),
        (JOB_FAILURE, "databricks-jobs"),
        (OWN, "monitor-7"),
    ],
)
def test_each_schema_is_recognised(document: dict[str, Any], source: str) -> None:
    """By its mark, and nothing else."""
    assert normalise(document, received_at=RECEIVED).source == source


@pytest.mark.parametrize(
    "document", [{}, {"hello": "world"}, {"schemaId": "AzureMonitorMetricAlert"}, {"schemaId": ["x"]}, [], None, "x"]
)
def test_an_unknown_schema_is_reported_what_is_known(document: object) -> None:
    """All four, each with what marks it."""
    with pytest.raises(BadInputError) as caught:
        normalise(document, received_at=RECEIVED)
    for mark in ('"azureMonitorCommonAlertSchema"', '"AIP Budget Notification"', '"event_type"', '"alert_id"'):
        assert mark in caught.value.message


@pytest.mark.parametrize("data", [None, [], {"essentials": []}, {"essentials": {"monitoringService": ["CostAlerts"]}}])
def test_a_common_alert_without_its_parts_is_refused(data: object) -> None:
    """Looking for the monitoring service trips over nothing."""
    with pytest.raises(BadInputError, match="Azure Monitor alert: data"):
        normalise({**LOG_ALERT, "data": data}, received_at=RECEIVED)


def test_the_future_is_refused_by_how_much() -> None:
    """Clocks may differ by five minutes, not by more."""
    soon = normalise({**OWN, "fired_at": (RECEIVED + timedelta(minutes=5)).isoformat()}, received_at=RECEIVED)
    assert soon.fired_at > RECEIVED
    later = {**OWN, "fired_at": (RECEIVED + timedelta(minutes=5, seconds=1)).isoformat()}
    with refusal(BadInputError, "0:05:01 in the future", "0:05:00", field="fired_at"):
        normalise(later, received_at=RECEIVED)


@pytest.mark.parametrize("fired_at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1999-12-31T23:59:59Z"])
def test_times_at_the_ends_of_the_calendar_are_refused(fired_at: str) -> None:
    """The responder computes with times; these would overflow."""
    with pytest.raises(BadInputError, match="fired_at"):
        normalise({**OWN, "fired_at": fired_at}, received_at=RECEIVED)


@pytest.mark.parametrize("document", ALL)
def test_an_alert_survives_its_queue(document: dict[str, Any]) -> None:
    """To JSON and back it is the same."""
    alert = normalise(document, received_at=RECEIVED)
    assert AlertMessage.from_json(alert.model_dump_json()) == alert


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_documented_examples_are_taken(text: str) -> None:
    """What docs/alerts.md shows can be sent."""
    when = RECEIVED + timedelta(days=30)
    assert normalise(parse(text.encode()), received_at=when).alert_id


def test_every_schema_is_documented() -> None:
    """Two of Azure Monitor, two budgets, a job, our own."""
    marks = [json.loads(text).get("schemaId") or min(json.loads(text)) for text in EXAMPLES]
    assert marks == [
        "azureMonitorCommonAlertSchema",
        "azureMonitorCommonAlertSchema",
        "AIP Budget Notification",
        "azureMonitorCommonAlertSchema",
        "event_type",
        "alert_id",
    ]
