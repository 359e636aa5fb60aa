"""The critic's rules: one table, read from the top; the first rule that holds judges the round.

It accepts only what agents.champions.promotion would promote, so that an accepted challenger passes the
lifecycle's gate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from agents.champions.promotion import decide
from agents.improvement.feedback import feedback_on
from nightshift.domain.champions.decision import Decision
from nightshift.domain.improvement.loop import (
    Budget,
    Critique,
    Feedback,
    ImprovementPolicy,
    Judgement,
    MetricGap,
    Round,
)
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.platform.spec import EvaluationPolicy

_FAILED_RUNS = 2
_ERROR_TEXT = 300


@dataclass(frozen=True)
class CritiqueContext:
    """What the rules may use.

    Attributes:
        evidence: None if the round's job run failed.
        rounds: all so far, the one that is judged last.
        spent: by all rounds so far.
    """

    evidence: Evidence | None
    evaluation: EvaluationPolicy
    rounds: tuple[Round, ...]
    policy: ImprovementPolicy
    spent: Budget
    start: Feedback | None

    @cached_property
    def decision(self) -> Decision | None:
        """What the lifecycle's gate would do; None without evidence."""
        return None if self.evidence is None else decide(self.evidence, self.evaluation)

    @cached_property
    def feedback(self) -> Feedback:
        """The gaps and the progress."""
        if self.evidence is None:
            return Feedback(gaps=(), likely_reason=f"the job run failed: {self.error[:_ERROR_TEXT]}")
        return feedback_on(self.evidence, self.evaluation, self._earlier)

    @property
    def error(self) -> str:
        """Why the job run of this round failed."""
        return self.rounds[-1].error or "no error text"

    @property
    def failed_runs(self) -> int:
        """Rounds without a result."""
        return sum(bool(item.error) for item in self.rounds)

    @property
    def undefined(self) -> list[str]:
        """Metrics without a value."""
        return [gap.metric for gap in self.feedback.gaps if gap.because == "undefined"]

    @property
    def stalled_rounds(self) -> int:
        """Rounds in a row, this one last, that closed less of the gap than the policy asks; failed runs aside."""
        before = [item.criticism.feedback for item in self.rounds[:-1] if item.criticism is not None]
        shares = [item.progress for item in (*before, self.feedback) if item.gaps]
        count = 0
        for share in reversed(shares):
            if share is None or share >= self.policy.min_progress:
                break
            count += 1
        return count

    @property
    def _earlier(self) -> tuple[Feedback, ...]:
        rounds = [item.criticism.feedback for item in self.rounds[:-1] if item.criticism is not None]
        return tuple(([] if self.start is None else [self.start]) + rounds)


@dataclass(frozen=True)
class Rule:
    """A named rule: when it holds, its judgement is given for its reason."""

    name: str
    judgement: Judgement
    holds: Callable[[CritiqueContext], bool]
    reason: Callable[[CritiqueContext], str]


def evaluate_round(
    evidence: Evidence | None,
    spec_evaluation: EvaluationPolicy,
    *,
    rounds: tuple[Round, ...],
    policy: ImprovementPolicy,
    spent: Budget,
    start: Feedback | None = None,
) -> Critique:
    """Judge the challenger of the last round.

    Args:
        evidence: None if the round's job run failed; then the last round holds its error.
        spec_evaluation: the policy that the evidence was compared under, with the confidence of this interim look
            (agents.lifecycle.holdout_spending.policy_at_interim_look).
        rounds: all so far, at least one; the one that is judged is the last, still without a critique.
        spent: by all rounds so far.
        start: feedback on the challenger that started the loop (agents.improvement.feedback.feedback_on),
            from which the first round's progress is measured.

    Raises:
        ValueError: there is no round.
    """
    if not rounds:
        msg = "rounds = (): must hold the round that is judged"
        raise ValueError(msg)
    context = CritiqueContext(evidence, spec_evaluation, rounds, policy, spent, start)
    rule = next(rule for rule in RULES if rule.holds(context))
    return Critique(
        judgement=rule.judgement,
        rule=rule.name,
        reason=rule.reason(context),
        feedback=context.feedback,
        confidence=spec_evaluation.bootstrap.confidence,
    )


def _promoted(context: CritiqueContext) -> bool:
    return context.decision is not None and context.decision.action == "promote"


def _missed(context: CritiqueContext) -> str:
    if context.decision is None:
        return f"the job run failed: {context.error[:_ERROR_TEXT]}"
    gaps = "; ".join(_gap_text(gap) for gap in context.feedback.gaps)
    return f"{context.decision.reason} ({gaps})" if gaps else context.decision.reason


def _gap_text(gap: MetricGap) -> str:
    if gap.value is None or gap.wanted is None:
        return f"{gap.metric} has no value"
    return f"{gap.metric} {gap.value:.4g}, wanted {gap.wanted:.4g}, gap {gap.gap:.4g}"


def _exhausted(context: CritiqueContext) -> list[str]:
    left = context.policy.budget.minus(context.spent)
    used = {"job runs": left.job_runs < 1, "DBU": left.dbu <= 0}
    # Tokens are no reason: without them the rules plan.
    return [name for name, gone in used.items() if gone]


RULES: tuple[Rule, ...] = (
    Rule(
        "run_failed_twice",
        "reject",
        lambda context: context.evidence is None and context.failed_runs >= _FAILED_RUNS,
        lambda context: f"{context.failed_runs} job runs of the loop failed; the last: {context.error[:_ERROR_TEXT]}",
    ),
    Rule(
        "metric_undefined",
        "reject",
        lambda context: context.evidence is not None and bool(context.undefined),
        lambda context: (
            f"no value on these rows: {', '.join(context.undefined)}; another plan would not be judged better"
        ),
    ),
    Rule(
        "judged_on_training_rows",
        "reject",
        lambda context: context.decision is not None and context.decision.rule == "judged_on_training_rows",
        lambda context: f"{_missed(context)}; another plan would not be judged better",
    ),
    Rule(
        "accepted",
        "accept",
        _promoted,
        lambda context: f"{_missed(context)}; judged at confidence {context.evaluation.bootstrap.confidence:.4f}",
    ),
    Rule(
        "rounds_used_up",
        "reject",
        lambda context: len(context.rounds) >= context.policy.max_iterations,
        lambda context: (
            f"round {len(context.rounds)} of {context.policy.max_iterations} was the last: {_missed(context)}"
        ),
    ),
    Rule(
        "budget_spent",
        "reject",
        lambda context: bool(_exhausted(context)),
        lambda context: f"nothing is left of {', '.join(_exhausted(context))}: {_missed(context)}",
    ),
    Rule(
        "no_progress",
        "reject",
        lambda context: context.stalled_rounds >= context.policy.max_stalled_rounds,
        lambda context: (
            f"{context.stalled_rounds} rounds in a row closed less than {context.policy.min_progress:.0%} of the gap:"
            f" {_missed(context)}"
        ),
    ),
    Rule("run_failed", "retry", lambda context: context.evidence is None, _missed),
    Rule(
        "limit_missed",
        "retry",
        lambda context: any(gap.because == "limit" for gap in context.feedback.gaps),
        _missed,
    ),
    Rule("not_promotable", "retry", lambda _: True, _missed),
)
