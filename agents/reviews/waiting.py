"""What it costs that a flagged promotion waits: the champion goes on serving, better here and worse there."""

from nightshift.domain.lifecycle.evidence import Evidence, MetricComparison
from nightshift.domain.lifecycle.metrics import METRICS


def cost_of_waiting(evidence: Evidence) -> tuple[str, ...]:
    """One sentence per tracked metric in which the models differ beyond noise; one that says so if none does."""
    said = tuple(
        sentence for metric in evidence.metrics if metric.tracked and (sentence := _sentence(metric)) is not None
    )
    return said or ("no tracked metric differs beyond noise: waiting costs nothing that was measured",)


def _sentence(metric: MetricComparison) -> str | None:
    if metric.champion is None or metric.challenger is None or metric.verdict not in {"better", "worse"}:
        return None
    figures = (
        f"{metric.name} is {metric.champion:.4g} with the champion and {metric.challenger:.4g} with the challenger"
    )
    gap = abs(metric.challenger - metric.champion)
    by = f", {gap / abs(metric.champion):.1%}" if metric.champion else ""
    direction = "higher" if METRICS[metric.name].higher_is_better else "lower"
    effect = "costs" if metric.verdict == "better" else "saves"
    return f"{figures} ({direction} is better): waiting {effect} that difference{by}"
