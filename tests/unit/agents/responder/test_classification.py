"""The classification table: every rule, and that figures go before words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.responder.classification import RULES, UNKNOWN, classify, error_ratio
from domain.alert import AlertMessage, Severity
from domain.playbook import Thresholds
from tests.incident_examples import AT, alert

DEFAULTS = Thresholds()


def _drift(metric: str, value: float, **given: Any) -> AlertMessage:
    return alert(category="drift", metric=metric, value=value, baseline=None, **given)


def _budget(spend: float, budget: float = 100) -> AlertMessage:
    return alert(category="budget", model=None, metric="spend", value=spend, baseline=budget)


def _words(severity: Severity | None, category: str = "degradation") -> AlertMessage:
    return alert(category=category, metric="", value=None, baseline=None, severity=severity)


@pytest.mark.parametrize(
    ("judged", "severity", "rule"),
    [
        (alert(value=1.5), "critical", "error_ratio_critical"),
        (alert(value=1.49), "warning", "error_ratio_warning"),
        (alert(value=1.2), "warning", "error_ratio_warning"),
        (alert(value=1.19), "informational", "below_thresholds"),
        (_drift("psi", 0.25), "critical", "psi_critical"),
        (_drift("psi", 0.24), "warning", "psi_warning"),
        (_drift("psi", 0.1), "warning", "psi_warning"),
        (_drift("psi", 0.09), "informational", "below_thresholds"),
        (_drift("staleness_days", 30), "critical", "staleness_critical"),
        (_drift("staleness_days", 7), "warning", "staleness_warning"),
        (_drift("staleness_days", 6.9), "informational", "below_thresholds"),
        (_budget(100), "critical", "spend_critical"),
        (_budget(99), "warning", "spend_warning"),
        (_budget(80), "warning", "spend_warning"),
        (_budget(79), "informational", "below_thresholds"),
        (_words("critical"), "critical", "source_critical"),
        (_words("warning"), "warning", "source_warning"),
        (_words("informational"), "informational", "source_informational"),
        (_words(None, "pipeline"), "critical", "pipeline_failed"),
        (_words("warning", "pipeline"), "warning", "source_warning"),
        (_words(None), "warning", UNKNOWN),
    ],
)
def test_each_rule_judges_its_own_alerts(judged: AlertMessage, severity: Severity, rule: str) -> None:
    """At a threshold the graver rule holds, just below it the next."""
    found = classify(judged, DEFAULTS)
    assert (found.severity, found.rule, found.category) == (severity, rule, judged.category)


def test_the_table_above_names_every_rule() -> None:
    """A new rule needs a line there."""
    assert {rule.name for rule in RULES} == {
        "error_ratio_critical",
        "error_ratio_warning",
        "psi_critical",
        "psi_warning",
        "staleness_critical",
        "staleness_warning",
        "spend_critical",
        "spend_warning",
        "below_thresholds",
        "source_critical",
        "source_warning",
        "source_informational",
        "pipeline_failed",
    }


@pytest.mark.parametrize(
    ("judged", "rule"),
    [
        (alert(value=1.0, severity="critical"), "below_thresholds"),
        (alert(value=9.0, severity="informational"), "error_ratio_critical"),
        (_drift("psi", 0.01, severity="critical"), "below_thresholds"),
        (_budget(150).model_copy(update={"severity": "informational"}), "spend_critical"),
    ],
)
def test_figures_go_before_words(judged: AlertMessage, rule: str) -> None:
    """A source that cries wolf, or plays it down, is judged by its own numbers."""
    found = classify(judged, DEFAULTS)
    assert (found.rule, found.by_figures) == (rule, True)


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        (0.9, "informational"),
        (0.76, "informational"),
        (0.75, "warning"),
        (0.61, "warning"),
        (0.6, "critical"),
        (0.0, "critical"),
        (-2.0, "critical"),
    ],
)
def test_a_metric_that_is_better_when_higher_is_judged_by_its_fall(value: float, severity: Severity) -> None:
    """R2 against a baseline of 0.9: at zero or below it is as bad as can be."""
    assert classify(alert(metric="r2", value=value, baseline=0.9), DEFAULTS).severity == severity


@pytest.mark.parametrize("baseline", [0, -1, None])
@pytest.mark.parametrize("metric", ["rmse", "r2"])
def test_a_baseline_that_cannot_be_divided_by_leaves_the_words(metric: str, baseline: float | None) -> None:
    """There is no ratio; the source's severity counts, and without one a person."""
    silent = alert(metric=metric, value=3, baseline=baseline)
    assert classify(silent.model_copy(update={"severity": "critical"}), DEFAULTS).rule == "source_critical"
    assert classify(silent, DEFAULTS).rule == UNKNOWN


def test_a_figure_without_its_budget_leaves_the_words() -> None:
    """Spend says nothing without what it may be."""
    assert classify(_budget(500).model_copy(update={"baseline": None}), DEFAULTS).rule == UNKNOWN


def test_a_metric_that_nobody_knows_is_an_error_rate() -> None:
    """Lower is better unless the table of metrics says otherwise."""
    assert error_ratio(alert(metric="latency_p99", value=4, baseline=2)) == 2


def test_drift_in_another_measure_is_for_a_person() -> None:
    """A Kolmogorov-Smirnov statistic has other limits than PSI; the reason says what was seen."""
    found = classify(_drift("ks", 0.9), DEFAULTS)
    assert (found.rule, found.severity, found.by_figures) == (UNKNOWN, "warning", False)
    assert "drift alert with metric 'ks', value 0.9" in found.reason


def test_a_psi_that_comes_with_a_degradation_is_no_drift() -> None:
    """Rules look only at alerts of their own category."""
    assert (
        classify(alert(metric="psi", value=0.5, baseline=None, severity="warning"), DEFAULTS).rule == "source_warning"
    )


def test_the_spec_says_where_the_thresholds_are() -> None:
    """The same alert, three playbooks."""
    judged = alert(value=2.0)
    ratios = [(1.0, 1.5), (1.5, 2.5), (3.0, 4.0)]
    thresholds = [Thresholds(error_ratio_warning=low, error_ratio_critical=high) for low, high in ratios]
    assert [classify(judged, item).severity for item in thresholds] == ["critical", "warning", "informational"]


def test_the_reason_names_feature_figure_and_threshold() -> None:
    """Somebody must be able to check it."""
    found = classify(_drift("psi", 0.3, feature="temp"), DEFAULTS)
    assert found.reason == "the population stability index of temp is 0.3, at or above psi_critical = 0.25"


def test_an_infinite_ratio_is_told() -> None:
    """R2 at zero has no ratio that could be written down otherwise."""
    assert "the error over its baseline is inf" in classify(alert(metric="r2", value=0), DEFAULTS).reason


@given(
    category=st.sampled_from(["degradation", "drift", "pipeline", "budget"]),
    metric=st.sampled_from(["", "rmse", "r2", "psi", "staleness_days", "spend", "ks"]),
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    baseline=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    severity=st.sampled_from([None, "critical", "warning", "informational"]),
)
def test_every_alert_gets_a_judgement_with_a_reason(
    category: str, metric: str, value: float | None, baseline: float | None, severity: str | None
) -> None:
    """No figures, however odd, leave an alert without one."""
    found = classify(
        alert(category=category, metric=metric, value=value, baseline=baseline, severity=severity, fired_at=AT),
        DEFAULTS,
    )
    assert found.reason
    assert found.by_figures is (found.rule not in {UNKNOWN, "pipeline_failed"} and not found.rule.startswith("source_"))
