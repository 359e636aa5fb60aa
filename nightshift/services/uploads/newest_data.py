"""The newest accepted files of a model, and whether its champion has been trained on them already."""

from dataclasses import dataclass
from itertools import islice
from typing import Final

from nightshift.domain.champions.registry import RegisteredVersion
from nightshift.domain.platform.errors import BlobMissingError
from nightshift.domain.platform.identity import RunId, digest
from nightshift.domain.platform.names import CHAMPION, IMPROVEMENT, TAG_DATASET_DIGEST, TAG_LIFECYCLE_RUN
from nightshift.domain.platform.ports import Services
from nightshift.domain.uploads.dataset import AcceptedDataset
from nightshift.services.lifecycle.run_files import RunFiles
from nightshift.services.uploads.archive import is_kept, read_manifest

# As many as a retraining can take at most; of a model with a file an hour the others are too old to be asked for.
_MOST_COMPARED: Final = 50


@dataclass(frozen=True)
class NewestData:
    """What a retraining would train on.

    Attributes:
        files: the newest accepted files whose content is kept, the oldest upload first: where keys repeat, the later
            file's row counts.
        champion: the present champion; None if there is none.
        nothing_new: why training on them makes no sense; empty if it does.
    """

    files: tuple[AcceptedDataset, ...]
    champion: RegisteredVersion | None
    nothing_new: str


def newest_data(services: Services, model: str, most: int) -> NewestData:
    """The ``most`` newest accepted files, whatever was decided on them, held against what the champion learned from.

    Files are ordered by their newest row; by the time of acceptance where the contract has no freshness rule. A file is
    new if the champion was not trained on it and its newest row is not older than the champion's. If nothing is known
    of the champion's data, because it was not made by Nightshift, every file is new.
    """
    accepted = services.datasets.accepted(model)
    kept = tuple(
        islice((item for item in accepted if is_kept(services, model, item.digest, item.upload)), _MOST_COMPARED)
    )
    version = services.registry.version_of(model, CHAMPION)
    champion = services.registry.version(model, version) if version else None
    if not kept:
        return NewestData((), champion, "no accepted data is kept: nothing to train on")
    rows = {item.digest: newest_row(services, item) for item in kept}
    if all(rows.values()):
        kept = tuple(sorted(kept, key=lambda item: rows[item.digest] or "", reverse=True))
    chosen = kept[:most]
    reason = ""
    if champion is not None and (trained := trained_files(services, champion, kept)) is not None:
        newest = max(filter(None, (_row_of(services, model, item, rows) for item in trained)), default=None)
        if not any(_is_new(item, trained, rows[item.digest], newest) for item in chosen):
            reason = _nothing_newer(champion, trained, newest, kept, accepted[0])
    return NewestData(tuple(sorted(chosen, key=lambda item: item.accepted_at)), champion, reason)


def newest_row(services: Services, dataset: AcceptedDataset) -> str | None:
    """The newest freshness value of an accepted file (ISO 8601); None if its contract has no such column."""
    if dataset.newest:
        return dataset.newest
    try:
        parts = RunFiles(services.blobs, _lifecycle(dataset.run)).reports()
    except BlobMissingError:
        return None
    return next((part.report.newest for part in parts if part.digest == dataset.digest), None)


def trained_files(
    services: Services, version: RegisteredVersion, accepted: tuple[AcceptedDataset, ...]
) -> frozenset[str] | None:
    """Digests of the files that a version was trained on; None if nothing is known of them.

    Args:
        accepted: files that are tried one by one if the manifest of the version's run is gone.
    """
    trained_on = version.tags.get(TAG_DATASET_DIGEST)
    manifest = read_manifest(services, _lifecycle(version.tags.get(TAG_LIFECYCLE_RUN, "")))
    if manifest is not None and manifest.digest == trained_on:
        return frozenset(part.digest for part in manifest.parts)
    alone = (item.digest for item in accepted if digest([item.digest]) == trained_on)
    found = next(alone, None)
    return None if found is None else frozenset({found})


def _lifecycle(run: str) -> str:
    """The run that validated the data of a run: an improvement loop trains on that of its lifecycle."""
    named = RunId.parse(run)
    return str(named.relative) if named is not None and named.kind == IMPROVEMENT else run


def _row_of(services: Services, model: str, file: str, rows: dict[str, str | None]) -> str | None:
    if file in rows:
        return rows[file]
    dataset = services.datasets.find(model, file)
    return None if dataset is None else newest_row(services, dataset)


def _is_new(dataset: AcceptedDataset, trained: frozenset[str], row: str | None, newest: str | None) -> bool:
    """Whether a file is none of those; one with older rows alone is none either, such as a backfill."""
    return dataset.digest not in trained and (row is None or newest is None or row >= newest)


def _nothing_newer(
    champion: RegisteredVersion,
    trained: frozenset[str],
    newest: str | None,
    kept: tuple[AcceptedDataset, ...],
    last: AcceptedDataset,
) -> str:
    names = [item.upload.name for item in kept if item.digest in trained][:1]
    known = ", ".join([*names, *([f"newest row {newest}"] if newest else [])])
    reason = f"there is no newer data than champion version {champion.version} was trained on"
    reason += f" ({known})" if known else ""
    reason += ": training on it again would give the same model; upload newer data"
    if last.digest not in trained and all(item.digest != last.digest for item in kept):
        reason += f" ({last.upload.name} was accepted later, but no copy of it is kept)"
    return reason
