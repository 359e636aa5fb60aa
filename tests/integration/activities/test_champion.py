"""The champion moves by compare-and-set, and survives an interruption at any point."""

from datetime import timedelta
from typing import Any, cast

import pytest
from mlflow import MlflowClient

from activities.champion import OUTSIDE, move_champion
from domain.decision import ChampionMove
from domain.errors import ChampionMovedError, ConflictError
from domain.names import CHAMPION
from tests.integration.activities.interruptions import Interrupted, KilledError
from wiring.services import LazyServices

pytestmark = pytest.mark.xdist_group("mlflow")


def _move(services: LazyServices, model: str, expected: str | None, version: str, run: str = "r") -> None:
    move_champion(services, model=model, expected=expected, version=version, run=run, decided_by=f"{run}:decision:0")


def test_the_expected_champion_is_replaced_and_remembered(services: LazyServices, model: str) -> None:
    """The alias moves, and the book knows who was before."""
    _move(services, model, "1", "2")
    last = services.champions.moves(model)[-1]
    assert services.registry.version_of(model, CHAMPION) == "2"
    assert (last.version, last.previous, last.state) == ("2", "1", "done")


def test_another_champion_makes_the_move_void(services: LazyServices, model: str) -> None:
    """The decision expected version 2; version 1 holds the alias and keeps it."""
    with pytest.raises(ChampionMovedError, match="champion of .* = '1': the decision expected '2' and is void"):
        _move(services, model, "2", "3")
    assert services.registry.version_of(model, CHAMPION) == "1"
    assert services.champions.moves(model) == ()


def test_the_same_decision_again_changes_nothing(services: LazyServices, model: str) -> None:
    """A repeat finds its own move, even after somebody else moved on."""
    _move(services, model, "1", "2", run="a")
    _move(services, model, "2", "3", run="b")
    _move(services, model, "1", "2", run="a")
    assert services.registry.version_of(model, CHAMPION) == "3"
    assert [move.run for move in services.champions.moves(model)] == [OUTSIDE, "a", "b"]


def test_a_change_by_hand_is_entered_so_that_a_rollback_target_is_known(
    services: LazyServices, model: str, mlflow_client: MlflowClient
) -> None:
    """Somebody moved the alias in MLflow: the book says so before the next move."""
    _move(services, model, "1", "2", run="a")
    mlflow_client.set_registered_model_alias(model, CHAMPION, "1")
    _move(services, model, "1", "3", run="b")
    moves = services.champions.moves(model)
    assert [(move.run, move.version, move.previous) for move in moves[1:]] == [
        ("a", "2", "1"),
        (OUTSIDE, "1", "2"),
        ("b", "3", "1"),
    ]


def test_a_move_under_way_holds_up_another(services: LazyServices, model: str) -> None:
    """Between intent and alias nobody else may move; trying again later is right."""
    number = 0
    while not any(move.run == "a" for move in services.champions.moves(model)):
        number += 1
        interrupted = Interrupted(services, last=number, after=True)
        with pytest.raises(KilledError):
            move_champion(interrupted, model=model, expected="1", version="2", run="a", decided_by="a")
    with pytest.raises(ConflictError, match="the move to '2' by a is under way"):
        _move(services, model, "1", "3", run="b")


class _Later:
    """The same services, an hour later."""

    def __init__(self, services: LazyServices) -> None:
        self._services = services

    def __getattr__(self, name: str) -> Any:
        if name == "clock":
            return lambda: self._services.clock() + timedelta(hours=1)
        return getattr(self._services, name)


@pytest.mark.parametrize(("alias", "state"), [("1", "void"), ("2", "done")])
def test_a_move_that_was_abandoned_does_not_block_for_ever(
    services: LazyServices, model: str, mlflow_client: MlflowClient, alias: str, state: str
) -> None:
    """Its owner was ended by hand: an hour later the next writer settles it by where the alias stands."""
    begun = ChampionMove(
        model=model, sequence=1, version="2", previous="1", run="a", decided_by="a", at=services.clock()
    )
    services.champions.begin(begun)
    mlflow_client.set_registered_model_alias(model, CHAMPION, alias)
    later = cast("LazyServices", _Later(services))
    _move(later, model, alias, "3", run="b")
    assert [(move.run, move.state) for move in services.champions.moves(model) if move.run != OUTSIDE] == [
        ("a", state),
        ("b", "done"),
    ]
    assert services.registry.version_of(model, CHAMPION) == "3"


def test_a_change_by_hand_during_a_move_stands(services: LazyServices, model: str, mlflow_client: MlflowClient) -> None:
    """Our begun move finds a third version at the alias: it is void, and later moves are free again."""
    move_champion(services, model=model, expected="1", version="2", run="first", decided_by="first")
    last = services.champions.moves(model)[-1]
    services.champions.begin(
        last.model_copy(
            update={
                "sequence": last.sequence + 1,
                "version": "1",
                "previous": "2",
                "run": "a",
                "decided_by": "a:decision:0",
                "state": "begun",
            }
        )
    )
    mlflow_client.set_registered_model_alias(model, CHAMPION, "3")
    with pytest.raises(ChampionMovedError):
        _move(services, model, "2", "1", run="a")
    assert services.registry.version_of(model, CHAMPION) == "3"
    _move(services, model, "3", "2", run="b")
    assert services.registry.version_of(model, CHAMPION) == "2"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_interrupted_at_any_call_it_completes_when_called_again(
    services: LazyServices, model: str, after: bool
) -> None:
    """Killed at each call in turn: version 1 or 2 is champion at every moment, and 2 at the end, by one move."""
    number = 0
    finished = False
    while not finished:
        number += 1
        interrupted = Interrupted(services, last=number, after=after)
        try:
            move_champion(interrupted, model=model, expected="1", version="2", run="a", decided_by="a")
            finished = True
        except KilledError:
            assert services.registry.version_of(model, CHAMPION) in {"1", "2"}
    assert services.registry.version_of(model, CHAMPION) == "2"
    assert [move.run for move in services.champions.moves(model) if move.run == "a"] == ["a"]
    assert services.champions.moves(model)[-1].state == "done"
