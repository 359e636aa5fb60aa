"""Judge an alert: one table, read from the top; the first rule that holds says how severe it is.

Numbers go before words: where an alert carries the figures, the spec's thresholds judge it, whatever its source calls
it. An alert without figures is as severe as its source says. One that says neither is for a person.
"""

from collections.abc import Callable
from dataclasses import dataclass

from domain.alert import AlertMessage, Category, Classification, Severity
from domain.playbook import Thresholds
from domain.spec import HIGHER_IS_BETTER

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Rule:
    """A named rule: for alerts of its category (None: of any) for which it holds.

    Attributes:
        by_figures: whether the alert's figures decide it, and not the words of its source.
    """

    name: str
    category: Category | None
    severity: Severity
    holds: Callable[[AlertMessage, Thresholds], bool]
    reason: Callable[[AlertMessage, Thresholds], str]
    by_figures: bool = False


def classify(alert: AlertMessage, thresholds: Thresholds) -> Classification:
    """Judge one alert by the rules."""
    for rule in RULES:
        if rule.category in {None, alert.category} and rule.holds(alert, thresholds):
            return Classification(
                category=alert.category,
                severity=rule.severity,
                rule=rule.name,
                reason=rule.reason(alert, thresholds),
                by_figures=rule.by_figures,
            )
    return Classification(
        category=alert.category,
        severity="warning",
        rule=UNKNOWN,
        reason=f"no rule knows a {alert.category} alert with metric {alert.metric!r}, value {alert.value}"
        f", baseline {alert.baseline} and no severity of its source",
        by_figures=False,
    )


def error_ratio(alert: AlertMessage) -> float | None:
    """How many times worse than its baseline a metric is; None without the figures.

    For a metric that is better when higher, baseline over value; a value of zero or less is infinitely worse.
    """
    if alert.category != "degradation" or alert.value is None or alert.baseline is None or alert.baseline <= 0:
        return None
    if HIGHER_IS_BETTER.get(alert.metric, False):
        return alert.baseline / alert.value if alert.value > 0 else float("inf")
    return alert.value / alert.baseline


def spend_ratio(alert: AlertMessage) -> float | None:
    """Spend over budget; None without the figures."""
    if alert.category != "budget" or alert.value is None or alert.baseline is None or alert.baseline <= 0:
        return None
    return alert.value / alert.baseline


def _measured(metric: str) -> Callable[[AlertMessage], float | None]:
    return lambda alert: alert.value if alert.metric == metric else None


_psi, _staleness = _measured("psi"), _measured("staleness_days")


def _at_least(figure: Callable[[AlertMessage], float | None], threshold: str) -> Callable[..., bool]:
    def holds(alert: AlertMessage, thresholds: Thresholds) -> bool:
        value = figure(alert)
        return value is not None and value >= float(getattr(thresholds, threshold))

    return holds


def _says(figure: Callable[[AlertMessage], float | None], what: str, threshold: str) -> Callable[..., str]:
    def reason(alert: AlertMessage, thresholds: Thresholds) -> str:
        of = f" of {alert.feature}" if alert.feature else ""
        return f"{what}{of} is {figure(alert):.4g}, at or above {threshold} = {getattr(thresholds, threshold):.4g}"

    return reason


def _below(figure: Callable[[AlertMessage], float | None]) -> Callable[..., bool]:
    return lambda alert, _: figure(alert) is not None


def _harmless(figure: Callable[[AlertMessage], float | None], what: str) -> Callable[..., str]:
    return lambda alert, _: f"{what} is {figure(alert):.4g}, below every threshold"


def _called(severity: Severity) -> Callable[..., bool]:
    return lambda alert, _: alert.severity == severity


def _by_source(alert: AlertMessage, _: Thresholds) -> str:
    return f"its source {alert.source} calls it {alert.severity}, and it carries no figures to judge it by"


_RATIO, _SPEND = "the error over its baseline", "spend over budget"
_PSI, _AGE = "the population stability index", "the age of the newest data in days"

# name, category, severity, figure, what it is called, threshold
_FIGURES: tuple[tuple[str, Category, Severity, Callable[[AlertMessage], float | None], str, str], ...] = (
    ("error_ratio_critical", "degradation", "critical", error_ratio, _RATIO, "error_ratio_critical"),
    ("error_ratio_warning", "degradation", "warning", error_ratio, _RATIO, "error_ratio_warning"),
    ("psi_critical", "drift", "critical", _psi, _PSI, "psi_critical"),
    ("psi_warning", "drift", "warning", _psi, _PSI, "psi_warning"),
    ("staleness_critical", "drift", "critical", _staleness, _AGE, "staleness_critical_days"),
    ("staleness_warning", "drift", "warning", _staleness, _AGE, "staleness_warning_days"),
    ("spend_critical", "budget", "critical", spend_ratio, _SPEND, "spend_critical"),
    ("spend_warning", "budget", "warning", spend_ratio, _SPEND, "spend_warning"),
)
_MEASURES: tuple[tuple[Category, Callable[[AlertMessage], float | None], str], ...] = (
    ("degradation", error_ratio, _RATIO),
    ("drift", _psi, _PSI),
    ("drift", _staleness, _AGE),
    ("budget", spend_ratio, _SPEND),
)

RULES: tuple[Rule, ...] = (
    *(
        Rule(name, category, severity, _at_least(figure, threshold), _says(figure, what, threshold), by_figures=True)
        for name, category, severity, figure, what, threshold in _FIGURES
    ),
    *(
        Rule("below_thresholds", category, "informational", _below(figure), _harmless(figure, what), by_figures=True)
        for category, figure, what in _MEASURES
    ),
    Rule("source_critical", None, "critical", _called("critical"), _by_source),
    Rule("source_warning", None, "warning", _called("warning"), _by_source),
    Rule("source_informational", None, "informational", _called("informational"), _by_source),
    Rule(
        "pipeline_failed",
        "pipeline",
        "critical",
        lambda _alert, _: True,
        lambda _alert, _: "a failed pipeline is critical unless its source says otherwise",
    ),
)
