"""Take a model's waiting uploads as the batch of its next run."""

from nightshift.domain.lifecycle.run import Batch, ClaimRequest
from nightshift.domain.platform.ports import Services
from nightshift.services.platform.activity import activity


@activity("claim_uploads", retries_all=True)
def claim_uploads(services: Services, request: ClaimRequest) -> Batch:
    """Claim all waiting uploads; the same request always gets the same batch, an empty one ends the queue."""
    batch = services.uploads.claim(request.model, request.generation, request.claim)
    return batch.model_copy(update={"patience": services.retry_policy})
