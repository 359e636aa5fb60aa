"""Train on kept data once more: the uploads of an earlier run, as an order for the model's queue."""

from nightshift.domain.platform.correlation import current
from nightshift.domain.platform.errors import BlobMissingError
from nightshift.domain.platform.names import SILVER
from nightshift.domain.platform.ports import Services
from nightshift.domain.uploads.dataset import DatasetManifest
from nightshift.domain.uploads.upload import BlobRef, Upload
from nightshift.services.lifecycle.run_files import RunFiles


def kept_content(model: str, digest: str, suffix: str) -> BlobRef:
    """Where the bytes of an accepted file are kept, so that a later upload under its name changes no past run."""
    return BlobRef(container=SILVER, name=f"datasets/{model}/{digest}.{suffix}")


def read_manifest(services: Services, run: str) -> DatasetManifest | None:
    """What a lifecycle trained on; None if it has no manifest (an improvement takes its lifecycle's)."""
    try:
        return RunFiles(services.blobs, run).manifest()
    except BlobMissingError:
        return None


def is_kept(services: Services, model: str, digest: str, upload: Upload) -> bool:
    """Whether a file's content is still there; one that a Databricks job validated was too large to keep a copy of."""
    try:
        services.blobs.metadata(kept_content(model, digest, upload.suffix))
    except BlobMissingError:
        return False
    return True


def upload_from_archive(
    services: Services, model: str, digest: str, upload: Upload, *, because: str, improve: bool = False
) -> Upload:
    """The same file as a new upload: ``because`` says why, and makes it another than every one before."""
    blob = kept_content(model, digest, upload.suffix)
    return upload.model_copy(
        update={
            "container": blob.container,
            "name": blob.name,
            "url": services.blobs.url(blob),
            "event_id": f"{because}:{digest[:16]}",
            "again": because,
            "improve": improve,
            "trace": current().traceparent,
        }
    )
