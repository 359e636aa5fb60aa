"""The improvement loop: planner, executor, critic, a few times; then the lifecycle's own gate, or a person."""

import math
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

import azure.durable_functions as df

from activities.improvement.critique_round import critique_round
from activities.improvement.plan_improvement import plan_improvement
from activities.improvement.trace_round import trace_round
from activities.lifecycle.decide_action import decide_action
from activities.lifecycle.evaluate_metrics import evaluate_metrics
from activities.lifecycle.send_alert import send_alert
from nightshift.domain.improvement.loop import Budget, Critique, Planned, Round
from nightshift.domain.improvement.messages import (
    CritiqueRequest,
    ImprovementInput,
    ImprovementOutcome,
    PlanImprovementRequest,
    TraceRoundRequest,
)
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.lifecycle.run import AlertRequest, DecideRequest, EvaluateRequest, EvaluateResult, TriggerRequest
from nightshift.domain.platform.step import Failure, RetryPolicy
from nightshift.domain.platform.text import escaped
from nightshift.domain.uploads.upload import BlobRef
from orchestrators.lifecycle.job import run_job
from orchestrators.lifecycle.lifecycle import deciding
from orchestrators.platform.calls import Orchestration, StepFailed, Steps, call
from orchestrators.platform.versions import set_step

_HOUR = 3600
# People read a trace later, so a loop does not wait minutes for it.
TRACING = RetryPolicy(attempts=3, seconds=5)
# An alert takes 8,000 characters: all rounds share most of them, so that none is cut off by those before it.
_STORY, _CONCLUSION = 6_000, 1_500


def improvement(context: df.DurableOrchestrationContext) -> Steps[dict[str, Any]]:
    """Improve a model whose challenger was rejected.

    1. ``plan_improvement``: what to try next, from the evidence and everything tried before.
    2. The training job carries the plan out; its challenger is scored beside the champion.
    3. ``evaluate_metrics`` at the confidence of this interim look at the holdout; ``criticise_round``: accept, retry,
       reject.
    4. Accepted: ``decide_action``, the lifecycle's own gate. Rejected, or nothing left to try: a person is sent the
       story of the rounds.
    """
    order = ImprovementInput.from_json(context.get_input())
    outcome = yield from _Loop(context, order).run()
    return outcome.to_json()


