"""The interval chart: every metric on one axis, in percent of the champion's value, better to the right."""

from nightshift.domain.lifecycle.evidence import Evidence, MetricComparison
from nightshift.domain.lifecycle.metrics import METRICS
from nightshift.pages.views import Bar


def bars(evidence: Evidence | None) -> tuple[Bar, ...]:
    """A bar for each metric that can stand on the axis: both models scored, and the champion's value not zero."""
    if evidence is None:
        return ()
    made = (_bar(metric) for metric in evidence.metrics)
    return tuple(bar for bar in made if bar is not None)


def _bar(metric: MetricComparison) -> Bar | None:
    champion, challenger, difference = metric.champion, metric.challenger, metric.difference
    if champion is None or challenger is None or difference is None or champion == 0:
        return None
    known = METRICS.get(metric.name)
    scale = (100 if known is None or known.higher_is_better else -100) / abs(champion)
    low, high = sorted((difference.low * scale, difference.high * scale))
    return Bar(
        name=metric.name,
        value=round((challenger - champion) * scale, 3),
        low=round(low, 3),
        high=round(high, 3),
        verdict=metric.verdict,
    )
