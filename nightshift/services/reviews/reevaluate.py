"""Ask for fresh evidence after an approval has become void: a lifecycle on the same data, through the same gate."""

from nightshift.domain.ledger.bodies import ReevaluationOrder, expect_body, record
from nightshift.domain.ledger.ledger import LedgerEntry
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.review import Review
from nightshift.services.lifecycle.run_files import RunFiles
from nightshift.services.uploads.archive import is_kept, upload_from_archive


def order_reevaluation(services: Services, review: Review, reason: str) -> str:
    """Put the data of the review's run into the model's queue once more; return the identity of the order.

    The order is in the ledger before the queue has it; a repeat changes nothing.

    Raises:
        BadInputError: the data is not kept.
    """
    entry = _order(services, review, reason)
    uploads = expect_body(entry, ReevaluationOrder).uploads
    services.uploads.submit(uploads[0], review.model, with_=uploads[1:])
    return uploads[0].identity


def _order(services: Services, review: Review, reason: str) -> LedgerEntry:
    key = f"review:{review.review_id}:fresh"
    known = services.ledger.find(review.model, key)
    if known is not None:
        return known
    parts = RunFiles(services.blobs, review.validated_by).accepted()
    gone = [part.upload.name for part in parts if not is_kept(services, review.model, part.digest or "", part.upload)]
    if gone or not parts:
        rule = f"its data is not kept: {', '.join(gone)}; upload it again"
        raise BadInputError(field="run", value=review.validated_by, rule=rule)
    return services.ledger.append(
        record(
            ReevaluationOrder(
                review=review.review_id,
                reason=reason,
                files=tuple(part.upload.name for part in parts),
                uploads=tuple(
                    upload_from_archive(
                        services, review.model, part.digest or "", part.upload, because=review.review_id
                    )
                    for part in parts
                ),
            ),
            key=key,
            model=review.model,
            run=review.run,
            subject=f"model {review.model}",
        )
    )
