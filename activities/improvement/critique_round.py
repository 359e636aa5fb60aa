"""Judge a round of the improvement loop, and write the judgement into the ledger."""

from agents.improvement.critic import criticise
from agents.improvement.feedback import feedback_on
from agents.lifecycle.holdout_spending import policy_for_look
from nightshift.domain.improvement.messages import CriticiseRequest, CriticiseResult, criticism_key
from nightshift.domain.ledger.bodies import CriticismBody, expect_body, record
from nightshift.domain.platform.ports import Services
from nightshift.services.lifecycle.run_files import evidence_at, manifest_at
from nightshift.services.platform.activity import activity


@activity("criticise_round")
def critique_round(services: Services, request: CriticiseRequest) -> CriticiseResult:
    """Accept, retry or reject; a repeat finds the first judgement in the ledger and keeps to it."""
    manifest = manifest_at(services.blobs, request.manifest)
    evaluation = manifest.spec.evaluation
    evidence = None if request.evidence is None else evidence_at(services.blobs, request.evidence)
    start = evidence_at(services.blobs, request.start)
    last = request.rounds[-1]
    judged = criticise(
        evidence,
        policy_for_look(evaluation, request.look) if request.look else evaluation,
        rounds=request.rounds,
        policy=manifest.spec.improvement,
        spent=request.spent,
        start=feedback_on(start, evaluation),
    )
    entry = services.ledger.append(
        record(
            CriticismBody(
                criticism=judged,
                plan=last.plan,
                planned_by=last.planned_by,
                # A round without evidence was not evaluated on any holdout.
                evaluation_set_digest="" if evidence is None else evidence.evaluation_set_digest,
                evidence_digest=None if evidence is None else evidence.digest,
                look=request.look,
            ),
            key=criticism_key(request.run, last.number),
            model=request.model,
            run=request.run,
            subject=f"version {last.version}" if last.version else f"round {last.number}",
        )
    )
    return CriticiseResult(criticism=expect_body(entry, CriticismBody).criticism, ledger=entry.sequence)
