"""The documents in the tables of recorded state folders: today's messages read each of them, without a stack."""

import json
from collections import Counter
from pathlib import Path

import pytest

from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.dead_letters.dead_letter import DeadLetter
from nightshift.domain.ledger.ledger import LedgerEntry, entry_hash
from nightshift.domain.notifications.notification import NotificationRecord
from nightshift.domain.platform.message import Message
from nightshift.domain.response.alert import AlertMessage
from nightshift.domain.response.incident import Incident
from nightshift.domain.reviews.review import Review
from nightshift.domain.uploads.dataset import AcceptedDataset
from nightshift.domain.uploads.upload import Upload
from nightshift.domain.watch.fault import Faults, ProcessStarts
from nightshift.domain.watch.sweep import OrderMark, SweepRun
from tests.records import archive
from tests.records.stored import stored

MESSAGES: dict[str, type[Message]] = {
    "champions.Move": AliasChange,
    "datasets.Record": AcceptedDataset,
    "deadletters.Letter": DeadLetter,
    "faults.Record": Faults,
    "incidents.Alert": AlertMessage,
    "incidents.Json": Incident,
    "ledger.Entry": LedgerEntry,
    "notifications.Record": NotificationRecord,
    "ordermarks.Mark": OrderMark,
    "reviews.Record": Review,
    "starts.Record": ProcessStarts,
    "sweeps.Look": SweepRun,
    "uploads.Upload": Upload,
}


@pytest.fixture(scope="module", params=archive.releases())
def documents(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Each document of a release's archive, with its kind."""
    folder: Path = tmp_path_factory.mktemp("records")
    archive.unpack(request.param, folder)
    found = list(stored(folder / "state"))
    counted = archive.counts(request.param)["stored"]
    assert counted == dict(sorted(Counter(kind for kind, _ in found).items()))
    return found


def test_each_kind_was_recorded(documents: list[tuple[str, str]]) -> None:
    """None of the kinds of today is without a record."""
    assert set(MESSAGES) == {kind for kind, _ in documents}


def test_each_document_is_read_whole(documents: list[tuple[str, str]]) -> None:
    """Today's message takes it, and says all of it again: no field was lost, and none has another value."""
    wrong = []
    for kind, text in documents:
        written = MESSAGES[kind].from_json(text).to_json()
        wrong += [f"{kind}: {path}" for path in _lost(json.loads(text), written)]
    assert sorted(set(wrong)) == []


def test_each_entry_of_the_ledger_has_its_hash(documents: list[tuple[str, str]]) -> None:
    """What was stored hashes to what stands in it."""
    entries = [json.loads(text) for kind, text in documents if kind == "ledger.Entry"]
    assert [entry["hash"] for entry in entries] == [entry_hash(entry) for entry in entries]


def _lost(kept: object, written: object, at: str = "") -> list[str]:
    """The fields of a stored document that what was read of it has not, or has with another value."""
    if isinstance(kept, dict):
        if not isinstance(written, dict):
            return [at]
        return [
            path
            for key, value in kept.items()
            for path in ([f"{at}.{key}"] if key not in written else _lost(value, written[key], f"{at}.{key}"))
        ]
    if isinstance(kept, list) and isinstance(written, list) and len(kept) == len(written):
        return [path for pair in zip(kept, written, strict=True) for path in _lost(*pair, f"{at}[]")]
    return [] if kept == written else [at]
