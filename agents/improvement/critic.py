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
    Criticism,
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
class Trial:
    """What the judgement may look at.

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
    holds: Callable[[Trial], bool]
    reason: Callable[[Trial], str]


def criticise(
    evidence: Evidence | None,
    spec_evaluation: EvaluationPolicy,
    *,
    rounds: tuple[Round, ...],
    policy: ImprovementPolicy,
    spent: Budget,
    start: Feedback | None = None,
) -> Criticism:
    """Judge the challenger of the last round.

    Args:
        evidence: None if the round's job run failed; then the last round holds its error.
        spec_evaluation: the policy that the evidence was compared under, with the confidence of this look
            (agents.lifecycle.holdout_spending.policy_for_look).
        rounds: all so far, at least one; the one that is judged is the last, still without criticism.
        spent: by all rounds so far.
        start: feedback on the challenger that started the loop (agents.improvement.feedback.feedback_on),
            from which the first round's progress is measured.

    Raises:
        ValueError: there is no round.
    """
    if not rounds:
        msg = "rounds = (): must hold the round that is judged"
        raise ValueError(msg)
    trial = Trial(evidence, spec_evaluation, rounds, policy, spent, start)
    rule = next(rule for rule in RULES if rule.holds(trial))
    return Criticism(
        judgement=rule.judgement,
        rule=rule.name,
        reason=rule.reason(trial),
        feedback=trial.feedback,
        confidence=spec_evaluation.bootstrap.confidence,
    )


def _promoted(trial: Trial) -> bool:
    return trial.decision is not None and trial.decision.action == "promote"


def _missed(trial: Trial) -> str:
    if trial.decision is None:
        return f"the job run failed: {trial.error[:_ERROR_TEXT]}"
    gaps = "; ".join(_gap_text(gap) for gap in trial.feedback.gaps)
    return f"{trial.decision.reason} ({gaps})" if gaps else trial.decision.reason


def _gap_text(gap: MetricGap) -> str:
    if gap.value is None or gap.wanted is None:
        return f"{gap.metric} has no value"
    return f"{gap.metric} {gap.value:.4g}, wanted {gap.wanted:.4g}, gap {gap.gap:.4g}"


def _exhausted(trial: Trial) -> list[str]:
    left = trial.policy.budget.minus(trial.spent)
    used = {"job runs": left.job_runs < 1, "DBU": left.dbu <= 0}
    # Tokens are no reason: without them the rules plan.
    return [name for name, gone in used.items() if gone]


RULES: tuple[Rule, ...] = (
    Rule(
        "run_failed_twice",
        "reject",
        lambda trial: trial.evidence is None and trial.failed_runs >= _FAILED_RUNS,
        lambda trial: f"{trial.failed_runs} job runs of the loop failed; the last: {trial.error[:_ERROR_TEXT]}",
    ),
    Rule(
        "metric_undefined",
        "reject",
        lambda trial: trial.evidence is not None and bool(trial.undefined),
        lambda trial: f"no value on these rows: {', '.join(trial.undefined)}; another plan would not be judged better",
    ),
    Rule(
        "judged_on_training_rows",
        "reject",
        lambda trial: trial.decision is not None and trial.decision.rule == "judged_on_training_rows",
        lambda trial: f"{_missed(trial)}; another plan would not be judged better",
    ),
    Rule(
        "accepted",
        "accept",
        _promoted,
        lambda trial: f"{_missed(trial)}; judged at confidence {trial.evaluation.bootstrap.confidence:.4f}",
    ),
    Rule(
        "rounds_used_up",
        "reject",
        lambda trial: len(trial.rounds) >= trial.policy.max_iterations,
        lambda trial: f"round {len(trial.rounds)} of {trial.policy.max_iterations} was the last: {_missed(trial)}",
    ),
    Rule(
        "budget_spent",
        "reject",
        lambda trial: bool(_exhausted(trial)),
        lambda trial: f"nothing is left of {', '.join(_exhausted(trial))}: {_missed(trial)}",
    ),
    Rule(
        "no_progress",
        "reject",
        lambda trial: trial.stalled_rounds >= trial.policy.max_stalled_rounds,
        lambda trial: (
            f"{trial.stalled_rounds} rounds in a row closed less than {trial.policy.min_progress:.0%} of the gap:"
            f" {_missed(trial)}"
        ),
    ),
    Rule("run_failed", "retry", lambda trial: trial.evidence is None, _missed),
    Rule(
        "limit_missed",
        "retry",
        lambda trial: any(gap.because == "limit" for gap in trial.feedback.gaps),
        _missed,
    ),
    Rule("not_promotable", "retry", lambda _: True, _missed),
)
