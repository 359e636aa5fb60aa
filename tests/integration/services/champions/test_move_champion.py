"""The champion moves by compare-and-set, and survives an interruption at any point."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest
from mlflow import MlflowClient

from nightshift.domain.champions.alias_change_kind import OUTSIDE
from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.platform.errors import ChampionMovedError, ConflictError, MoveFencedError
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.platform.record_ports import AliasHistory
from nightshift.services.champions.move_champion import move_champion
from nightshift.wiring.services import LazyServices
from tests.support.interruptions import Interrupted, KilledError
from tests.support.refusals import refusal

pytestmark = pytest.mark.xdist_group("mlflow")


def _move(services: LazyServices, model: str, expected: str | None, version: str, run: str = "r") -> None:
    move_champion(
        services,
        model=model,
        expected=expected,
        version=version,
        run=run,
        decided_by=f"{run}:decision:0",
        kind="promotion",
    )


def test_the_expected_champion_is_replaced_and_remembered(services: LazyServices, model: str) -> None:
    """The alias moves, and the alias history knows who was before."""
    _move(services, model, "1", "2")
    last = services.champions.moves(model)[-1]
    assert services.registry.version_of(model, CHAMPION) == "2"
    assert (last.version, last.previous, last.state) == ("2", "1", "done")


def test_another_champion_makes_the_move_void(services: LazyServices, model: str) -> None:
    """The decision expected version 2; version 1 holds the alias and keeps it."""
    with refusal(ChampionMovedError, model=model, expected="2", actual="1"):
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
    """Somebody moved the alias in MLflow: the alias history says so before the next move."""
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
            move_champion(
                interrupted, model=model, expected="1", version="2", run="a", decided_by="a", kind="promotion"
            )
    with refusal(ConflictError, "to '2' by a ", "under way"):
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
    """Its owner was ended by hand: an hour later the next writer ends it by where the alias stands."""
    begun = AliasChange(
        model=model,
        sequence=1,
        version="2",
        previous="1",
        run="a",
        decided_by="a",
        kind="promotion",
        at=services.clock(),
    )
    services.champions.begin(begun)
    mlflow_client.set_registered_model_alias(model, CHAMPION, alias)
    _move(cast("LazyServices", _Rested(services)), model, alias, "3", run="b")
    assert [(move.run, move.state) for move in services.champions.moves(model) if move.run != OUTSIDE] == [
        ("a", state),
        ("b", "done"),
    ]
    assert services.registry.version_of(model, CHAMPION) == "3"


def test_a_change_by_hand_during_a_move_stands(services: LazyServices, model: str, mlflow_client: MlflowClient) -> None:
    """Our begun move finds a third version at the alias: it is void, and later moves are free again."""
    move_champion(services, model=model, expected="1", version="2", run="first", decided_by="first", kind="promotion")
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
            move_champion(
                interrupted, model=model, expected="1", version="2", run="a", decided_by="a", kind="promotion"
            )
            finished = True
        except KilledError:
            assert services.registry.version_of(model, CHAMPION) in {"1", "2"}
    assert services.registry.version_of(model, CHAMPION) == "2"
    assert [move.run for move in services.champions.moves(model) if move.run == "a"] == ["a"]
    assert services.champions.moves(model)[-1].state == "done"


class _Rested:
    """The same services, for whom every row was written an hour ago by the storage's clock."""

    def __init__(self, services: LazyServices) -> None:
        self._services = services
        self.champions = _RestedRows(services.champions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._services, name)


class _RestedRows:
    def __init__(self, champions: AliasHistory) -> None:
        self._champions = champions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._champions, name)

    def idle(self, _: AliasChange) -> timedelta:
        """Long enough for anybody to end the move."""
        return timedelta(hours=1)


class _Suspended:
    """Services of a writer that is suspended before its n-th write of this kind, while others go on."""

    def __init__(self, services: LazyServices, port: str, call: str, meanwhile: Callable[[], None]) -> None:
        self._services = services
        self._point = (port, call)
        self._meanwhile = [meanwhile]

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._services, name)
        return _SuspendedPort(self, name, found) if name == self._point[0] else found

    def reach(self, port: str, call: str) -> None:
        """Let the others go on if this is the point."""
        if (port, call) == self._point and self._meanwhile:
            self._meanwhile.pop()()


class _SuspendedPort:
    def __init__(self, owner: _Suspended, name: str, port: Any) -> None:
        self._owner, self._name, self._port = owner, name, port

    def __getattr__(self, call: str) -> Any:
        self._owner.reach(self._name, call)
        return getattr(self._port, call)


def _states(services: LazyServices, model: str) -> dict[str, str]:
    return {move.version: move.state for move in services.champions.moves(model) if move.run != OUTSIDE}


