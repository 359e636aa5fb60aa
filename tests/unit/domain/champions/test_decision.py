"""A move of champion as it is stored, and what brought it about."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from nightshift.domain.champions.alias_change_kind import AliasChangeKind
from nightshift.domain.champions.decision import AliasChange, withdrawn
from nightshift.domain.platform.errors import MoveFencedError


def _move(sequence: int = 1, **given: Any) -> AliasChange:
    fields = {"version": "2", "previous": "1", "run": "r", "decided_by": "lifecycle-m-1:decision:0", "state": "done"}
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return AliasChange.model_validate({"model": "m", "sequence": sequence, "at": at} | fields | given)


def test_a_move_of_an_older_release_is_read() -> None:
    """It has no epoch: nobody has taken it up since."""
    stored = _move(state="begun").to_json()
    del stored["epoch"]
    assert AliasChange.from_json(stored) == _move(state="begun", epoch=0)


@pytest.mark.parametrize("kind", get_args(AliasChangeKind))
def test_the_kind_is_stored_and_read(kind: AliasChangeKind) -> None:
    """What a move was is on record; the spelling of its order's key says nothing beside it."""
    move = _move(kind=kind, decided_by="rollback:m:2")
    assert AliasChange.from_json(move.model_dump_json()).kind == kind


def test_a_move_without_a_kind_is_read_by_the_key_of_its_order() -> None:
    """An earlier release wrote none."""
    stored = _move(kind="promotion", decided_by="lifecycle-m-1:withdrawal").to_json()
    del stored["kind"]
    assert AliasChange.from_json(stored).kind == "withdrawal"


def test_a_writer_that_was_passed_by_is_fenced_off() -> None:
    """It may neither take the move up nor end it; a repeat of the same end is none."""
    mine = _move(state="begun")
    taken = mine.taken_up(by=mine)
    assert (taken.epoch, taken.state) == (mine.epoch + 1, "begun")
    for stands in (taken, mine.finalized("void", by=mine)):
        with pytest.raises(MoveFencedError):
            stands.taken_up(by=mine)
        with pytest.raises(MoveFencedError):
            stands.finalized("done", by=mine)
    done = taken.finalized("done", by=taken)
    assert (done.state, done.finalized("done", by=taken)) == ("done", done)


def test_only_the_move_that_was_taken_back_is_withdrawn() -> None:
    """A void withdrawal takes nothing back, and a later one is of another promotion."""
    first, void = _move(1), _move(2, decided_by="r:withdrawal", state="void")
    second, back = _move(3), _move(4, decided_by="r:withdrawal")
    assert [withdrawn(move, (first, void, second, back)) for move in (first, second, back)] == [False, True, False]


def test_who_is_fenced_off_hears_what_became_of_the_move() -> None:
    """It was taken up by another writer, or settled."""
    mine = _move(state="begun")
    told = []
    for stands in (mine.taken_up(by=mine), mine.finalized("void", by=mine)):
        with pytest.raises(MoveFencedError) as fenced:
            stands.taken_up(by=mine)
        told.append(fenced.value.fields["state"])
    assert told == ["taken up (epoch 1)", "ended as 'void'"]
