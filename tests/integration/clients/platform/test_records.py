"""The stores in Table storage: champions, datasets."""

from datetime import UTC, datetime

import pytest
from azure.data.tables import TableServiceClient

from nightshift.clients.champions.alias_history import TableAliasHistory
from nightshift.clients.uploads.datasets import TableDatasetRegister
from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.platform.errors import ConflictError
from nightshift.domain.uploads.dataset import AcceptedDataset
from nightshift.domain.uploads.upload import Upload

AT = datetime(2026, 1, 1, tzinfo=UTC)


def _move(model: str, sequence: int, run: str = "r") -> AliasChange:
    return AliasChange(
        model=model,
        sequence=sequence,
        version=str(sequence),
        previous=None,
        run=run,
        decided_by=f"{run}:d",
        kind="promotion",
        at=AT,
    )


def test_a_sequence_number_is_taken_once(tables: TableServiceClient, model: str) -> None:
    """Two writers cannot both make the next move."""
    history = TableAliasHistory(tables)
    history.begin(_move(model, 1))
    with pytest.raises(ConflictError):
        history.begin(_move(model, 1, run="other"))
    assert [move.run for move in history.moves(model)] == ["r"]


def test_moves_keep_their_order_and_state(tables: TableServiceClient, model: str) -> None:
    """Oldest first, also past the ninth."""
    history = TableAliasHistory(tables)
    for sequence in range(1, 12):
        history.finalize(history.begin(_move(model, sequence)), "done")
    assert [move.sequence for move in history.moves(model)] == list(range(1, 12))
    assert {move.state for move in history.moves(model)} == {"done"}


def test_the_first_acceptance_of_a_content_stays(tables: TableServiceClient, model: str) -> None:
    """A duplicate is told whose it duplicates; the newest value looks at other runs only."""
    register = TableDatasetRegister(tables)
    upload = Upload(url="u", container="bronze", name="m/a", etag='"1"', size=1, event_time=AT, event_id="e")
    first = AcceptedDataset(
        model=model, digest="d1", run="r1", upload=upload, newest="2012-06-30T23:00:00", accepted_at=AT
    )
    assert register.accept(first) == first
    assert register.accept(first.model_copy(update={"run": "r2"})) == first
    assert register.find(model, "d2") is None
    assert register.last_newest(model, before_run="r2") == "2012-06-30T23:00:00"
    assert register.last_newest(model, before_run="r1") is None


def test_a_content_can_make_a_champion_later(tables: TableServiceClient, model: str) -> None:
    """A flagged run accepts its content; when a person approves, its freshness counts and it can be retrained on."""
    register = TableDatasetRegister(tables)
    upload = Upload(url="u", container="bronze", name="m/a", etag='"1"', size=1, event_time=AT, event_id="e")
    flagged = AcceptedDataset(model=model, digest="d1", run="r1", upload=upload, newest=None, accepted_at=AT)
    register.accept(flagged)
    register.promote(model, "d1", "2012-06-30T23:00:00", "r1")
    register.promote(model, "unknown", "2013-01-01T00:00:00", "r1")
    assert register.accepted(model) == (
        flagged.model_copy(update={"newest": "2012-06-30T23:00:00", "promoted_by": "r1"}),
    )
    assert register.last_newest(model, before_run="r2") == "2012-06-30T23:00:00"


def test_a_withdrawn_promotion_says_no_more_how_new_data_must_be(tables: TableServiceClient, model: str) -> None:
    """Only of the run whose promotion it was; records of before the field name no run and stay."""
    register = TableDatasetRegister(tables)
    upload = Upload(url="u", container="bronze", name="m/a", etag='"1"', size=1, event_time=AT, event_id="e")
    old = AcceptedDataset(model=model, digest="d0", run="r0", upload=upload, newest="2011-01-01", accepted_at=AT)
    document = old.to_json()
    del document["promoted_by"]
    register.accept(AcceptedDataset.from_json(document))
    register.accept(old.model_copy(update={"digest": "d1", "run": "r1", "newest": None}))
    register.promote(model, "d1", "2012-06-30", "r1")
    register.promote(model, "d0", "2013-01-01", "r2")
    assert register.last_newest(model, before_run="r9") == "2012-06-30"
    for run in ("r2", "r1"):
        register.withdraw(model, run)
    assert register.last_newest(model, before_run="r9") == "2011-01-01"
