"""Open the review of a flagged promotion: what it binds, and who is known to have triggered it."""

from collections.abc import Iterable

from nightshift.domain.champions.decision import Decision
from nightshift.domain.ledger.bodies import DataOrder, read_as
from nightshift.domain.ledger.ledger import ACTOR
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.lifecycle.run import DecideRequest
from nightshift.domain.platform.correlation import current
from nightshift.domain.platform.errors import BlobChangedError, BlobMissingError
from nightshift.domain.platform.identity import short
from nightshift.domain.platform.names import UPLOADED_BY
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.review import Review, ReviewEvent
from nightshift.domain.uploads.dataset import DatasetManifest
from nightshift.domain.uploads.upload import Upload
from nightshift.services.lifecycle.run_files import RunFiles


def open_review(
    services: Services, request: DecideRequest, decision: Decision, evidence: Evidence, manifest: DatasetManifest
) -> Review:
    """Open the review of a decision, once."""
    now = services.clock()
    return services.reviews.open(
        Review(
            review_id=short(request.run, str(request.round)),
            model=request.model,
            run=request.run,
            round=request.round,
            rule=decision.rule,
            reason=decision.reason,
            challenger_version=decision.challenger_version,
            champion_version=decision.champion_version,
            evidence_digest=decision.evidence_digest,
            evaluation_set_digest=evidence.evaluation_set_digest,
            policy_digest=evidence.policy_digest,
            spec_digest=evidence.spec_digest,
            evidence=request.evidence,
            manifest=request.manifest,
            validated_by=request.validated_by or request.run,
            triggered_by=_triggered_by(services, request),
            policy=manifest.spec.review,
            opened_at=now,
            trace=current().traceparent,
            timeline=(ReviewEvent(key="opened", at=now, actor=ACTOR, what=f"flagged: {decision.reason}"),),
        )
    )


def _triggered_by(services: Services, request: DecideRequest) -> tuple[str, ...]:
    """Who is known to have brought the run about, each once."""
    uploads = [part.upload for part in RunFiles(services.blobs, request.validated_by or request.run).reports()]
    return tuple(dict.fromkeys(name for upload in uploads for name in _who(services, request.model, upload) if name))


def _who(services: Services, model: str, upload: Upload) -> Iterable[str]:
    """Who is behind one file: its uploader if the blob's metadata says so, and whoever has ordered it once more."""
    if not upload.again:
        try:
            yield services.blobs.metadata(upload.blob).get(UPLOADED_BY, "")
        except (BlobMissingError, BlobChangedError):
            return
    for order in services.ledger.of_kind(model, "order"):
        ordered = read_as(order, DataOrder)
        uploads = () if ordered is None else ordered.uploads
        if order.actor != ACTOR and upload.again and any(item.again == upload.again for item in uploads):
            yield order.actor
    earlier = services.reviews.get(model, upload.again) if upload.again else None
    if earlier is not None:
        yield from earlier.triggered_by
