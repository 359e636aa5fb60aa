"""Decide about a challenger, write the decision down, then act on it."""

import logging

from pydantic import TypeAdapter

from nightshift.domain.champions.decision import Decision
from nightshift.domain.ledger.ledger import ACTOR, LedgerRecord
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.lifecycle.run import DecideRequest, DecideResult
from nightshift.domain.platform.errors import ChampionMovedError
from nightshift.domain.platform.loading import importing
from nightshift.domain.platform.names import DECIDE_ACTION, EVIDENCE, TAG_QUARANTINE
from nightshift.domain.platform.ports import Services
from nightshift.domain.uploads.dataset import AcceptedDataset
from nightshift.domain.uploads.upload import BlobRef, DatasetManifest, PartReport
from nightshift.services.champions.move_champion import enter_outside_change, expect_champion, move_champion
from nightshift.services.champions.standing import expected_alias, loss_of_champion
from nightshift.services.platform.failures import guarded
from nightshift.services.reviews.open_review import open_review

logger = logging.getLogger(__name__)

_PARTS = TypeAdapter(tuple[PartReport, ...])
_OUTCOME = {"outcome", "champion_version", "review_id"}


def run_decide_action(services: Services, request: DecideRequest) -> DecideResult:
    """Apply the promotion rules to the evidence and act.

    1. Decide (pure) and append the decision to the ledger; a repeat finds the first one and keeps to it.
    2. Act: promote by compare-and-set, reject, or open a review. A champion that moved meanwhile makes it void.
    3. Append the outcome to the ledger; a repeat finds it there and does not act again.
    4. Remember the content that has been decided on.
    """
    return guarded(
        DECIDE_ACTION,
        request.run,
        request.model,
        lambda: _decide(services, request),
        lambda failure: DecideResult(failure=failure),
    )


def _decide(services: Services, request: DecideRequest) -> DecideResult:
    with importing("agents.champions.promotion"):
        from agents.champions.promotion import decide

    manifest = DatasetManifest.from_json(services.blobs.read(request.manifest))
    evidence = Evidence.from_json(services.blobs.read(request.evidence))
    key = f"{request.run}:decision:{request.round}"
    entry = services.ledger.append(
        LedgerRecord(
            key=key,
            model=request.model,
            run=request.run,
            kind="decision",
            subject=f"version {evidence.challenger_version}",
            actor=ACTOR,
            body={
                "decision": decide(
                    evidence,
                    manifest.spec.evaluation,
                    _quarantine(services, evidence),
                    loss_of_champion(services, request.model),
                ).to_json(),
                "evidence": _summary(evidence),
                "evidence_at": services.blobs.url(request.evidence),
            },
        )
    )
    decision = Decision.from_json(entry.body["decision"])
    result = _recorded_outcome(services, request)
    if result is None:
        result = _act(services, request, decision, evidence, manifest, key)
        services.ledger.append(
            LedgerRecord(
                key=_outcome_key(request),
                model=request.model,
                run=request.run,
                kind="outcome",
                subject=f"version {evidence.challenger_version}",
                actor=ACTOR,
                body={**result.model_dump(include=_OUTCOME), "decision_entry": entry.sequence},
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
    found = {
        "decision": decision,
        "ledger": entry.sequence,
        "improve": improve,
        "endpoint": manifest.spec.serving_endpoint or "",
    }
    return result.model_copy(update=found)


def _outcome_key(request: DecideRequest) -> str:
    return f"{request.run}:outcome:{request.round}"


def _recorded_outcome(services: Services, request: DecideRequest) -> DecideResult | None:
    """What an earlier call did; its outcome stands even if the world has changed since."""
    entry = services.ledger.find(request.model, _outcome_key(request))
    return None if entry is None else DecideResult.from_json({name: entry.body[name] for name in _OUTCOME})


def _act(
    services: Services,
    request: DecideRequest,
    decision: Decision,
    evidence: Evidence,
    manifest: DatasetManifest,
    key: str,
) -> DecideResult:
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
            return DecideResult(outcome="promoted", champion_version=move.version)
        expect_champion(services, request.model, expected)
        if expected is None:
            # A promotion enters it with its own move; here the alias may be gone and nothing else would say so.
            enter_outside_change(services, request.model)
    except ChampionMovedError as error:
        logger.info("decision_void run=%s model=%s reason=%s", request.run, request.model, error.message)
        actual = error.fields["actual"]
        return DecideResult(outcome="void", champion_version=None if actual is None else str(actual))
    if decision.action == "reject":
        return DecideResult(outcome="rejected", champion_version=decision.champion_version)
    review = open_review(services, request, decision, evidence, manifest)
    return DecideResult(outcome="flagged", champion_version=decision.champion_version, review_id=review.review_id)


def _quarantine(services: Services, evidence: Evidence) -> str:
    challenger = services.registry.version(evidence.model, evidence.challenger_version)
    return challenger.tags.get(TAG_QUARANTINE, "") if challenger else ""


def _summary(evidence: Evidence) -> dict[str, object]:
    """The evidence without its slices, which may be many; the whole of it is where ``evidence_at`` says."""
    return {name: value for name, value in evidence.to_json().items() if name != "slices"}


def _remember(services: Services, request: DecideRequest, *, promoted: bool) -> None:
    reports = _PARTS.validate_json(
        services.blobs.read(
            BlobRef(container=EVIDENCE, name=f"runs/{request.validated_by or request.run}/validation.json")
        )
    )
    for part in reports:
        if part.digest is not None and part.report.passed:
            kept = services.datasets.accept(
                AcceptedDataset(
                    model=request.model,
                    digest=part.digest,
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
                services.datasets.promote(request.model, part.digest, part.report.newest, request.run)
