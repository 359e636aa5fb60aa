"""The job parameter ``plan``: an order as JSON text, or the address of a blob that holds it."""

from collections.abc import Mapping

from nightshift.domain.improvement.plan import PlanOrder, read_order
from nightshift.training.jobs.blobs import JobBlobs


def load_order(parameter: str, environ: Mapping[str, str]) -> PlanOrder | None:
    """Read the order; None for an empty parameter, which trains the spec's own way.

    Raises:
        BadInputError: it is neither an order nor the address of one.
        BlobMissingError, ServiceRefusedError, ServiceUnavailableError: the blob cannot be read.
    """
    if not parameter:
        return None
    if not parameter.startswith(("http://", "https://")):
        return read_order(parameter)
    blobs = JobBlobs.for_url(parameter, environ)
    try:
        return read_order(blobs.read(blobs.locate(parameter)).decode(errors="replace"))
    finally:
        blobs.close()
