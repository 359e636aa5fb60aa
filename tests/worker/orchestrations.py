"""Each orchestrator, with what its activities answer, and what it must have begun in which order.

The long waits are there on purpose: a review that is decided on its second day and would expire after a fortnight, a
maintenance window of ten days, a compute lease of eight. Azure Storage makes a timer over six days of shorter ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nightshift.domain.champions.decision import Decision
from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.loop import Budget, Critique, Feedback, ImprovementPolicy, Planned
from nightshift.domain.improvement.messages import (
    CritiqueResult,
    ImprovementInput,
    PlanImprovementResult,
    TraceRoundResult,
)
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.lifecycle.job import JobRun, JobStatus
from nightshift.domain.lifecycle.run import (
    Batch,
    DecideResult,
    EvaluateResult,
    JobPolled,
    LifecycleInput,
    QueueInput,
    Recorded,
    Validated,
)
from nightshift.domain.platform import names
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.spec import Polling
from nightshift.domain.platform.step import Done, JobSettings, RetryPolicy
from nightshift.domain.response.incident import IncidentAction, Verdict
from nightshift.domain.response.messages import (
    EndpointTarget,
    MitigationResult,
    MoveServingResult,
    PlannedResponse,
    ResponseInput,
    ResponsePlan,
    UndoRequest,
    UndoResult,
    Verification,
)
from nightshift.domain.response.mitigations import Mitigation
from nightshift.domain.reviews.messages import ReviewInput, ReviewResult
from nightshift.domain.reviews.policy import ReviewPolicy
from nightshift.domain.uploads.upload import BlobRef, Upload
from tests.unit.orchestrators.conftest import REPORTS
from tests.worker.moment import START

MODEL, RUN = "revenue_forecast", "lifecycle-revenue_forecast-1"
_DAY = timedelta(days=1)
_RETRY_POLICY = RetryPolicy(attempts=3, seconds=15)
_MANIFEST = BlobRef(container="silver", name="manifest.json")


@dataclass(frozen=True)
class Orchestration:
    """One orchestrator in one situation.

    Attributes:
        answers: as `tests.worker.extension.Scenario`.
        begun: activities and sub-orchestrations in their order.
        within: how long after the last event from outside, or the start, everything has been begun.
    """

    name: str
    situation: str
    order: Message
    answers: Mapping[str, Sequence[Any]]
    begun: tuple[str, ...]
    within: timedelta
    events: Sequence[tuple[timedelta, str, Any]] = ()
    parent: str | None = None


def orchestrations() -> Iterator[Orchestration]:
    """All of them."""
    yield from _queues()
    yield from _lifecycles()
    yield _improvement()
    yield from _responses()
    yield from _reviews()
    yield _undo()


def _answers(**given: Any) -> dict[str, list[Any]]:
    """Messages as the JSON that an activity gives."""
    return {
        name: [
            item.to_json() if isinstance(item, Message) else item
            for item in (found if isinstance(found, list) else [found])
        ]
        for name, found in given.items()
    }


def _upload() -> Upload:
    return Upload(
        url="https://stdata.blob.core.windows.net/bronze/revenue_forecast/a.csv",
        container="bronze",
        name="revenue_forecast/a.csv",
        etag='"1"',
        size=1,
        event_time=START,
        event_id="event-1",
    )


def _queues() -> Iterator[Orchestration]:
    batch = Batch(run=RUN, uploads=(_upload(),), patience=_RETRY_POLICY)
    order = QueueInput(model=MODEL, generation=1)
    answers = _answers(claim_uploads=[batch], lifecycle={"outcome": "promoted"})
    yield Orchestration(
        names.MODEL_QUEUE, "a batch, then anew", order, answers, ("claim_uploads", names.LIFECYCLE),
        timedelta(minutes=1),
    )  # fmt: skip
    idle = _answers(claim_uploads=[ConnectionError("storage is away")] * 2 + [Batch()])
    begun = ("claim_uploads",) * 3
    yield Orchestration(names.MODEL_QUEUE, "storage away, then idle", order, idle, begun, timedelta(minutes=2))


def _settings() -> JobSettings:
    polling = Polling(first_seconds=10, max_seconds=60, timeout_seconds=3_600)
    return JobSettings(job="nightshift-training", max_attempts=3, retry_seconds=30, polling=polling)


def _evidence() -> Evidence:
    return Evidence(
        model=MODEL,
        challenger_version="2",
        champion_version="1",
        rows=1,
        metrics=(),
        score_run="s",
        train_run="t",
        evaluation_set_digest="e",
        predictions_digest="p",
        dataset_digest="d",
        data_source="synthetic",
        policy_digest="pd",
        spec_digest="sd",
    )


def _decided() -> DecideResult:
    decision = Decision(
        action="promote",
        rule="better",
        reason="because",
        model=MODEL,
        challenger_version="2",
        champion_version="1",
        evidence_digest="e",
    )
    return DecideResult(decision=decision, outcome="promoted", champion_version="2", ledger=1)


def _job(state: Any) -> JobPolled:
    return JobPolled(status=JobStatus(run_id=7, state=state))


def _evaluated() -> EvaluateResult:
    return EvaluateResult(evidence=BlobRef(container="evidence", name="evidence.json"), summary=_evidence())


def _lifecycles() -> Iterator[Orchestration]:
    order = LifecycleInput(model=MODEL, run=RUN, uploads=(_upload(),), patience=_RETRY_POLICY)
    good = _answers(
        validate_data=Validated(parts=(), reports=REPORTS, manifest=_MANIFEST, job=_settings()),
        trigger_databricks_job=JobRun(run_id=7),
        poll_job_status=[_job("running"), _job("running"), _job("succeeded")],
        evaluate_metrics=_evaluated(),
        decide_action=_decided(),
        publish_event=Done(),
        send_alert=Done(),
    )
    begun: tuple[str, ...] = (
        "publish_event",
        "validate_data",
        "trigger_databricks_job",
        *("poll_job_status",) * 3,
        "evaluate_metrics",
        "decide_action",
        "publish_event",
    )
    yield Orchestration(
        names.LIFECYCLE, "promoted, as a sub-orchestration", order, good, begun, timedelta(minutes=5), parent="queue-1"
    )
    away = {**good, "validate_data": [ConnectionError("storage is away")] * 3}
    halted = {**away, "record_halt": [Recorded(ledger=1).to_json()]}
    begun = ("publish_event", *("validate_data",) * 3, "record_halt", "send_alert", "publish_event")
    yield Orchestration(names.LIFECYCLE, "no retry is left", order, halted, begun, timedelta(minutes=5))


def _improvement() -> Orchestration:
    feedback = Feedback(gaps=(), likely_reason="because")
    criticism = Critique(judgement="accept", rule="rule", reason="because", feedback=feedback, confidence=0.97)
    plan = Plan(action=AdjustTrainingWindow(days=30), rationale="30 days", expected_effect="less error")
    order = ImprovementInput(
        model=MODEL,
        run="improvement-1",
        validated_by=RUN,
        manifest=_MANIFEST,
        evidence=BlobRef(container="evidence", name="start.json"),
        job=_settings(),
        policy=ImprovementPolicy(budget=Budget(job_runs=6, dbu=50, tokens=1_000)),
        patience=_RETRY_POLICY,
    )
    answers = _answers(
        plan_improvement=PlanImprovementResult(planned=Planned(plan=plan, planned_by="rules", tokens=0, note="")),
        trigger_databricks_job=JobRun(run_id=7),
        poll_job_status=[_job("running"), _job("succeeded")],
        evaluate_metrics=_evaluated(),
        criticise_round=CritiqueResult(criticism=criticism, ledger=1),
        trace_round=TraceRoundResult(trace="tr-1"),
        decide_action=_decided(),
        send_alert=Done(),
    )
    begun = (
        "plan_improvement",
        "trigger_databricks_job",
        *("poll_job_status",) * 2,
        "evaluate_metrics",
        "criticise_round",
        "trace_round",
        "decide_action",
    )
    return Orchestration(
        names.IMPROVEMENT, "accepted in the first round", order, answers, begun, timedelta(minutes=5), parent=RUN
    )


def _planned(*mitigations: Mitigation, verdict: Verdict = "act", until: datetime | None = None) -> PlannedResponse:
    plan = ResponsePlan(
        verdict=verdict,
        rule="playbook",
        reason="the playbook's line",
        mitigations=mitigations,
        until=until,
        verify_minutes=60,
    )
    return PlannedResponse(plan=plan)


def _mitigated(mitigation: Mitigation, **given: Any) -> MitigationResult:
    action = IncidentAction(mitigation=mitigation, state="done", detail=f"{mitigation} was done", at=START)
    return MitigationResult(action=action, **given)


def _responses() -> Iterator[Orchestration]:
    order = ResponseInput(model=MODEL, incident_id="i1", patience=_RETRY_POLICY)
    answers = _answers(
        plan_response=_planned("rollback", "notify"),
        roll_back=_mitigated("rollback"),
        tell_on_call=_mitigated("notify"),
        verify_recovery=[Verification(recovered=None), Verification(recovered=True)],
        pause_compute=_mitigated("pause_compute", resume_at=START + 8 * _DAY),
        resume_compute=Done(),
    )
    begun: tuple[str, ...] = ("plan_response", "roll_back", "tell_on_call", *("verify_recovery",) * 2)
    yield Orchestration(names.RESPONSE, "a rollback that helps", order, answers, begun, timedelta(hours=2))
    leased = {**answers, "plan_response": [_planned("pause_compute").to_json()]}
    begun = ("plan_response", "pause_compute", "resume_compute")
    yield Orchestration(names.RESPONSE, "a lease of eight days", order, leased, begun, 8 * _DAY + timedelta(minutes=5))
    muted = _planned(verdict="mute", until=START + 10 * _DAY)
    maintained = {**answers, "plan_response": [muted.to_json(), _planned("notify").to_json()]}
    begun = ("plan_response", "plan_response", "tell_on_call")
    yield Orchestration(
        names.RESPONSE, "maintenance of ten days, changed on the second", order, maintained, begun,
        timedelta(minutes=5), events=((2 * _DAY, "incident_changed", {}),),
    )  # fmt: skip
    yield Orchestration(
        names.RESPONSE, "maintenance of ten days", order, maintained, begun, 10 * _DAY + timedelta(minutes=5)
    )


def _reviews() -> Iterator[Orchestration]:
    policy = ReviewPolicy(expires_after_minutes=14 * 24 * 60)
    waits = ReviewResult(state="open", steps=policy.steps(START), run=RUN)
    order = ReviewInput(model=MODEL, review_id="r1", patience=_RETRY_POLICY)
    answers = _answers(
        tell_reviewers=waits,
        expire_review=ReviewResult(state="expired", run=RUN),
        act_on_review=ReviewResult(state="promoted", run=RUN),
        publish_event=Done(),
        settle_review=ReviewResult(state="promoted", run=RUN),
    )
    told = ("tell_reviewers",) * (len(policy.steps(START)))
    yield Orchestration(
        names.REVIEW, "decided on the second day of fourteen", order, answers,
        (*told, "act_on_review", "publish_event"), timedelta(minutes=5),
        events=((_DAY, names.REVIEW_DECIDED, {"choice": "approved"}),),
    )  # fmt: skip
    expired = {**answers, "act_on_review": [ReviewResult(state="expired", run=RUN).to_json()]}
    yield Orchestration(
        names.REVIEW, "expires after fourteen days", order, expired, (*told, "expire_review", "act_on_review"),
        14 * _DAY + timedelta(minutes=5),
    )  # fmt: skip


def _undo() -> Orchestration:
    order = UndoRequest(model=MODEL, incident_id="i1", actor="ann", comment="it was right", patience=_RETRY_POLICY)
    serve = EndpointTarget(endpoint="revenue", model=MODEL, version="3")
    down = ConnectionError("MLflow is away")
    answers = _answers(
        undo_mitigations=[down, down, UndoResult(undone=("rollback",), serve=serve)],
        move_serving=[MoveServingResult(), MoveServingResult(moved=True, detail="it serves version 3")],
    )
    begun = (*("undo_mitigations",) * 3, *("move_serving",) * 2)
    return Orchestration(names.UNDO, "after two failures", order, answers, begun, timedelta(minutes=5))
