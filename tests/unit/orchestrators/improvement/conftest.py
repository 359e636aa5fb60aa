"""An improvement loop on the real engine, and what its activities answer."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from local_host.testing.virtual_engine import VirtualEngine
from nightshift.domain.champions.decision import Decision
from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.loop import Budget, Critique, Feedback, ImprovementPolicy, Judgement, Planned
from nightshift.domain.improvement.messages import (
    CritiqueResult,
    ImprovementInput,
    ImprovementOutcome,
    PlanImprovementResult,
    TraceRoundResult,
)
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.lifecycle.job import JobRun
from nightshift.domain.lifecycle.run import DecideResult, EvaluateResult
from nightshift.domain.platform.names import IMPROVEMENT
from nightshift.domain.platform.step import Done, Failure, JobSettings
from nightshift.domain.uploads.upload import BlobRef
from tests.support.evidence_examples import make_evidence
from tests.unit.orchestrators.conftest import Script, job_status

ID = "improvement-m-1"
Run = Callable[..., Awaitable[ImprovementOutcome]]
START = BlobRef(container="evidence", name="start.json")
MANIFEST = BlobRef(container="silver", name="manifest.json")
# A round's job of a quarter of an hour, at 3 DBU an hour.
SECONDS, DBU = 900.0, 0.75
NOTHING_LEFT = "nothing is left to try that the spec allows and the budget pays for"


def planned(days: int, *, tokens: int = 0, note: str = "", rationale: str = "") -> PlanImprovementResult:
    """A plan to train on so many days."""
    action = AdjustTrainingWindow(days=days)
    plan = Plan(action=action, rationale=rationale or f"{days} days", expected_effect="less error")
    made = Planned(plan=plan, planned_by="rules", tokens=tokens, note=note)
    return PlanImprovementResult(planned=made)


def no_plan(*, tokens: int = 0, note: str = "") -> PlanImprovementResult:
    """Nothing left to try."""
    return PlanImprovementResult(planned=Planned(plan=None, planned_by="rules", tokens=tokens, note=note))


def evidence(number: int) -> BlobRef:
    """Where the evidence of a round is."""
    return BlobRef(container="evidence", name=f"evidence-{number}.json")


def evaluated(number: int) -> EvaluateResult:
    """The evaluation of a round, which is look ``number`` at the holdout."""
    summary = make_evidence(challenger_version=str(number + 1))
    return EvaluateResult(evidence=evidence(number), summary=summary, look=number)


def criticised(judgement: Judgement, reason: str = "because") -> CritiqueResult:
    """A judgement."""
    feedback = Feedback(gaps=(), likely_reason=reason)
    criticism = Critique(judgement=judgement, rule="rule", reason=reason, feedback=feedback, confidence=0.97)
    return CritiqueResult(criticism=criticism, ledger=1)


def decided(outcome: Any, action: Any = "promote", reason: str = "better") -> DecideResult:
    """What the lifecycle's gate did."""
    decision = Decision(
        action=action,
        rule="rule",
        reason=reason,
        model="m",
        challenger_version="2",
        champion_version="1",
        evidence_digest="e",
    )
    return DecideResult(decision=decision, outcome=outcome, champion_version="2", ledger=1)


def failure(step: str, code: str = "service_refused", message: str = "403", **fields: Any) -> Failure:
    """A step that has failed for good."""
    return Failure(step=step, code=code, message=message, fields=fields)


def alert(script: Script) -> dict[str, Any]:
    """The one alert that people got."""
    (found,) = script.asked("send_alert")
    return found


@pytest.fixture
def script() -> Script:
    """A loop whose first round is accepted and promoted."""
    result = Script()
    result.on("plan_improvement", *(planned(30 * number) for number in range(1, 11)))
    result.on("trigger_databricks_job", *(JobRun(run_id=number) for number in range(1, 31)))
    result.on("poll_job_status", job_status("succeeded", seconds=SECONDS))
    result.on("cancel_databricks_job", Done())
    result.on("evaluate_metrics", *(evaluated(number) for number in range(1, 11)))
    result.on("criticise_round", criticised("accept"))
    result.on("trace_round", *(TraceRoundResult(trace=f"tr-{number}") for number in range(1, 11)))
    result.on("decide_action", decided("promoted"))
    result.on("send_alert", Done())
    return result


@pytest.fixture
def start(engine: VirtualEngine, settings: JobSettings) -> Callable[..., Awaitable[None]]:
    """Start a loop under a policy."""

    async def begin(**policy: Any) -> None:
        given: dict[str, Any] = {"budget": Budget(job_runs=6, dbu=50, tokens=1_000)} | policy
        order = ImprovementInput(
            model="m",
            run=ID,
            validated_by="lifecycle-m-1",
            manifest=MANIFEST,
            evidence=START,
            job=settings,
            policy=ImprovementPolicy(**given),
        )
        await engine.start_instance(IMPROVEMENT, json.dumps(order.model_dump_json()), ID)

    return begin


@pytest.fixture
def run(engine: VirtualEngine, start: Callable[..., Awaitable[None]]) -> Run:
    """Run a loop to its end and return its outcome."""

    async def whole(**policy: Any) -> ImprovementOutcome:
        await start(**policy)
        status = await engine.wait_for_completion(ID)
        return ImprovementOutcome.from_json(status.output)

    return whole
