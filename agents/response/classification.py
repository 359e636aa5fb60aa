"""Judge an alert: one table, read from the top; the first rule that holds says how severe it is.

Numbers go before words: where an alert carries the figures, the spec's thresholds judge it, whatever its source calls
it. An alert without figures is as severe as its source says. One that says neither is for a person.

A metric whose direction is not known is read as an error rate, but such a guess only raises a severity: it is never
lower than the source said, and a figure that seems harmless proves nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from nightshift.domain.lifecycle.direction import direction_of
from nightshift.domain.response.alert import AlertMessage, Category, Classification, Direction, Severity
from nightshift.domain.response.playbook import Thresholds

UNKNOWN = "unknown"
_LONGEST_SHOWN = 100


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
        reason=f"no rule knows a {alert.category} alert with metric {_shown(alert.metric)!r}, value {alert.value}"
        f", baseline {alert.baseline} and no severity of its source"
        + (f"; {_NOT_KNOWN.format(_shown(alert.metric))}" if alert.metric and _guessed(alert) else ""),
        by_figures=False,
    )


def error_ratio(alert: AlertMessage) -> float | None:
    """How many times worse than its baseline a metric is; None without figures that can be compared.

    For a metric that is better when higher, baseline over value; a value of zero or less is infinitely worse. An error
    below zero and a baseline of zero or less cannot be compared, except R2's (see ``_r2_ratio``).
    """
    if alert.category != "degradation" or alert.value is None or alert.baseline is None:
        return None
    value, baseline = alert.value, alert.baseline
    if _direction(alert) == "higher_is_better":
        ratio = None if baseline <= 0 else baseline / value if value > 0 else float("inf")
        return _r2_ratio(value, baseline, ratio) if _is_r2(alert.metric) else ratio
    return value / baseline if baseline > 0 and value >= 0 else None


def _shown(name: str) -> str:
    return name if len(name) <= _LONGEST_SHOWN else name[: _LONGEST_SHOWN - 1] + "…"


def _direction(alert: AlertMessage) -> Direction | None:
    return alert.direction or direction_of(alert.metric)


def _is_r2(metric: str) -> bool:
    return "r2" in metric.lower().replace("\N{SUPERSCRIPT TWO}", "2") or "r_squared" in metric.lower()


def _r2_ratio(value: float, baseline: float, ratio: float | None) -> float | None:
    """R2 is at most 1, may be zero or negative, and near zero a small change is a large ratio.

    The share of variance that is not explained, 1 - R2, is proportional to the squared error. R2 is as much worse as
    the smaller of both ratios says.
    """
    if max(value, baseline) > 1:
        return None
    if baseline == 1:
        return ratio
    unexplained = (1 - value) / (1 - baseline)
    return unexplained if ratio is None else min(ratio, unexplained)


def spend_ratio(alert: AlertMessage) -> float | None:
    """Spend over budget; None without the figures."""
    if alert.category != "budget" or alert.value is None or alert.baseline is None or alert.baseline <= 0:
        return None
    return alert.value / alert.baseline


def _measured(metric: str) -> Callable[[AlertMessage], float | None]:
    def value(alert: AlertMessage) -> float | None:
        return alert.value if alert.metric.lower() == metric and alert.value is not None and alert.value >= 0 else None

    return value


_psi, _staleness = _measured("psi"), _measured("staleness_days")


def _at_least(
    figure: Callable[[AlertMessage], float | None], severity: Severity, threshold: str
) -> Callable[..., bool]:
    def holds(alert: AlertMessage, thresholds: Thresholds) -> bool:
        value = figure(alert)
        hides = _guessed(alert) and severity != "critical" and alert.severity == "critical"
        return value is not None and value >= float(getattr(thresholds, threshold)) and not hides

    return holds


def _says(figure: Callable[[AlertMessage], float | None], what: str, threshold: str) -> Callable[..., str]:
    def reason(alert: AlertMessage, thresholds: Thresholds) -> str:
        of = f" of {_shown(alert.feature)}" if alert.feature else ""
        guess = f"; {_NOT_KNOWN.format(_shown(alert.metric))}, and is read as an error" if _guessed(alert) else ""
        limit = getattr(thresholds, threshold)
        return f"{what}{of} is {figure(alert):.4g}, at or above {threshold} = {limit:.4g}{guess}"

    return reason


def _below(figure: Callable[[AlertMessage], float | None]) -> Callable[..., bool]:
    return lambda alert, _: figure(alert) is not None and not _guessed(alert)


def _guessed(alert: AlertMessage) -> bool:
    """Whether nobody says in which direction its metric is better."""
    return alert.category == "degradation" and _direction(alert) is None


def _harmless(figure: Callable[[AlertMessage], float | None], what: str) -> Callable[..., str]:
    return lambda alert, _: f"{what} is {figure(alert):.4g}, below every threshold"


def _called(severity: Severity) -> Callable[..., bool]:
    return lambda alert, _: alert.severity == severity


_NOT_KNOWN = "the direction in which the metric {!r} is better is not known"


def _by_source(alert: AlertMessage, _: Thresholds) -> str:
    why = "it carries no figures to judge it by"
    if error_ratio(alert) is not None and _guessed(alert):
        why = f"{_NOT_KNOWN.format(_shown(alert.metric))}, so its figures lower no severity"
    return f"its source {_shown(alert.source)} calls it {alert.severity}, and {why}"


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
        Rule(
            name,
            category,
            severity,
            _at_least(figure, severity, threshold),
            _says(figure, what, threshold),
            by_figures=True,
        )
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
