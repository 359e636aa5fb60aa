"""The classification table: every rule, and that figures go before words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.response.classification import RULES, UNKNOWN, classify, error_ratio
from nightshift.domain.response.alert import AlertMessage, Severity
from nightshift.domain.response.playbook import Thresholds
from tests.support.incident_examples import AT, alert

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
        (_budget(0.5, 0.5), "critical", "spend_critical"),
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


@pytest.mark.parametrize("judged", [alert(metric="accuracy", value=0.3, baseline=0), _budget(100, 0), _budget(100, -5)])
def test_a_baseline_of_nothing_is_no_ratio_of_zero(judged: AlertMessage) -> None:
    """An accuracy that was 0, a budget of 0: what is far above it is not below every threshold."""
    assert classify(judged, DEFAULTS).rule == UNKNOWN


@pytest.mark.parametrize(
    "judged", [alert(value=0), _drift("psi", 0), _drift("staleness_days", 0), _budget(0)], ids=lambda item: item.metric
)
def test_zero_is_a_figure(judged: AlertMessage) -> None:
    """No error, no drift, data of today, nothing spent: the figures judge it, and call it harmless."""
    found = classify(judged, DEFAULTS)
    assert (found.rule, found.by_figures) == ("below_thresholds", True)


@pytest.mark.parametrize(
    ("value", "baseline", "ratio"), [(1.0, 0.5, 0.0), (0.5, 1.0, 2.0), (1.1, 0.5, None), (0.5, 1.1, None)]
)
def test_r2_of_one_is_the_most_there_is(value: float, baseline: float, ratio: float | None) -> None:
    """A model that explains all leaves nothing unexplained; from 1 to 0.5 it is 1 / 0.5 times worse; more is no R2."""
    assert error_ratio(alert(metric="r_squared", value=value, baseline=baseline)) == ratio


def test_names_are_shown_whole_up_to_a_hundred_characters() -> None:
    """A longer one is cut to a hundred, and an ellipsis says so."""
    whole, cut = ("f" * length for length in (100, 101))
    assert f"index of {whole} is" in classify(_drift("psi", 0.3, feature=whole), DEFAULTS).reason
    assert f"index of {'f' * 99}… is" in classify(_drift("psi", 0.3, feature=cut), DEFAULTS).reason


def test_a_reason_says_that_it_guessed_only_if_it_did() -> None:
    """By what a person may correct: the direction of the metric. A drift, a known metric, no metric: nothing to say."""
    guess = "is better is not known"
    assert guess in classify(alert(metric="speed_of_light", value=9.0), DEFAULTS).reason
    assert guess in classify(alert(metric="speed_of_light", value=0.5, severity="warning"), DEFAULTS).reason
    assert guess in classify(alert(metric="speed_of_light", value=None), DEFAULTS).reason
    for judged in (
        alert(value=9.0),
        alert(value=None),
        _drift("ks", 0.9),
        _words(None),
        _words("warning"),
        alert(metric="speed_of_light", value=None, severity="warning"),
        alert(value=None, severity="warning"),
    ):
        assert guess not in classify(judged, DEFAULTS).reason


def test_a_figure_without_its_budget_leaves_the_words() -> None:
    """Spend says nothing without what it may be."""
    assert classify(_budget(500).model_copy(update={"baseline": None}), DEFAULTS).rule == UNKNOWN


FALLS = (
    *("accuracy", "f1", "F1", "f1_score", "roc_auc", "auc", "R2", "r2", "r2_score", "accuracy_score", "precision"),
    *("Recall", "balanced_accuracy", "throughput_rps", "ROC-AUC", "F1Score", "precision@10", "R\N{SUPERSCRIPT TWO}"),
)
RISES = ("rmse", "RMSE", "log_loss", "mean_absolute_error", "error_rate", "val/loss", "latency_p99")


@pytest.mark.parametrize("severity", ["critical", "informational", None])
@pytest.mark.parametrize("metric", FALLS)
def test_a_fall_of_a_metric_that_is_better_when_higher_is_critical(metric: str, severity: Severity | None) -> None:
    """By the names and the spellings that the field uses; its rise is none."""
    assert classify(alert(metric=metric, value=0.3, baseline=0.9, severity=severity), DEFAULTS).severity == "critical"
    assert (
        classify(alert(metric=metric, value=0.9, baseline=0.3, severity=severity), DEFAULTS).rule == "below_thresholds"
    )


@pytest.mark.parametrize("metric", RISES)
def test_a_rise_of_an_error_is_critical_whatever_its_spelling(metric: str) -> None:
    """And its fall is none."""
    assert classify(alert(metric=metric, value=92, baseline=41), DEFAULTS).severity == "critical"
    assert classify(alert(metric=metric, value=41, baseline=92), DEFAULTS).rule == "below_thresholds"


GRAVITY = ["informational", "warning", "critical"]
UNKNOWN_METRICS = ["speed_of_light", "neg_log_loss", "accuracy_drop", "mean_error", ""]


@pytest.mark.parametrize("metric", UNKNOWN_METRICS)
@pytest.mark.parametrize("severity", GRAVITY)
@pytest.mark.parametrize("value", [0.1, 1.0, 1.3, 9.0])
def test_an_unknown_metric_never_lowers_what_its_source_said(metric: str, severity: Severity, value: float) -> None:
    """It is read as an error rate, which may raise the severity, and no more."""
    found = classify(alert(metric=metric, value=value, baseline=1.0, severity=severity), DEFAULTS)
    as_error = "critical" if value >= 1.5 else "warning" if value >= 1.2 else "informational"
    assert found.severity == max(severity, as_error, key=GRAVITY.index)
    assert found.rule != "below_thresholds"
    assert f"metric {metric!r} is better is not known" in found.reason


def test_a_harmless_figure_of_an_unknown_metric_is_for_a_person() -> None:
    """It may be a fall of what should be high; nobody says how severe it is."""
    found = classify(alert(metric="speed_of_light", value=0.5, baseline=1.0), DEFAULTS)
    assert (found.rule, found.severity, found.by_figures) == (UNKNOWN, "warning", False)


@pytest.mark.parametrize(
    ("direction", "severity"), [("higher_is_better", "critical"), ("lower_is_better", "informational")]
)
@pytest.mark.parametrize("metric", ["speed_of_light", "rmse", "accuracy"])
def test_an_alert_may_say_the_direction(metric: str, direction: str, severity: Severity) -> None:
    """It goes before the table of names."""
    assert classify(alert(metric=metric, value=1.0, baseline=3.0, direction=direction), DEFAULTS).severity == severity


@pytest.mark.parametrize(
    ("baseline", "value", "ratio"),
    [
        (0.9, 0.75, 1.2),
        (0.02, 0.01, 0.99 / 0.98),
        (0.02, -0.5, 1.5 / 0.98),
        (0.0, 0.0, 1.0),
        (0.0, -1.0, 2.0),
        (-0.5, -2.0, 2.0),
        (-0.5, 0.5, 1 / 3),
        (1.0, 0.9, 1 / 0.9),
        (0.5, 1.5, None),
    ],
)
def test_r2_near_or_below_zero_is_judged_by_what_it_does_not_explain(
    baseline: float, value: float, ratio: float | None
) -> None:
    """Near zero a ratio of R2 says nothing, and below zero there is none; above 1 there is no R2."""
    assert error_ratio(alert(metric="r2", value=value, baseline=baseline)) == (ratio and pytest.approx(ratio))


@pytest.mark.parametrize(
    "judged",
    [
        alert(value=-3.0, baseline=1.0, severity="critical"),
        alert(value=-0.5, baseline=1.0, severity="critical"),
        alert(metric="f1", value=0.1, baseline=-1.0, severity="critical"),
        _drift("psi", -1.0, severity="critical"),
        _drift("staleness_days", -1.0, severity="critical"),
    ],
)
def test_a_figure_that_cannot_be_hides_nothing(judged: AlertMessage) -> None:
    """An error, an index or an age below zero is a fault of its source; its severity counts."""
    assert classify(judged, DEFAULTS).rule == "source_critical"


@pytest.mark.parametrize("metric", ["PSI", "Psi"])
def test_the_measures_of_drift_are_known_in_any_case(metric: str) -> None:
    """Monitors write them in capitals, too."""
    assert classify(_drift(metric, 0.3, severity="informational"), DEFAULTS).rule == "psi_critical"


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
    assert "temp is 0.3" in found.reason
    assert "psi_critical = 0.25" in found.reason


def test_an_infinite_ratio_is_reported() -> None:
    """R2 at zero has no ratio that could be written down otherwise."""
    assert "over its baseline is inf" in classify(alert(metric="r2", value=0), DEFAULTS).reason


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
