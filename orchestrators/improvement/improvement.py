"""The improvement loop: planner, executor, critic, a few times; then the lifecycle's own gate, or a person."""

import math
from collections.abc import Generator
from datetime import datetime
from typing import Any, Literal

import azure.durable_functions as df

from nightshift.domain.improvement.loop import Budget, Criticism, Planned, Round
from nightshift.domain.improvement.messages import (
    CriticiseRequest,
    CriticiseResult,
    ImprovementInput,
    ImprovementOutcome,
    PlanImprovementRequest,
    PlanImprovementResult,
    TraceRoundRequest,
    TraceRoundResult,
)
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.lifecycle.run import (
    AlertRequest,
    DecideRequest,
    DecideResult,
    EvaluateRequest,
    EvaluateResult,
    TriggerRequest,
)
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import (
    CRITICISE_ROUND,
    DECIDE_ACTION,
    EVALUATE_METRICS,
    PLAN_IMPROVEMENT,
    SEND_ALERT,
    TRACE_ROUND,
)
from nightshift.domain.platform.step import Failure, Patience
from nightshift.domain.platform.text import escaped
from nightshift.domain.uploads.upload import BlobRef
from orchestrators.lifecycle.job import JobEnd, run_job
from orchestrators.lifecycle.lifecycle import DECIDING_ATTEMPTS
from orchestrators.platform.failures import reason_of
from orchestrators.platform.retries import steadily
from orchestrators.platform.versions import tell_step

Steps = Generator[Any, Any, Any]
_HOUR = 3600
# A trace is for people to look at later: a loop does not wait minutes for it.
TRACING = Patience(attempts=3, seconds=5)
# An alert takes 8,000 characters: all rounds share most of them, so that none is cut off by those before it.
_STORY, _CONCLUSION = 6_000, 1_500


def improvement(context: df.DurableOrchestrationContext) -> Steps:
    """Improve a model whose challenger was rejected.

    1. ``plan_improvement``: what to try next, from the evidence and everything tried before.
    2. The training job carries the plan out; its challenger is scored beside the champion.
    3. ``evaluate_metrics`` at the confidence of this look at the holdout; ``criticise_round``: accept, retry, reject.
    4. Accepted: ``decide_action``, the lifecycle's own gate. Rejected, or nothing left to try: a person is told the
       story of the rounds.
    """
    order = ImprovementInput.from_json(context.get_input())
    outcome = yield from _Loop(context, order).run()
    return outcome.to_json()


