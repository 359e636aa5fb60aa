"""Take a model's waiting uploads as the batch of its next run."""

from domain.ports import Services
from domain.run import Batch, ClaimRequest


def run_claim_uploads(services: Services, request: ClaimRequest) -> Batch:
    """Claim all waiting uploads; the same request always gets the same batch, an empty one ends the queue."""
    batch = services.uploads.claim(request.model, request.generation, request.claim)
    return batch.model_copy(update={"patience": services.patience})
