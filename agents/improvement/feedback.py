"""What a challenger misses, in figures, and how much of it the round has closed."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nightshift.domain.improvement.loop import Feedback, MetricGap
from nightshift.domain.lifecycle.evidence import Evidence, MetricComparison
from nightshift.domain.lifecycle.metrics import METRICS
from nightshift.domain.platform.spec import EvaluationPolicy, Metric


def feedback_on(evidence: Evidence, policy: EvaluationPolicy, earlier: Sequence[Feedback] = ()) -> Feedback:
    """The gaps of a challenger, the one to close first in front, and the progress since the best earlier round.

    Args:
        earlier: feedback on the challengers before, oldest first; the one that started the loop too.
    """
    gaps = gaps_of(evidence, policy)
    losing = tuple(f"{item.column} = {item.value}" for item in evidence.slices if item.verdict == "worse")
    return Feedback(
        gaps=gaps,
        losing_slices=losing,
        likely_reason=_likely_reason(evidence, gaps, losing),
        progress=_progress(gaps, earlier),
    )


def gaps_of(evidence: Evidence, policy: EvaluationPolicy) -> tuple[MetricGap, ...]:
    """Undefined metrics first, then missed limits, then what keeps it from beating the champion; in the spec's order.

    A metric of the policy that the evidence does not hold is undefined.
    """
    found = {item.name: item for item in evidence.metrics}
    undefined = [metric.name for metric in policy.metrics if _is_undefined(metric, found.get(metric.name))]
    known = [
        (metric, found[metric.name])
        for metric in policy.metrics
        if metric.name in found and metric.name not in undefined
    ]
    limits = [
        MetricGap(metric=item.name, value=item.challenger, wanted=limit, gap=gap, because="limit")
        for metric, item in known
        for limit, gap in _missed_limits(metric.minimum, metric.maximum, item.challenger)
    ]
    worse = [_against_champion(item) for _, item in known if item.tracked and item.verdict == "worse"]
    beaten = any(item.tracked and item.verdict in {"better", "unopposed"} for item in evidence.metrics)
    equal = [_against_champion(item) for _, item in known if item.tracked and item.verdict == "equal" and not beaten]
    return (*(_undefined(name) for name in undefined), *limits, *worse, *equal)


def _is_undefined(metric: Metric, item: MetricComparison | None) -> bool:
    """Whether a metric is missing, or counts and has no finite value on either side."""
    if item is None:
        return True
    counts = metric.tracked or metric.minimum is not None or metric.maximum is not None
    if not _finite(item.challenger):
        # An untracked metric without a limit is only shown.
        return counts
    return metric.tracked and (
        item.verdict == "undefined" or (item.champion is not None and not _finite(item.champion))
    )


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _undefined(metric: str) -> MetricGap:
    return MetricGap(metric=metric, value=None, wanted=None, gap=0.0, because="undefined")


def _missed_limits(minimum: float | None, maximum: float | None, value: float | None) -> list[tuple[float, float]]:
    if value is None:
        return []
    missed = []
    if minimum is not None and value < minimum:
        missed.append((minimum, minimum - value))
    if maximum is not None and value > maximum:
        missed.append((maximum, value - maximum))
    return missed


def _against_champion(item: MetricComparison) -> MetricGap:
    assert item.champion is not None, "a verdict of worse or equal needs the champion's value"
    assert item.challenger is not None, "a verdict of worse or equal needs a challenger"
    higher = METRICS[item.name].higher_is_better
    gap = item.champion - item.challenger if higher else item.challenger - item.champion
    if item.verdict == "equal" and item.difference is not None:
        gap = -item.difference.low if higher else item.difference.high
    return MetricGap(metric=item.name, value=item.challenger, wanted=item.champion, gap=gap, because="champion")


def _progress(gaps: Sequence[MetricGap], earlier: Sequence[Feedback]) -> float | None:
    """Share of the first gap of the feedback before that is closed, measured from the best value of it so far."""
    before = next((item.gaps[0] for item in reversed(earlier) if item.gaps and item.gaps[0].gap > 0), None)
    if before is None or any(gap.because == "undefined" for gap in gaps):
        return None
    key = (before.metric, before.because)
    best = min(gap.gap for item in earlier for gap in item.gaps if (gap.metric, gap.because) == key and gap.gap > 0)
    left = next((gap.gap for gap in gaps if (gap.metric, gap.because) == key), 0.0)
    return 1 - left / best


@dataclass(frozen=True)
class _ReasonContext:
    """What a likely reason is guessed from."""

    causes: frozenset[str]
    better: tuple[str, ...]
    worse: tuple[str, ...]
    losing: tuple[str, ...]


# Read from the top; the planner may take the guess as a hint.
_REASONS: tuple[tuple[Callable[[_ReasonContext], bool], Callable[[_ReasonContext], str]], ...] = (
    (
        lambda context: "undefined" in context.causes,
        lambda _: "a metric has no value on these rows: labels or variance are missing, or the job did not log it",
    ),
    (
        lambda context: "limit" in context.causes and bool(context.better) and not context.worse,
        lambda _: "it follows the new rows better than the champion, but not far enough for the limits",
    ),
    (lambda context: "limit" in context.causes, lambda _: "the plan did not reach the cause of the missed limit"),
    (
        lambda context: bool(context.better and context.worse),
        lambda context: f"what is gained on {', '.join(context.better)} is paid for on {', '.join(context.worse)}",
    ),
    (lambda context: bool(context.worse), lambda _: "the plan takes away something that the champion has learned"),
    (
        lambda context: bool(context.losing),
        lambda context: f"better overall at the cost of {', '.join(context.losing)}",
    ),
    (lambda context: "champion" in context.causes, lambda _: "the effect is within noise"),
    (lambda _: True, lambda _: "nothing is missed"),
)


def _likely_reason(evidence: Evidence, gaps: Sequence[MetricGap], losing: tuple[str, ...]) -> str:
    context = _ReasonContext(
        causes=frozenset(gap.because for gap in gaps),
        better=tuple(item.name for item in evidence.metrics if item.tracked and item.verdict == "better"),
        worse=tuple(item.name for item in evidence.metrics if item.tracked and item.verdict == "worse"),
        losing=losing,
    )
    return next(text(context) for holds, text in _REASONS if holds(context))
