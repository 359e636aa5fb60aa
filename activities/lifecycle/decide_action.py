"""Decide about a challenger, write the decision down, then act on it."""

import asyncio
import logging

import azure.durable_functions as df

from nightshift.domain.champions.decision import Decision
from nightshift.domain.ledger.bodies import DecisionBody, OutcomeBody, expect_body, record
from nightshift.domain.ledger.keys import decision_key, outcome_key
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.lifecycle.run import DecideRequest, DecideResult
from nightshift.domain.platform.errors import ChampionMovedError, NightshiftError
from nightshift.domain.platform.loading import importing
from nightshift.domain.platform.names import TAG_QUARANTINE
from nightshift.domain.platform.ports import Services
from nightshift.domain.uploads.dataset import AcceptedDataset, DatasetManifest
from nightshift.services.champions.move_champion import enter_outside_change, expect_champion, move_champion
from nightshift.services.champions.standing import expected_alias, loss_of_champion
from nightshift.services.lifecycle.run_files import RunFiles, evidence_at, manifest_at
from nightshift.services.platform.activity import starting_activity
from nightshift.services.response.incident_commands import notify_change
from nightshift.services.response.superseded_incidents import close_superseded
from nightshift.services.reviews.find_review import find_review
from nightshift.services.reviews.open_review import open_review
from nightshift.services.reviews.start_review import wake_review

logger = logging.getLogger(__name__)


@starting_activity("decide_action")
async def decide_action(
    services: Services, client: df.DurableOrchestrationClient, request: DecideRequest
) -> DecideResult:
    """Decide and act; if a person must decide, start the review that asks.

    Incidents that earlier runs raised and that this decision ends are closed. The review is an orchestration of its
    own: the model's next uploads do not wait for a person (ADR 13).
    """
    result = await asyncio.to_thread(decide_and_act, services, request)
    if result.outcome in {"promoted", "rejected", "flagged"}:
        await _close_superseded(client, services, request, result.outcome)
    if result.review_id is not None:
        review = await asyncio.to_thread(find_review, services, request.model, result.review_id)
        await wake_review(client, services, review)
    return result


async def _close_superseded(
    client: df.DurableOrchestrationClient, services: Services, request: DecideRequest, outcome: str
) -> None:
    """Close what earlier runs reported and is over; what cannot be closed stays for the next run, or for a person."""
    try:
        closed = await asyncio.to_thread(close_superseded, services, request.model, request.run, outcome)
    except NightshiftError as error:
        logger.warning("incidents_not_closed run=%s model=%s code=%s", request.run, request.model, error.code)
        return
    for incident in closed:
        await notify_change(client, services, incident)


def decide_and_act(services: Services, request: DecideRequest) -> DecideResult:
    """Apply the promotion rules to the evidence and act.

    1. Decide (pure) and append the decision to the ledger; a repeat finds the first one and keeps to it.
    2. Act: promote by compare-and-set, reject, or open a review. A champion that moved meanwhile makes it void.
    3. Append the outcome to the ledger; a repeat finds it there and does not act again.
    4. Remember the content that has been decided on.
    """
    with importing("agents.champions.promotion"):
        from agents.champions.promotion import decide

    manifest = manifest_at(services.blobs, request.manifest)
    evidence = evidence_at(services.blobs, request.evidence)
    key = decision_key(request.run, request.round)
    entry = services.ledger.append(
        record(
            DecisionBody(
                decision=decide(
                    evidence,
                    manifest.spec.evaluation,
                    _quarantine(services, evidence),
                    loss_of_champion(services, request.model),
                ),
                # The slices may be many; the whole of it is where ``evidence_at`` says.
                evidence=evidence.model_copy(update={"slices": ()}),
                evidence_at=services.blobs.url(request.evidence),
            ),
            key=key,
            model=request.model,
            run=request.run,
            subject=f"version {evidence.challenger_version}",
        )
    )
    decision = expect_body(entry, DecisionBody).decision
    result = _recorded_outcome(services, request)
    if result is None:
        result = _act(services, request, decision, evidence, manifest, key).model_copy(
            update={"decision_entry": entry.sequence}
        )
        services.ledger.append(
            record(
                result,
                key=outcome_key(request.run, request.round),
                model=request.model,
                run=request.run,
                subject=f"version {evidence.challenger_version}",
            )
        )
    if result.outcome != "void":
        _remember(services, request, promoted=result.outcome == "promoted")
    logger.info("decided run=%s model=%s rule=%s outcome=%s", request.run, request.model, decision.rule, result.outcome)
    policy = manifest.spec.improvement
    wanted = request.improve or decision.rule in policy.after
    flagged = result.outcome == "flagged"
    # A person who has asked for an improvement gets it beside the review of what was flagged.
    improve = policy if (result.outcome == "rejected" and wanted) or (flagged and request.improve) else None
    return DecideResult(
        decision=decision,
        outcome=result.outcome,
        champion_version=result.champion_version,
        ledger=entry.sequence,
        review_id=result.review_id,
        improve=improve,
        endpoint=manifest.spec.serving_endpoint or "",
    )


def _recorded_outcome(services: Services, request: DecideRequest) -> OutcomeBody | None:
    """What an earlier call did; its outcome stands even if the world has changed since."""
    entry = services.ledger.find(request.model, outcome_key(request.run, request.round))
    return None if entry is None else expect_body(entry, OutcomeBody)


def _act(
    services: Services,
    request: DecideRequest,
    decision: Decision,
    evidence: Evidence,
    manifest: DatasetManifest,
    key: str,
) -> OutcomeBody:
    try:
        expected = expected_alias(services, request.model, decision.champion_version)
        if decision.action == "promote":
            move = move_champion(
                services,
                model=request.model,
                expected=expected,
                version=decision.challenger_version,
                run=request.run,
                decided_by=key,
                kind="promotion",
            )
            return OutcomeBody(outcome="promoted", champion_version=move.version)
        expect_champion(services, request.model, expected)
        if expected is None:
            # A promotion enters it with its own move; here the alias may be gone and nothing else would say so.
            enter_outside_change(services, request.model)
    except ChampionMovedError as error:
        logger.info("decision_void run=%s model=%s reason=%s", request.run, request.model, error.message)
        actual = error.fields["actual"]
        return OutcomeBody(outcome="void", champion_version=None if actual is None else str(actual))
    if decision.action == "reject":
        return OutcomeBody(outcome="rejected", champion_version=decision.champion_version)
    review = open_review(services, request, decision, evidence, manifest)
    return OutcomeBody(outcome="flagged", champion_version=decision.champion_version, review_id=review.review_id)


def _quarantine(services: Services, evidence: Evidence) -> str:
    challenger = services.registry.version(evidence.model, evidence.challenger_version)
    return challenger.tags.get(TAG_QUARANTINE, "") if challenger else ""


def _remember(services: Services, request: DecideRequest, *, promoted: bool) -> None:
    for part in RunFiles(services.blobs, request.validated_by or request.run).accepted():
        digest = part.digest or ""
        kept = services.datasets.accept(
            AcceptedDataset(
                model=request.model,
                digest=digest,
                run=request.run,
                upload=part.upload,
                # Only what became champion may say how new the next upload must be.
                newest=part.report.newest if promoted else None,
                promoted_by=request.run if promoted else "",
                accepted_at=services.clock(),
            )
        )
        if promoted and kept.newest is None:
            # A challenger before it was rejected on the same content, and the improvement loop made it good.
            services.datasets.promote(request.model, digest, part.report.newest, request.run)
