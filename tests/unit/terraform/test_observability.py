"""Alert rules and the workbook query what the app emits, by the names of nightshift/domain/platform/telemetry.py."""

import json
import re

from nightshift.domain.platform import telemetry
from nightshift.domain.platform.telemetry import METRICS
from tests.unit.terraform.hcl import ROOT, TERRAFORM, sources

MODULE = TERRAFORM / "modules" / "observability"
_METRIC = {metric.name: metric for metric in METRICS}
_ATTRIBUTES = {value for name, value in vars(telemetry).items() if name.startswith("ATTRIBUTE_")}
# OpenTelemetry's counters and gauges fill Sum and ItemCount, histograms Max as well.
_COLUMNS = {"Sum", "ItemCount", "Max", "Name", "Properties", "TimeGenerated", "AppRoleInstance"}


def _rules() -> list[str]:
    return re.findall(r"<<-KQL\n(.*?)KQL", sources(MODULE), re.DOTALL)


def _workbook() -> list[str]:
    book = json.loads((MODULE / "workbook.json.tftpl").read_text(encoding="utf-8"))
    return [item["content"]["query"] for item in book["items"] if item["type"] == 3]


def _documented() -> list[str]:
    text = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
    return re.findall(r"```kusto\n(.*?)```", text, re.DOTALL)


def _metrics(query: str) -> list[str]:
    return re.findall(r'"(nightshift\.[\w.]+)"', re.sub(r'Properties\["[\w.]+"\]', "", query))


def test_every_query_names_metrics_and_attributes_that_are_emitted() -> None:
    """A name that nobody writes would never fire, and nobody would notice."""
    for query in (*_rules(), *_workbook(), *_documented()):
        assert [name for name in _metrics(query) if name not in _METRIC] == []
        allowed = {attribute for name in _metrics(query) for attribute in _METRIC[name].attributes}
        assert set(re.findall(r"Properties\.(\w+)", query)) - allowed == set()
        assert set(re.findall(r'Properties\["([\w.]+)"\]', query)) - _ATTRIBUTES == set()


def test_every_rule_queries_one_metric() -> None:
    """Rules depend on nothing but the names of the metrics: no function's or operation's name."""
    assert sorted(_metrics(rule)[0] for rule in _rules()) == [
        "nightshift.calls.failed",
        "nightshift.feature.psi",
        "nightshift.heartbeat",
        "nightshift.internal_errors",
        "nightshift.model.error_rate",
        "nightshift.process.starts",
    ]
    assert {rule.split()[0] for rule in _rules()} == {"AppMetrics"}


def test_max_is_asked_of_histograms_only() -> None:
    """Of other metrics the column may be empty."""
    for query in (*_rules(), *_workbook(), *_documented()):
        if "max(Max)" in query:
            assert {_METRIC[name].kind for name in _metrics(query)} == {"histogram"}


def test_the_workbook_shows_every_metric() -> None:
    """One part per question; nothing is measured that nobody sees."""
    assert {name for query in _workbook() for name in _metrics(query)} == set(_METRIC)


def test_queries_read_columns_that_there_are() -> None:
    """Of AppMetrics, written with capitals."""
    for query in (*_rules(), *_workbook(), *_documented()):
        if query.lstrip().startswith("AppMetrics"):
            assert (
                set(re.findall(r"\b(?<![\"'.])([A-Z][A-Za-z]+)\b(?=[\s,)])", query)) - _COLUMNS - {"AppMetrics"}
                == set()
            )


def test_the_dead_letter_handlers_are_left_out_of_failed_calls() -> None:
    """A handler of dead letters that fails must not raise alerts about itself in a circle; its names begin so."""
    rule = next(rule for rule in _rules() if "nightshift.calls.failed" in rule)
    source = (ROOT / "nightshift" / "triggers" / "dead_letter_queues.py").read_text(encoding="utf-8")
    excluded = re.search(r'!startswith "(\w+)"', rule)
    assert excluded is not None
    assert f'f"{excluded[1]}' in source