class _Loop(Orchestration):
    """The steps of one loop; it holds nothing that replay would not build again."""

    def __init__(self, context: df.DurableOrchestrationContext, order: ImprovementInput) -> None:
        super().__init__(context, order.patience)
        self.order = order
        self.number = 1
        self.rounds: list[Round] = []
        self.spent = Budget(job_runs=0, dbu=0, tokens=0)
        self.evidence = order.evidence

    def run(self) -> Steps[ImprovementOutcome]:
        """All rounds, then the end; a step that fails ends the loop."""
        try:
            return (yield from self.improve())
        except StepFailed as failed:
            # What was asked of a language model for nothing counts all the same.
            tokens = int(failed.failure.fields.get("tokens", 0))
            self.spent = self.spent.plus(Budget(job_runs=0, dbu=0, tokens=tokens))
            return (yield from self.give_up("", failed.failure))

    def improve(self) -> Steps[ImprovementOutcome]:
        """All rounds, then the end."""
        reason = ""
        for number in range(1, self.order.policy.max_iterations + 1):
            self.number = number
            began = self.context.current_utc_datetime
            planned = yield from self.plan()
            if planned.plan is None:
                reason = self.exhausted(planned)
                break
            planned_at = self.context.current_utc_datetime
            evaluated = yield from self.execute(planned, planned.plan)
            executed_at = self.context.current_utc_datetime
            criticism = yield from self.critique(evaluated)
            self.rounds[-1] = self.rounds[-1].model_copy(update={"criticism": criticism})
            yield from self.trace((began, planned_at, executed_at, self.context.current_utc_datetime))
            reason = criticism.reason
            if criticism.judgement == "accept" and evaluated is not None:
                return (yield from self.decide(evaluated.evidence))
            if criticism.judgement == "reject":
                break
        return (yield from self.give_up(reason, None))

    def plan(self) -> Steps[Planned]:
        """Step 1."""
        request = PlanImprovementRequest(
            model=self.order.model,
            run=self.order.run,
            manifest=self.order.manifest,
            evidence=self.evidence,
            rounds=tuple(self.rounds),
            spent=self.spent,
        )
        return (yield from self.step(plan_improvement, request)).planned

    def exhausted(self, planned: Planned) -> str:
        """No plan: what was asked of a language model for nothing counts all the same."""
        self.spent = self.spent.plus(Budget(job_runs=0, dbu=0, tokens=planned.tokens))
        reason = f"after {len(self.rounds)} rounds nothing is left to try that the spec allows and the budget pays for"
        return f"{reason} ({planned.note})" if planned.note else reason

    def execute(self, planned: Planned, plan: Plan) -> Steps[EvaluateResult | None]:
        """Step 2 and the evaluation of step 3; a job that fails is a round without evidence."""
        request = TriggerRequest(
            model=self.order.model,
            run=self.order.run,
            job=self.order.job.job,
            purpose="train",
            attempt=1,
            round=self.number,
            dataset=self.order.manifest,
            plan=plan,
        )
        # What is left of the budget is all that attempts and hours are paid for.
        left, rate = self.order.policy.budget.minus(self.spent), self.order.policy.dbu_per_hour
        job = self.order.job.model_copy(update={"max_attempts": min(self.order.job.max_attempts, left.job_runs)})
        most = left.dbu / rate * _HOUR if rate else math.inf
        end = yield from run_job(self, request, job, most)
        cost = Budget(
            job_runs=len(end.run_ids),
            dbu=end.seconds / _HOUR * self.order.policy.dbu_per_hour,
            tokens=planned.tokens,
        )
        self.spent = self.spent.plus(cost)
        evaluated, failure = None, end.failure
        if failure is None:
            evaluate = EvaluateRequest(
                model=self.order.model,
                run=self.order.run,
                manifest=self.order.manifest,
                round=self.number,
                counted=True,
            )
            try:
                evaluated = yield from self.step(evaluate_metrics, evaluate)
            except StepFailed as failed:
                failure = failed.failure
        self.rounds.append(
            Round(
                number=self.number,
                plan=plan,
                planned_by=planned.planned_by,
                planner_note=planned.note,
                refused=planned.refused,
                job_runs=end.run_ids,
                version=None if evaluated is None else evaluated.summary.challenger_version,
                metrics=() if evaluated is None else evaluated.summary.metrics,
                spent=cost,
                error=f"{failure.code}: {failure.message}"[:2_000] if failure else "",
            )
        )
        if evaluated is not None:
            self.evidence = evaluated.evidence
        return evaluated

    def critique(self, evaluated: EvaluateResult | None) -> Steps[Critique]:
        """Step 3."""
        request = CritiqueRequest(
            model=self.order.model,
            run=self.order.run,
            manifest=self.order.manifest,
            evidence=None if evaluated is None else evaluated.evidence,
            start=self.order.evidence,
            rounds=tuple(self.rounds),
            spent=self.spent,
            look=0 if evaluated is None else evaluated.look,
        )
        return (yield from self.step(critique_round, request)).criticism

    def trace(self, times: tuple[datetime, datetime, datetime, datetime]) -> Steps[None]:
        """Keep the round as an MLflow trace; the loop goes on without one where MLflow does not take it."""
        before = self.rounds[-2].criticism if len(self.rounds) > 1 else None
        request = TraceRoundRequest(
            model=self.order.model,
            run=self.order.run,
            round=self.rounds[-1],
            times=times,
            feedback=before.feedback.likely_reason if before else "",
        )
        with suppress(StepFailed):
            traced = yield from self.step(trace_round, request, TRACING)
            self.rounds[-1] = self.rounds[-1].model_copy(update={"trace": traced.trace})

    def decide(self, evidence: BlobRef) -> Steps[ImprovementOutcome]:
        """Step 4, accepted."""
        request = DecideRequest(
            model=self.order.model,
            run=self.order.run,
            manifest=self.order.manifest,
            evidence=evidence,
            round=self.number,
            validated_by=self.order.validated_by,
        )
        decided = yield from self.step(decide_action, request, deciding(self.retry))
        if decided.outcome == "void":
            return (yield from self.give_up("the champion moved while the loop ran: its evidence is void", None))
        if decided.outcome == "rejected":
            return (yield from self.give_up(decided.decision.reason, None))
        return ImprovementOutcome(
            outcome=decided.outcome,
            model=self.order.model,
            run=self.order.run,
            reason=decided.decision.reason,
            rounds=tuple(self.rounds),
            spent=self.spent,
            decision=decided.decision,
            challenger_version=decided.decision.challenger_version,
            champion_version=decided.champion_version,
            review_id=decided.review_id,
        )

    def give_up(self, reason: str, failure: Failure | None) -> Steps[ImprovementOutcome]:
        """Step 4, rejected: notify a person of what was tried and how it ended."""
        outcome: Literal["failed", "rejected"] = "rejected" if failure is None else "failed"
        said = reason if failure is None else f"{failure.step} failed: {failure.code}: {failure.message}"
        request = AlertRequest(
            key=f"{self.order.run}:{outcome}",
            model=self.order.model,
            run=self.order.run,
            rule=f"improvement_{outcome}",
            severity="warning" if failure is None else "critical",
            title=f"{self.order.model} could not be improved in {len(self.rounds)} rounds",
            detail=_story(self.rounds, said),
            at=self.context.current_utc_datetime,
        )
        yield from call(self.context, send_alert, request, self.retry)
        return ImprovementOutcome(
            outcome=outcome,
            model=self.order.model,
            run=self.order.run,
            reason=said,
            rounds=tuple(self.rounds),
            spent=self.spent,
            failure=failure,
        )

    def set_status(self, step: str) -> None:
        """Set the custom status that people see while the loop goes on."""
        set_step(self.context, step, round=self.number)


def _story(rounds: list[Round], said: str) -> str:
    each = _STORY // max(len(rounds), 1)
    return "\n".join((*(_round_line(item)[:each] for item in rounds), said[:_CONCLUSION]))


def _round_line(item: Round) -> str:
    judged = item.error or (item.criticism.reason if item.criticism else "not judged")
    # One line each: no text of a model, a job or the data can look like another round.
    return escaped(f"round {item.number}: {item.plan.action.kind} ({item.plan.rationale}): {judged}")
