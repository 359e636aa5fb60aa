"""Judge a round of the improvement loop, and write the judgement into the ledger."""

from agents.improvement.critic import evaluate_round
from agents.improvement.feedback import feedback_on
from agents.lifecycle.holdout_spending import policy_at_interim_look
from nightshift.domain.improvement.messages import CritiqueRequest, CritiqueResult, critique_key
from nightshift.domain.ledger.bodies import CritiqueBody, expect_body, record
from nightshift.domain.platform.ports import Services
from nightshift.services.lifecycle.run_files import evidence_at, manifest_at
from nightshift.services.platform.activity import activity


@activity("criticise_round")
def critique_round(services: Services, request: CritiqueRequest) -> CritiqueResult:
    """Accept, retry or reject; a repeat finds the first judgement in the ledger and keeps to it."""
    manifest = manifest_at(services.blobs, request.manifest)
    evaluation = manifest.spec.evaluation
    evidence = None if request.evidence is None else evidence_at(services.blobs, request.evidence)
    start = evidence_at(services.blobs, request.start)
    last = request.rounds[-1]
    judged = evaluate_round(
        evidence,
        policy_at_interim_look(evaluation, request.look) if request.look else evaluation,
        rounds=request.rounds,
        policy=manifest.spec.improvement,
        spent=request.spent,
        start=feedback_on(start, evaluation),
    )
    entry = services.ledger.append(
        record(
            CritiqueBody(
                criticism=judged,
                plan=last.plan,
                planned_by=last.planned_by,
                # A round without evidence was not evaluated on any holdout.
                evaluation_set_digest="" if evidence is None else evidence.evaluation_set_digest,
                evidence_digest=None if evidence is None else evidence.digest,
                look=request.look,
            ),
            key=critique_key(request.run, last.number),
            model=request.model,
            run=request.run,
            subject=f"version {last.version}" if last.version else f"round {last.number}",
        )
    )
    return CritiqueResult(criticism=expect_body(entry, CritiqueBody).criticism, ledger=entry.sequence)
