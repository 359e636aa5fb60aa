"""The improvement loop: planner, executor, critic, a few times; then the lifecycle's own gate, or a person."""

from collections.abc import Generator
from typing import Any, Literal

import azure.durable_functions as df

from domain.improvement import Budget, Criticism, Planned, Round
from domain.message import Message
from domain.names import CRITICISE_ROUND, DECIDE_ACTION, EVALUATE_METRICS, PLAN_IMPROVEMENT, SEND_ALERT
from domain.plan import PlanOrder
from domain.run import (
    AlertRequest,
    CriticiseRequest,
    CriticiseResult,
    DecideRequest,
    DecideResult,
    EvaluateRequest,
    EvaluateResult,
    Failure,
    ImprovementInput,
    ImprovementOutcome,
    PlanImprovementRequest,
    PlanImprovementResult,
    TriggerRequest,
)
from domain.upload import BlobRef
from orchestrators.job import JobEnd, run_job
from orchestrators.retries import steadily

Steps = Generator[Any, Any, Any]
_HOUR = 3600


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
        self.rounds: list[Round] = []
        self.spent = Budget(job_runs=0, dbu=0, tokens=0)
        self.evidence = order.evidence

    def run(self) -> Generator[Any, Any, ImprovementOutcome]:
        """All rounds, then the end."""
        reason, failure = "", None
        for number in range(1, self.order.policy.max_iterations + 1):
            planned = yield from self.plan()
            if planned.failure is not None or planned.planned is None:
                failure = planned.failure
                break
            if planned.planned.plan is None or planned.order is None:
                reason = f"after {len(self.rounds)} rounds nothing is left to try that the spec allows"
                break
            evidence, look = yield from self.execute(number, planned.planned, planned.order)
            judged = yield from self.criticise(evidence, look)
            if judged.failure is not None or judged.criticism is None:
                failure = judged.failure
                break
            criticism = judged.criticism
            self.rounds[-1] = self.rounds[-1].model_copy(update={"criticism": criticism})
            reason = criticism.reason
            if criticism.judgement == "accept" and evidence is not None:
                return (yield from self.decide(number, evidence, criticism))
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

    def execute(
        self, number: int, planned: Planned, order: PlanOrder
    ) -> Generator[Any, Any, tuple[BlobRef | None, int]]:
        """Step 2 and the evaluation of step 3; a job that fails is a round without evidence."""
        assert planned.plan is not None, "an order comes from a plan"
        request = TriggerRequest(
            model=self.order.model,
            run=self.order.run,
            job=self.order.job.job,
            purpose="train",
            attempt=1,
            round=number,
            dataset=self.order.manifest,
            plan=order,
        )
        end: JobEnd = yield from run_job(self.context, request, self.order.job, self.order.patience, self.tell)
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
                round=number,
                counted=True,
            )
            result = EvaluateResult.from_json((yield from self.step(EVALUATE_METRICS, evaluate)))
            failure = result.failure
        self.rounds.append(
            Round(
                number=number,
                plan=planned.plan,
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

    def decide(self, number: int, evidence: BlobRef, criticism: Criticism) -> Generator[Any, Any, ImprovementOutcome]:
        """Step 4, accepted."""
        request = DecideRequest(
            model=self.order.model,
            run=self.order.run,
            manifest=self.order.manifest,
            evidence=evidence,
            round=number,
            validated_by=self.order.validated_by,
        )
        decided = DecideResult.from_json((yield from self.step(DECIDE_ACTION, request)))
        if decided.failure is not None:
            return (yield from self.give_up(criticism.reason, decided.failure))
        if decided.decision is None or decided.outcome is None or decided.outcome == "void":
            return (yield from self.give_up("the champion moved while the loop ran: its evidence is void", None))
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
            detail="\n".join((*(_told(item) for item in self.rounds), said))[:8_000],
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

    def step(self, activity: str, message: Message) -> Steps:
        """Call an activity; when its patience is used up, its result is a failure like any other."""
        self.tell(activity)
        try:
            return (yield steadily(self.context, activity, message, self.order.patience))
        except Exception as error:  # noqa: BLE001 - Durable raises the bare class when the retries are used up
            failure = Failure(step=activity, code="service_unavailable", message=str(error)[:4_000])
            return {"failure": failure.to_json()}

    def tell(self, step: str) -> None:
        """Set the custom status that people see while the loop goes on."""
        since = self.context.current_utc_datetime.isoformat()
        self.context.set_custom_status({"step": step, "since": since, "round": len(self.rounds) + 1})


def _told(item: Round) -> str:
    judged = item.error or (item.criticism.reason if item.criticism else "not judged")
    return f"round {item.number}: {item.plan.action.kind} ({item.plan.rationale}): {judged}"
