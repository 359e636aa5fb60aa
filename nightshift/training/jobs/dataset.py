"""The dataset of a run: its manifest and its rows, read from blob storage and checked against their digests."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.uploads.dataset import DatasetManifest, DatasetPart
from nightshift.training.jobs.blobs import JobBlobs
from nightshift.training.steps.table import read_table
from nightshift.training.steps.union import union


@dataclass(frozen=True)
class Dataset:
    """What a job run trains and scores on; ``rows`` are ordered by time, one per key."""

    url: str
    manifest: DatasetManifest
    rows: pd.DataFrame


def load_dataset(url: str, model: str, blobs: JobBlobs) -> Dataset:
    """Read the manifest at ``url`` and all its parts.

    Raises:
        BadInputError: the manifest is malformed or is for another model, or a part's bytes are not those that were
            validated.
        BlobMissingError, BlobChangedError: a part is gone.
    """
    try:
        manifest = DatasetManifest.from_json(blobs.read(blobs.locate(url)).decode())
    except ValueError as error:
        if isinstance(error, BadInputError):
            raise
        raise BadInputError(field="dataset", value=url, rule=f"not a dataset manifest: {error}") from error
    if manifest.spec.name != model:
        raise BadInputError(field="model", value=model, rule=f"the dataset is for {manifest.spec.name}", where=url)
    tables = [_read_part(part, manifest, blobs) for part in manifest.parts]
    return Dataset(
        url=url,
        manifest=manifest,
        rows=union(tables, manifest.spec.contract.key, manifest.spec.training.time_column),
    )


def _read_part(part: DatasetPart, manifest: DatasetManifest, blobs: JobBlobs) -> pd.DataFrame:
    with tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
        path = Path(folder) / f"part.{part.format}"
        found = blobs.download(part.blob, path)
        if found != part.digest:
            raise BadInputError(
                field="part.digest",
                value=found,
                rule=f"must be {part.digest}, the digest of the validated content",
                where=part.blob.name,
            )
        return read_table(path, part.format, manifest.spec.contract, name=part.blob.name)