@pytest.mark.parametrize(
    ("port", "call"),
    [
        ("champions", "begin"),
        ("champions", "take_up"),
        ("registry", "set_alias"),
        ("registry", "version_of"),
        ("champions", "finalize"),
    ],
)
def test_a_writer_that_was_suspended_changes_nothing(services: LazyServices, model: str, port: str, call: str) -> None:
    """Suspended for any time before any of its calls, while another ends its move and makes another champion.

    Whatever the suspended writer had left to do: the alias points at what the store says, and what was void stays void.
    """
    others = cast("LazyServices", _Rested(services))

    def meanwhile() -> None:
        # Before the last write the alias has moved: then the other one finds another champion than it expected.
        with contextlib.suppress(ChampionMovedError):
            _move(others, model, "1", "2", run="b")

    suspended = cast("LazyServices", _Suspended(services, port, call, meanwhile))
    for writer in (suspended, services):
        with contextlib.suppress(ConflictError, ChampionMovedError):
            _move(writer, model, "1", "3", run="a")
        winner = "3" if call == "finalize" else "2"
        assert services.registry.version_of(model, CHAMPION) == winner
        assert [version for version, state in _states(services, model).items() if state == "done"] == [winner]


def test_an_alias_that_was_set_late_is_put_back_and_on_call_is_paged(services: LazyServices, model: str) -> None:
    """Suspended between its last look at the store and the alias: the alias was wrong, and people hear of it."""
    others = cast("LazyServices", _Rested(services))
    suspended = _Suspended(services, "registry", "set_alias", lambda: _move(others, model, "1", "2", run="b"))
    with refusal(MoveFencedError, "'void'", model=model, version="3"):
        _move(cast("LazyServices", suspended), model, "1", "3", run="a")
    assert services.registry.version_of(model, CHAMPION) == "2"
    entry = services.ledger.find(model, "a:decision:0:put-back")
    assert entry is not None
    assert (entry.kind, entry.body["back_to"]) == ("undo", "2")
    known = services.notifications.get(model, entry.key)
    assert known is not None
    assert known.state == "sent"
    assert f"alias of {model} was wrong" in known.notification.title


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_late_writer_that_is_killed_puts_the_alias_back_when_called_again(
    services: LazyServices, model: str, after: bool
) -> None:
    """It set the alias late and was killed at each call from there on: called again, it repairs what it did."""
    number, finished = 0, False
    while not finished:
        number += 1
        services.registry.set_alias(model, CHAMPION, "1")
        run, winner = f"a{number}{after}", f"b{number}{after}"
        others = cast("LazyServices", _Rested(services))
        suspended = cast(
            "LazyServices",
            _Suspended(services, "registry", "set_alias", lambda: _move(others, model, "1", "2", run=winner)),  # noqa: B023
        )
        interrupted = cast("LazyServices", Interrupted(suspended, last=number, after=after))
        try:
            _move(interrupted, model, "1", "3", run=run)
        except KilledError:
            pass
        except (ConflictError, ChampionMovedError):
            finished = True
        moves = {move.run: move.state for move in services.champions.moves(model)}
        if winner not in moves:
            # Killed before it was suspended: this is the interruption of a move that goes on.
            _move(services, model, "1", "3", run=run)
            continue
        with pytest.raises(ChampionMovedError):
            _move(services, model, "1", "3", run=run)
        assert services.registry.version_of(model, CHAMPION) == "2"


def test_two_writers_of_one_decision_make_one_move(services: LazyServices, model: str) -> None:
    """The same activity runs twice: the second takes the move up and ends it, a third decision follows, and then the
    first one wakes: it sets nothing.
    """

    def meanwhile() -> None:
        _move(services, model, "1", "3", run="a")
        _move(services, model, "3", "2", run="b")

    suspended = cast("LazyServices", _Suspended(services, "registry", "set_alias", meanwhile))
    with pytest.raises(MoveFencedError):
        _move(suspended, model, "1", "3", run="a")
    _move(services, model, "1", "3", run="a")
    assert services.registry.version_of(model, CHAMPION) == "2"
    assert _states(services, model) == {"3": "done", "2": "done"}


def test_another_hosts_clock_closes_nothing(services: LazyServices, model: str) -> None:
    """A host whose clock is an hour ahead waits as every other does: the storage says how long the move has rested."""
    move_champion(services, model=model, expected="1", version="2", run="first", decided_by="first", kind="promotion")
    last = services.champions.moves(model)[-1]
    begun = last.model_copy(update={"sequence": last.sequence + 1, "version": "3", "previous": "2", "decided_by": "a"})
    services.champions.begin(begun.model_copy(update={"state": "begun", "epoch": 0}))
    with pytest.raises(ConflictError, match="is under way"):
        _move(cast("LazyServices", _Later(services)), model, "2", "1", run="b")
    assert timedelta(0) - timedelta(seconds=2) <= services.champions.idle(begun) < timedelta(minutes=5)


def test_void_never_becomes_done(services: LazyServices, model: str) -> None:
    """A move ends once, from begun; the same again is success."""
    _move(services, model, "1", "2", run="first")
    last = services.champions.moves(model)[-1]
    begun = last.model_copy(update={"sequence": last.sequence + 1, "decided_by": "a", "state": "begun", "epoch": 0})
    services.champions.begin(begun)
    services.champions.finalize(begun, "void")
    services.champions.finalize(begun, "void")
    with pytest.raises(MoveFencedError):
        services.champions.finalize(begun, "done")
    with pytest.raises(MoveFencedError):
        services.champions.take_up(begun)
    assert services.champions.moves(model)[-1].state == "void"
