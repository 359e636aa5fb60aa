"""What a run trains on, and the contents that runs have decided on."""

from datetime import datetime
from typing import Literal

from nightshift.domain.platform.message import Message
from nightshift.domain.platform.spec import ModelSpec
from nightshift.domain.uploads.contract import ContractReport
from nightshift.domain.uploads.upload import BlobRef, Upload


class AcceptedDataset(Message):
    """A file on whose content a run has decided: the first run and upload with this content.

    Attributes:
        newest: the newest freshness value, if a champion was made of it.
        promoted_by: the run that made it; empty if none has, and in records of before this field.
    """

    model: str
    digest: str
    run: str
    upload: Upload
    newest: str | None
    promoted_by: str = ""
    accepted_at: datetime


class DatasetPart(Message):
    """One accepted file of a run's dataset: ``digest`` is the SHA-256 of its bytes."""

    blob: BlobRef
    format: Literal["csv", "parquet"]
    digest: str
    rows: int


class DatasetManifest(Message):
    """What a job run trains on; kept in blob storage and handed over by reference.

    Attributes:
        spec: the spec as it was when the run started, so that job and decision follow the same rules.
        parts: files in order of upload; where keys repeat, the later part's row counts.
        digest: identity of the dataset, from the digests of its parts.
        source: where the data comes from, as the uploader said it (blob metadata ``data_source``), or ``unstated``.
    """

    lifecycle_run: str
    spec: ModelSpec
    parts: tuple[DatasetPart, ...]
    digest: str
    source: str = "unstated"


class ValidationOrder(Message):
    """The order to a Databricks job to validate one file that is too large for the function app."""

    spec: ModelSpec
    upload: Upload
    last_newest: str | None = None


class PartReport(Message):
    """One upload of a run and the report of its validation."""

    upload: Upload
    digest: str | None
    report: ContractReport