class _Loop:
    """The steps of one loop; it holds nothing that replay would not build again."""

    def __init__(self, context: df.DurableOrchestrationContext, order: ImprovementInput) -> None:
        self.context = context
        self.order = order
        self.number = 1
        self.rounds: list[Round] = []
        self.spent = Budget(job_runs=0, dbu=0, tokens=0)
        self.evidence = order.evidence

    def run(self) -> Generator[Any, Any, ImprovementOutcome]:
        """All rounds, then the end."""
        reason, failure = "", None
        for number in range(1, self.order.policy.max_iterations + 1):
            self.number = number
            began = self.context.current_utc_datetime
            planned = yield from self.plan()
            if planned.failure is not None or planned.planned is None:
                self.spent = self.spent.plus(Budget(job_runs=0, dbu=0, tokens=planned.tokens))
                failure = planned.failure
                break
            if planned.planned.plan is None:
                reason = self.exhausted(planned.planned)
                break
            planned_at = self.context.current_utc_datetime
            evidence, look = yield from self.execute(planned.planned, planned.planned.plan)
            executed_at = self.context.current_utc_datetime
            judged = yield from self.criticise(evidence, look)
            if judged.failure is not None or judged.criticism is None:
                failure = judged.failure
                break
            criticism = judged.criticism
            self.rounds[-1] = self.rounds[-1].model_copy(update={"criticism": criticism})
            yield from self.trace((began, planned_at, executed_at, self.context.current_utc_datetime))
            reason = criticism.reason
            if criticism.judgement == "accept" and evidence is not None:
                return (yield from self.decide(evidence, criticism))
            if criticism.judgement == "reject":
                break
        return (yield from self.give_up(reason, failure))

    def plan(self) -> Generator[Any, Any, PlanImprovementResult]:
        """Step 1."""
        request = PlanImprovementRequest(
            model=self.order.model,
            run=self.order.run,
            manifest=self.order.manifest,
            evidence=self.evidence,
            rounds=tuple(self.rounds),
            spent=self.spent,
        )
        return PlanImprovementResult.from_json((yield from self.step(PLAN_IMPROVEMENT, request)))

    def exhausted(self, planned: Planned) -> str:
        """No plan: what was asked of a language model for nothing counts all the same."""
        self.spent = self.spent.plus(Budget(job_runs=0, dbu=0, tokens=planned.tokens))
        reason = f"after {len(self.rounds)} rounds nothing is left to try that the spec allows and the budget pays for"
        return f"{reason} ({planned.note})" if planned.note else reason

    def execute(self, planned: Planned, plan: Plan) -> Generator[Any, Any, tuple[BlobRef | None, int]]:
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
        end: JobEnd = yield from run_job(self.context, request, job, self.order.patience, self.tell, most)
        cost = Budget(
            job_runs=len(end.run_ids),
            dbu=end.seconds / _HOUR * self.order.policy.dbu_per_hour,
            tokens=planned.tokens,
        )
        self.spent = self.spent.plus(cost)
        result, failure = EvaluateResult(), end.failure
        if failure is None:
            evaluate = EvaluateRequest(
                model=self.order.model,
                run=self.order.run,
                manifest=self.order.manifest,
                round=self.number,
                counted=True,
            )
            result = EvaluateResult.from_json((yield from self.step(EVALUATE_METRICS, evaluate)))
            failure = result.failure
        self.rounds.append(
            Round(
                number=self.number,
                plan=plan,
                planned_by=planned.planned_by,
                planner_note=planned.note,
                refused=planned.refused,
                job_runs=end.run_ids,
                version=result.summary.challenger_version if result.summary else None,
                metrics=result.summary.metrics if result.summary else (),
                spent=cost,
                error=f"{failure.code}: {failure.message}"[:2_000] if failure else "",
            )
        )
        self.evidence = result.evidence or self.evidence
        return result.evidence, result.look

    def criticise(self, evidence: BlobRef | None, look: int) -> Generator[Any, Any, CriticiseResult]:
        """Step 3."""
        request = CriticiseRequest(
            model=self.order.model,
            run=self.order.run,
            manifest=self.order.manifest,
            evidence=evidence,
            start=self.order.evidence,
            rounds=tuple(self.rounds),
            spent=self.spent,
            look=look,
        )
        return CriticiseResult.from_json((yield from self.step(CRITICISE_ROUND, request)))

    def trace(self, times: tuple[datetime, datetime, datetime, datetime]) -> Steps:
        """Keep the round as an MLflow trace; the loop goes on without one where MLflow does not take it."""
        before = self.rounds[-2].criticism if len(self.rounds) > 1 else None
        request = TraceRoundRequest(
            model=self.order.model,
            run=self.order.run,
            round=self.rounds[-1],
            times=times,
            feedback=before.feedback.likely_reason if before else "",
        )
        traced = TraceRoundResult.from_json((yield from self.step(TRACE_ROUND, request, TRACING)))
        self.rounds[-1] = self.rounds[-1].model_copy(update={"trace": traced.trace})

    def decide(self, evidence: BlobRef, criticism: Criticism) -> Generator[Any, Any, ImprovementOutcome]:
        """Step 4, accepted."""
        request = DecideRequest(
            model=self.order.model,
            run=self.order.run,
            manifest=self.order.manifest,
            evidence=evidence,
            round=self.number,
            validated_by=self.order.validated_by,
        )
        patience = self.order.patience
        patience = patience.model_copy(update={"attempts": max(patience.attempts, DECIDING_ATTEMPTS)})
        decided = DecideResult.from_json((yield from self.step(DECIDE_ACTION, request, patience)))
        if decided.failure is not None:
            return (yield from self.give_up(criticism.reason, decided.failure))
        if decided.decision is None or decided.outcome is None or decided.outcome == "void":
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

    def give_up(self, reason: str, failure: Failure | None) -> Generator[Any, Any, ImprovementOutcome]:
        """Step 4, rejected: tell a person what was tried and what came of it."""
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
        yield steadily(self.context, SEND_ALERT, request, self.order.patience)
        return ImprovementOutcome(
            outcome=outcome,
            model=self.order.model,
            run=self.order.run,
            reason=said,
            rounds=tuple(self.rounds),
            spent=self.spent,
            failure=failure,
        )

    def step(self, activity: str, message: Message, patience: Patience | None = None) -> Steps:
        """Call an activity; when its patience is used up, its result is a failure like any other."""
        self.tell(activity)
        try:
            return (yield steadily(self.context, activity, message, patience or self.order.patience))
        except Exception as error:  # noqa: BLE001 - Durable raises the bare class when the retries are used up
            failure = Failure(step=activity, code="service_unavailable", message=reason_of(error))
            return {"failure": failure.to_json()}

    def tell(self, step: str) -> None:
        """Set the custom status that people see while the loop goes on."""
        tell_step(self.context, step, round=self.number)


def _story(rounds: list[Round], said: str) -> str:
    each = _STORY // max(len(rounds), 1)
    return "\n".join((*(_told(item)[:each] for item in rounds), said[:_CONCLUSION]))


def _told(item: Round) -> str:
    judged = item.error or (item.criticism.reason if item.criticism else "not judged")
    # One line each: no text of a model, a job or the data can look like another round.
    return escaped(f"round {item.number}: {item.plan.action.kind} ({item.plan.rationale}): {judged}")
