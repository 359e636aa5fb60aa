"""A move of champion as it is stored, and what brought it about."""

from datetime import UTC, datetime
from typing import Any

import pytest

from nightshift.domain.champions.decision import ChampionMove, MoveKind, withdrawn


def _move(sequence: int = 1, **given: Any) -> ChampionMove:
    fields = {"version": "2", "previous": "1", "run": "r", "decided_by": "lifecycle-m-1:decision:0", "state": "done"}
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return ChampionMove.model_validate({"model": "m", "sequence": sequence, "at": at} | fields | given)


def test_a_move_of_an_older_release_is_read() -> None:
    """It has no epoch: nobody has taken it up since."""
    stored = _move(state="begun").to_json()
    del stored["epoch"]
    assert ChampionMove.from_json(stored) == _move(state="begun", epoch=0)


@pytest.mark.parametrize(
    ("decided_by", "kind"),
    [
        ("lifecycle-m-1:decision:0", "promotion"),
        ("lifecycle-m-1:withdrawal", "withdrawal"),
        ("review:r1:decision", "review"),
        ("review:r1:decision:undo", "withdrawal"),
        ("rollback:m:2", "rollback"),
        ("undo:i1:rollback", "undo"),
        ("outside", "outside"),
    ],
)
def test_the_key_of_its_order_says_what_brought_it_about(decided_by: str, kind: MoveKind) -> None:
    """For the handover, the pages and whoever reads the history."""
    assert _move(decided_by=decided_by).kind == kind


def test_only_the_move_that_was_taken_back_is_withdrawn() -> None:
    """A void withdrawal takes nothing back, and a later one is of another promotion."""
    first, void = _move(1), _move(2, decided_by="r:withdrawal", state="void")
    second, back = _move(3), _move(4, decided_by="r:withdrawal")
    assert [withdrawn(move, (first, void, second, back)) for move in (first, second, back)] == [False, True, False]
