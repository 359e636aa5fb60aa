"""What each kind of ledger entry says, as the releases write it."""

from datetime import UTC, datetime

from nightshift.domain.champions.decision import Decision
from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.loop import Critique, Feedback
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.ledger.bodies import (
    BrokenOffBody,
    CritiqueBody,
    DecisionBody,
    HaltBody,
    ImprovementOrder,
    OutcomeBody,
    ReevaluationOrder,
    RefusalBody,
    ReviewDecisionBody,
    ReviewOutcomeBody,
    UndoOrder,
    WithdrawalBody,
)
from nightshift.domain.ledger.ledger import Body
from nightshift.domain.platform.step import Failure
from nightshift.domain.response.compute import ComputeRef
from nightshift.domain.response.mitigations import LeaseOrder, RetrainingOrder, RollbackOrder
from tests.support.evidence_examples import make_evidence
from tests.support.upload_examples import make_upload

AT = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
EVIDENCE = make_evidence()
DECISION = Decision(
    action="promote",
    rule="better",
    reason="because",
    model="m",
    challenger_version="2",
    champion_version="1",
    evidence_digest="e",
)
PLAN = Plan(action=AdjustTrainingWindow(days=90), rationale="old data misleads", expected_effect="less error")
CRITICISM = Critique(
    judgement="retry",
    rule="closer",
    reason="rmse is nearer",
    feedback=Feedback(gaps=(), likely_reason="old data"),
    confidence=0.97,
)

# One of every kind.
BODIES: tuple[Body, ...] = (
    DecisionBody(decision=DECISION, evidence=EVIDENCE, evidence_at="https://store/evidence.json"),
    OutcomeBody(outcome="promoted", champion_version="2", decision_entry=6),
    HaltBody(outcome="failed", failure=Failure(step="poll_job_status", code="job_failed", message="no such column")),
    BrokenOffBody(incident="i1", orchestration="response", reason="it was terminated"),
    RollbackOrder(incident="i1", rule="critical", reason="rmse rose", bad_version="2", target="1", alert={}),
    RetrainingOrder(
        incident="i1", rule="drift", reason="psi is 0.4", files=("a.csv",), uploads=(make_upload(),), alert={}
    ),
    LeaseOrder(
        incident="i1",
        rule="budget",
        reason="90 % is spent",
        ends=AT,
        resources=(ComputeRef(kind="sql_warehouse", id="w1"),),
        names=("reports",),
    ),
    UndoOrder(mitigation="rollback", incident="i1", comment="it was the data", undoes=4, order="o1"),
    WithdrawalBody(reason="it does not serve", back_to="1"),
    CritiqueBody(
        criticism=CRITICISM, plan=PLAN, planned_by="rules", evaluation_set_digest="abc", evidence_digest="e", look=2
    ),
    ImprovementOrder(reason="[b]more", improves="lifecycle-m-1", files=("a.csv",), uploads=(make_upload(),)),
    ReevaluationOrder(reason="the champion moved", review="v1", files=("a.csv",), uploads=(make_upload(),)),
    ReviewDecisionBody(review="v1", choice="approve", comment="known", decided_at=AT, binds={"spec_digest": "sd"}),
    ReviewOutcomeBody(review="v1", outcome="void", detail="spec changed"),
    RefusalBody(outcome="no_newer_data", refused="retrain", incident="i1", reason="upload data", champion_version="2"),
)
