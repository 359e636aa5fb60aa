"""The courses that are recorded: each orchestrator to each of its ends, through every wait that it has."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from nightshift.domain.champions.decision import Decision
from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.loop import Budget, Critique, Feedback, ImprovementPolicy, Judgement, Planned
from nightshift.domain.improvement.messages import (
    CritiqueResult,
    ImprovementInput,
    ImproveOrder,
    ImproveOrdered,
    PlanImprovementResult,
    TraceRoundResult,
)
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.lifecycle.job import JobRun, JobState, JobStatus
from nightshift.domain.lifecycle.run import (
    Batch,
    DecideResult,
    EvaluateResult,
    JobPolled,
    LifecycleInput,
    Oversize,
    QueueInput,
    Recorded,
    Validated,
    ValidationOrderRef,
    WithdrawResult,
)
from nightshift.domain.platform import names
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.spec import Polling
from nightshift.domain.platform.step import Done, Failure, JobSettings, RetryPolicy
from nightshift.domain.response.incident import ActionState, IncidentAction, Verdict
from nightshift.domain.response.messages import (
    EndpointTarget,
    MitigationResult,
    MoveServingResult,
    PlannedResponse,
    ResponseInput,
    ResponsePlan,
    RetrainingState,
    UndoRequest,
    UndoResult,
    Verification,
)
from nightshift.domain.response.mitigations import Mitigation
from nightshift.domain.reviews.messages import ReviewInput, ReviewResult
from nightshift.domain.reviews.policy import ReviewStep
from nightshift.domain.reviews.review import ReviewState
from nightshift.domain.uploads.contract import ContractReport, Violation
from nightshift.domain.uploads.dataset import PartReport
from nightshift.domain.uploads.upload import BlobRef, Upload
from tests.histories.recording import Case, Pass, Raise
from tests.support.evidence_examples import make_evidence

Answers = Mapping[str, Sequence[Message | Exception]]
# When the recorder's clock begins.
BEGIN = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
# HandDriven takes a ValueError for an activity that has failed.
AWAY = ValueError("the service does not answer")
# A history with every retry of a real order would be long and say nothing more.
RETRY_POLICY = RetryPolicy(attempts=3, seconds=15)


def _blob(name: str) -> BlobRef:
    return BlobRef(container="evidence", name=name, etag='"1"')


def _upload(name: str) -> Upload:
    return Upload(
        url=f"https://account/bronze/m/{name}",
        container="bronze",
        name=f"m/{name}",
        etag='"1"',
        size=1,
        event_time=BEGIN,
        event_id=name,
    )


UPLOADS = (_upload("a.csv"), _upload("b.csv"))
JOB = JobSettings(job="nightshift-training", max_attempts=2, retry_seconds=60, polling=Polling(timeout_seconds=1_200))
VALID = Validated(parts=(), manifest=_blob("manifest.json"), reports=_blob("reports.json"), job=JOB)
STARTED = JobRun(run_id=7, url="https://workspace/run/7")
DECISION = Decision(
    action="promote",
    rule="better",
    reason="better beyond noise",
    model="m",
    challenger_version="2",
    champion_version="1",
    evidence_digest="e",
)
EVALUATED = EvaluateResult(
    evidence=_blob("evidence.json"),
    summary=make_evidence(),
    look=1,
)
SERVED = MoveServingResult(moved=True, detail="endpoint revenue serves version 2")
NOT_YET = MoveServingResult(detail="its update goes on")
NOT_SERVED = MoveServingResult(failed=True, detail="its update failed")


def _job(state: JobState, **more: Any) -> JobPolled:
    return JobPolled(status=JobStatus(run_id=7, state=state, seconds=60, **more))


def _decided(outcome: Any, **more: Any) -> DecideResult:
    return DecideResult(decision=DECISION, outcome=outcome, champion_version="2", ledger=1, **more)


_RUNNING: Answers = {
    "publish_event": [Done()],
    "validate_data": [VALID],
    "trigger_databricks_job": [STARTED],
    "poll_job_status": [_job("running"), _job("succeeded")],
    "evaluate_metrics": [EVALUATED],
    "decide_action": [_decided("promoted")],
    "send_alert": [Done()],
    "record_halt": [Recorded(ledger=1)],
}


def _lifecycle(name: str, answers: Answers, *moves: Raise | Pass) -> Case:
    run = f"{names.LIFECYCLE}-m-{name}"
    return Case(
        names.LIFECYCLE,
        name,
        LifecycleInput(model="m", run=run, uploads=UPLOADS, patience=RETRY_POLICY),
        {**_RUNNING, **answers},
        moves,
    )


_REFUSED = Validated(
    **VALID.model_dump(exclude={"parts", "refused"}),
    parts=(
        PartReport(
            upload=UPLOADS[1],
            digest="d",
            report=ContractReport(rows=1, violations=(Violation(rule="columns", message="a column is missing"),)),
        ),
    ),
    refused=("m/b.csv",),
)
_OVERSIZE = Oversize(
    oversize=(ValidationOrderRef(identity="u1", order=_blob("order.json"), report=_blob("report.json")),), job=JOB
)
_AFTER_REJECTION = ImprovementPolicy(after=("worse",))


def _planned(days: int) -> PlanImprovementResult:
    plan = Plan(action=AdjustTrainingWindow(days=days), rationale="old rows mislead", expected_effect="less error")
    return PlanImprovementResult(planned=Planned(plan=plan, planned_by="rules", tokens=10))


def _criticised(judgement: Judgement) -> CritiqueResult:
    feedback = Feedback(gaps=(), likely_reason="too few rows")
    found = Critique(judgement=judgement, rule="rule", reason="because", feedback=feedback, confidence=0.97)
    return CritiqueResult(criticism=found, ledger=2)


_LOOP: Answers = {
    **_RUNNING,
    "plan_improvement": [_planned(30), _planned(60)],
    "criticise_round": [_criticised("retry"), _criticised("accept")],
    "trace_round": [TraceRoundResult(trace="tr-1")],
}
_NOTHING_LEFT = PlanImprovementResult(planned=Planned(plan=None, planned_by="rules", note="all was tried"))


def _improvement(name: str, answers: Answers) -> Case:
    order = ImprovementInput(
        model="m",
        run=f"{names.IMPROVEMENT}-m-{name}",
        validated_by="lifecycle-m-1",
        manifest=_blob("manifest.json"),
        evidence=_blob("evidence.json"),
        job=JOB,
        policy=ImprovementPolicy(budget=Budget(job_runs=5)),
        patience=RETRY_POLICY,
    )
    return Case(names.IMPROVEMENT, name, order, {**_LOOP, **answers})


def _plan(
    *mitigations: Mitigation, verdict: Verdict = "act", until: timedelta | None = None, verify: float = 10
) -> PlannedResponse:
    return PlannedResponse(
        plan=ResponsePlan(
            verdict=verdict,
            rule="playbook",
            reason="the playbook's line",
            mitigations=mitigations,
            until=None if until is None else BEGIN + until,
            verify_minutes=verify,
            pause_minutes=60,
        )
    )


def _done(mitigation: Mitigation, state: ActionState = "done", **more: Any) -> MitigationResult:
    action = IncidentAction(mitigation=mitigation, state=state, detail=f"{mitigation}: {state}", at=BEGIN)
    return MitigationResult(action=action, **more)


_SERVE = EndpointTarget(endpoint="revenue", model="m", version="1")
_ANSWERING: Answers = {
    "plan_response": [_plan("rollback", "notify")],
    "roll_back": [_done("rollback", serve=_SERVE)],
    "move_serving": [NOT_YET, SERVED],
    "settle_mitigation": [Done()],
    "tell_on_call": [_done("notify")],
    "verify_recovery": [Verification(), Verification(recovered=True)],
    "undo_mitigations": [UndoResult(undone=("rollback",), serve=_SERVE)],
    "retrain": [_done("retrain", "begun", identity="u1")],
    "read_retraining": [RetrainingState(), RetrainingState(run="lifecycle-m-u1", outcome="promoted")],
    "pause_compute": [_done("pause_compute", resume_at=BEGIN + timedelta(hours=1))],
    "resume_compute": [Done()],
}
_CHANGED = Raise(names.INCIDENT_CHANGED, {"incident": "i1"})


def _response(name: str, answers: Answers, *moves: Raise | Pass, again: bool = False) -> Case:
    order = ResponseInput(model="m", incident_id="i1", again=again, patience=RETRY_POLICY)
    return Case(names.RESPONSE, name, order, {**_ANSWERING, **answers}, moves)


def _reviewed(state: ReviewState, *steps: ReviewStep, **more: Any) -> ReviewResult:
    return ReviewResult(state=state, steps=steps, run="lifecycle-m-1", **more)


def _step(kind: Any, after: timedelta, contact: str = "") -> ReviewStep:
    return ReviewStep(kind=kind, at=BEGIN + after, contact=contact)


_LADDER = (
    _step("remind", timedelta(hours=1)),
    _step("escalate", timedelta(hours=4), "manager"),
    _step("expire", timedelta(days=14)),
)
_REVIEWING: Answers = {
    "tell_reviewers": [_reviewed("open", *_LADDER)],
    "expire_review": [_reviewed("expired")],
    "act_on_review": [_reviewed("promoted")],
    "settle_review": [_reviewed("promoted")],
    "publish_event": [Done()],
    "send_alert": [Done()],
    "move_serving": [NOT_YET, SERVED],
    "order_improvement": [ImproveOrdered(identity="u1", improves="lifecycle-m-1", files=("m/a.csv",))],
}
_DECIDED = Raise(names.REVIEW_DECIDED, {"choice": "approved"})
_ENDPOINT: dict[str, Any] = {"endpoint": "revenue", "version": "2"}


def _review(name: str, answers: Answers, *moves: Raise | Pass) -> Case:
    return Case(
        names.REVIEW,
        name,
        ReviewInput(model="m", review_id="r1", patience=RETRY_POLICY),
        {**_REVIEWING, **answers},
        moves,
    )


def _undo(name: str, answers: Answers) -> Case:
    order = UndoRequest(model="m", incident_id="i1", actor="ann", comment="it was right", patience=RETRY_POLICY)
    return Case(names.UNDO, name, order, {**_ANSWERING, **answers})


_IMPROVE = ImproveOrder(model="m", run="lifecycle-m-1", by="ann", reason="try the other features")
_REFUSAL = Failure(step="a step", code="service_refused", message="403")

CASES: tuple[Case, ...] = (
    # The queue: a batch, then none; and a run that breaks off.
    Case(
        names.MODEL_QUEUE,
        "one-batch",
        QueueInput(model="m", generation=1),
        {
            **_RUNNING,
            "claim_uploads": [Batch(run="lifecycle-m-queued", uploads=UPLOADS, patience=RETRY_POLICY), Batch()],
        },
    ),
    Case(
        names.MODEL_QUEUE,
        "broken-run",
        QueueInput(model="m", generation=2),
        {
            **_RUNNING,
            "claim_uploads": [AWAY, Batch(run="lifecycle-m-broken", uploads=UPLOADS, patience=RETRY_POLICY), Batch()],
            "validate_data": [_REFUSAL],
            "record_halt": [AWAY],
        },
    ),
    _lifecycle("promoted", {}),
    _lifecycle(
        "served",
        {"decide_action": [_decided("promoted", endpoint="revenue")], "move_serving": [NOT_YET, SERVED]},
    ),
    _lifecycle(
        "not-served",
        {
            "decide_action": [_decided("promoted", endpoint="revenue")],
            "move_serving": [NOT_SERVED, NOT_YET, SERVED],
            "withdraw_promotion": [WithdrawResult(version="1", detail="version 1 is champion again")],
        },
    ),
    _lifecycle("called", {}, Raise(names.job_finished(7), {})),
    _lifecycle("validated-by-a-job", {"validate_data": [_OVERSIZE, _REFUSED]}),
    _lifecycle("halted", {"validate_data": [_REFUSAL]}),
    _lifecycle("away", {"publish_event": [AWAY], "validate_data": [AWAY]}),
    _lifecycle(
        "lost-cluster", {"poll_job_status": [AWAY, _job("internal_error", message="spot loss"), _job("succeeded")]}
    ),
    _lifecycle("overdue", {"poll_job_status": [_job("running")], "cancel_databricks_job": [Done()]}),
    _lifecycle(
        "void",
        {"decide_action": [_decided("void"), _decided("flagged", review_id="r1")]},
    ),
    _lifecycle(
        "improved",
        {**_LOOP, "decide_action": [_decided("rejected", improve=_AFTER_REJECTION), _decided("promoted")]},
    ),
    _improvement("accepted", {}),
    _improvement("exhausted", {"plan_improvement": [_planned(30), _NOTHING_LEFT]}),
    _improvement("rejected", {"criticise_round": [_criticised("reject")]}),
    _improvement("failed", {"plan_improvement": [AWAY]}),
    _improvement(
        "failed-job",
        {
            "poll_job_status": [_job("failed", error="ValueError: no such column")],
            "criticise_round": [_criticised("reject")],
        },
    ),
    _response("recovered", {}),
    _response("not-recovered", {"verify_recovery": [Verification(), Verification(recovered=False, detail="no")]}),
    _response("not-served", {"move_serving": [NOT_SERVED, NOT_YET, SERVED]}),
    _response("retrained", {"plan_response": [_plan("retrain")]}),
    _response("paused", {"plan_response": [_plan("pause_compute")]}),
    _response("asked", {"plan_response": [_plan("ask")], "tell_on_call": [_done("ask", escalate=True)]}),
    _response(
        "held",
        {
            "plan_response": [
                _plan(verdict="hold", until=timedelta(hours=4)),
                _plan(verdict="hold", until=timedelta(hours=4)),
                _plan("notify"),
            ]
        },
        Pass(timedelta(minutes=5)),
        _CHANGED,
    ),
    # A maintenance window of ten days: longer than a timer of Azure Storage.
    _response("muted", {"plan_response": [_plan(verdict="mute", until=timedelta(days=10)), _plan("notify")]}),
    _response("again", {}, again=True),
    _response("unplanned", {"plan_response": [_REFUSAL]}),
    _review("approved", {}, Pass(timedelta(hours=2)), _DECIDED),
    _review("approved-late", {}, Pass(timedelta(days=9)), _DECIDED),
    _review("expired", {"act_on_review": [_reviewed("expired")]}),
    _review("served", {"act_on_review": [_reviewed("approved", **_ENDPOINT)]}, _DECIDED),
    _review(
        "not-served",
        {
            "act_on_review": [_reviewed("approved", **_ENDPOINT)],
            "move_serving": [NOT_SERVED],
            "settle_review": [_reviewed("failed", endpoint="revenue", version="1")],
        },
        _DECIDED,
    ),
    _review(
        "improved",
        {
            "tell_reviewers": [_reviewed("improving")],
            "act_on_review": [_reviewed("improving", improve=_IMPROVE)],
            "settle_review": [_reviewed("improving")],
        },
    ),
    _review(
        "not-decided",
        {
            "tell_reviewers": [_reviewed("open", *_LADDER), _reviewed("approved")],
            "act_on_review": [_reviewed("open"), _reviewed("promoted")],
        },
        _DECIDED,
    ),
    _review("away", {"act_on_review": [AWAY, AWAY, AWAY, _reviewed("promoted")]}, _DECIDED),
    _review("refused", {"act_on_review": [_REFUSAL]}, _DECIDED),
    _undo("taken-back", {}),
    _undo("nothing", {"undo_mitigations": [AWAY, UndoResult(refused=("nothing was done",))]}),
    _undo("away", {"undo_mitigations": [AWAY]}),
)
