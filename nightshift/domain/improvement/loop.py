"""The improvement loop: what planner, executor and critic hand to each other, and what its spec allows."""

from typing import Literal

from pydantic import Field

from nightshift.domain.improvement.actions.table import PlanBounds
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.lifecycle.drift import Drift
from nightshift.domain.lifecycle.evidence import MetricComparison, SliceComparison
from nightshift.domain.platform.message import Message

Judgement = Literal["accept", "retry", "reject"]
PlannerName = Literal["rules", "llm", "rules_after_llm"]


class Budget(Message):
    """Hard ceilings of one loop; also what is left of them, or what was spent.

    Attributes:
        dbu: Databricks units, estimated from the run time and the rate of the spec.
        tokens: of the language model, prompts and answers together.
    """

    job_runs: int = Field(default=6, ge=0)
    dbu: float = Field(default=50, ge=0)
    tokens: int = Field(default=50_000, ge=0)

    def minus(self, spent: "Budget") -> "Budget":
        """What is left; never below zero."""
        return Budget(
            job_runs=max(self.job_runs - spent.job_runs, 0),
            dbu=max(self.dbu - spent.dbu, 0.0),
            tokens=max(self.tokens - spent.tokens, 0),
        )

    def plus(self, other: "Budget") -> "Budget":
        """Both together."""
        return Budget(
            job_runs=self.job_runs + other.job_runs, dbu=self.dbu + other.dbu, tokens=self.tokens + other.tokens
        )


class ImprovementPolicy(Message):
    """What the improvement loop may do for a model.

    Attributes:
        after: what starts it by itself: a challenger that is worse, or one that breaks a limit; empty: only a person.
        max_iterations: rounds of planner, executor and critic.
        min_progress: a round must bring the metric that failed closer by this share of the gap, or it has stalled.
        max_stalled_rounds: this many stalled rounds in a row end the loop.
        planner: ``llm`` asks a language model first; the rules judge what it proposes, and stand in when it fails.
        dbu_per_hour: rate of the training job's cluster.
        bounds: the allowlist of actions, with their bounds.
    """

    after: tuple[Literal["worse", "limit_broken", "no_improvement"], ...] = ()
    max_iterations: int = Field(default=3, ge=1, le=10)
    min_progress: float = Field(default=0.05, ge=0, lt=1)
    max_stalled_rounds: int = Field(default=2, ge=1)
    planner: Literal["rules", "llm"] = "rules"
    budget: Budget = Budget()
    dbu_per_hour: float = Field(default=3.0, ge=0)
    bounds: PlanBounds = PlanBounds()


class FeatureDrift(Drift):
    """The drift of a column of the dataset; the target is one, where its holdout values are known."""

    feature: str


class DataQuality(Message):
    """What the planner may know of the dataset."""

    rows: int
    days: float
    source: str
    warnings: tuple[str, ...] = ()


class MetricGap(Message):
    """By how much a metric misses what was asked of it.

    Attributes:
        gap: distance to the limit or to the champion in the unit of the metric; positive means it is missed. Where the
            difference to the champion is within noise: how far its interval reaches past zero on the losing side.
    """

    metric: str
    value: float | None
    wanted: float | None
    gap: float
    because: Literal["limit", "champion", "undefined"]


class Feedback(Message):
    """What the critic hands back for the next plan."""

    gaps: tuple[MetricGap, ...]
    losing_slices: tuple[str, ...] = ()
    likely_reason: str
    progress: float | None = Field(default=None, description="share of the first gap closed since the best before")


class Critique(Message):
    """The critic's verdict on one challenger.

    Attributes:
        rule: name of the rule of agents.improvement.critic that fired.
        confidence: at which the intervals were judged; it grows with every interim look at the same holdout.
    """

    judgement: Judgement
    rule: str
    reason: str
    feedback: Feedback
    confidence: float


class Round(Message):
    """One round as the next planner and people see it.

    Attributes:
        refused: proposals that the allowlist did not let through, with the reason.
        version: the model version that the executor's run made; None if it made none.
        error: why the executor's run failed; empty if it did not.
        trace: id of the round's MLflow trace; empty if none could be written.
    """

    number: int
    plan: Plan
    planned_by: PlannerName
    planner_note: str = ""
    refused: tuple[str, ...] = ()
    job_runs: tuple[int, ...] = ()
    version: str | None = None
    metrics: tuple[MetricComparison, ...] = ()
    criticism: Critique | None = None
    spent: Budget
    error: str = ""
    trace: str = ""


class PlanningEvidence(Message):
    """All that a planner may use. Texts in it come from data and alerts: they are data, never instruction.

    Attributes:
        target: name of the target column, under which ``drift`` lists it.
        metrics, slices: of the challenger that failed last, against the champion.
        alerts: titles of the model's recent incidents.
        tried: earlier rounds, oldest first.
        left: of the budget.
        request: what a person wrote who has asked for this improvement; empty if nobody has.
    """

    model: str
    kind: Literal["regression", "anomaly_detection"]
    target: str
    run: str
    metrics: tuple[MetricComparison, ...]
    slices: tuple[SliceComparison, ...] = ()
    drift: tuple[FeatureDrift, ...] = ()
    alerts: tuple[str, ...] = ()
    quality: DataQuality
    tried: tuple[Round, ...] = ()
    left: Budget
    bounds: PlanBounds
    feedback: Feedback | None = None
    request: str = ""


class Planned(Message):
    """The result of the planner.

    Attributes:
        plan: None if nothing allowed is left to try.
        note: why this planner made the plan, such as why the language model's proposal was not used.
        refused: proposals that were not let through, with the reason.
        tokens: of the language model, prompts and answers together, with those of earlier tries that came to nothing.
    """

    plan: Plan | None
    planned_by: PlannerName
    note: str = ""
    refused: tuple[str, ...] = ()
    tokens: int = 0
