"""Which version an alert blames, where a rollback may go, and every guard."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from agents.response.rollback import Guard, blamed_version, rollback_problem, rollback_targets
from nightshift.domain.champions.decision import ChampionMove, MoveState
from nightshift.domain.champions.registry import RegisteredVersion
from nightshift.domain.platform.names import TAG_QUARANTINE
from tests.incident_examples import AT, alert

SETTLE = timedelta(minutes=5)


def _moves(*champions: tuple[str, float], state: MoveState = "done") -> tuple[ChampionMove, ...]:
    """Champions, each with the minutes before the alert at which it became one."""
    moves: list[ChampionMove] = []
    for version, minutes in champions:
        moves.append(
            ChampionMove(
                model="m1",
                sequence=len(moves) + 1,
                version=version,
                previous=moves[-1].version if moves else None,
                run="r",
                decided_by="d",
                kind="promotion",
                at=AT - timedelta(minutes=minutes),
                state=state,
            )
        )
    return tuple(moves)


def test_the_version_that_the_alert_names_is_blamed() -> None:
    """The source knows best."""
    assert blamed_version(alert(model_version="1"), _moves(("1", 90), ("2", 60)), SETTLE) == "1"


@pytest.mark.parametrize(("minutes", "blamed"), [(60, "2"), (5, "2"), (4.9, "1"), (-10, "1")])
def test_else_the_champion_of_the_time_is_blamed(minutes: float, blamed: str) -> None:
    """A signal looks back: until the time to settle is over it is about the champion before."""
    assert blamed_version(alert(), _moves(("1", 900), ("2", minutes)), SETTLE) == blamed


def test_without_time_to_settle_the_newest_is_blamed_at_once() -> None:
    """A spec may say that its signals look at the present only."""
    assert blamed_version(alert(), _moves(("1", 900), ("2", 0)), timedelta(0)) == "2"


def test_an_only_champion_is_blamed_however_new() -> None:
    """There is no one before it that the signal could be about."""
    assert blamed_version(alert(), _moves(("1", -30)), SETTLE) == "1"


@pytest.mark.parametrize("moves", [(), _moves(("1", 90), state="void"), _moves(("1", 90), state="begun")])
def test_without_a_champion_nobody_is_blamed(moves: Sequence[ChampionMove]) -> None:
    """Moves that came to nothing made no champion."""
    assert blamed_version(alert(), moves, SETTLE) is None


def test_an_alert_older_than_two_champions_blames_nobody() -> None:
    """It cannot be said who served then."""
    assert blamed_version(alert(), _moves(("1", -10), ("2", -20)), SETTLE) is None


def test_any_alert_time_can_be_read() -> None:
    """Also one at the beginning of the calendar."""
    ancient = alert(fired_at=datetime.fromisoformat("0001-01-01T00:01:00+00:00"))
    assert blamed_version(ancient, _moves(("1", 90), ("2", 60)), SETTLE) is None


def test_the_target_is_the_champion_before() -> None:
    """Not the oldest, and not one that only was to be."""
    assert rollback_targets("3", _moves(("1", 90), ("2", 60), ("3", 30))) == ("2",)


def test_a_version_that_was_champion_twice_has_two_targets() -> None:
    """The latest first: 3 was rolled back to 2, and now 2 is bad as well."""
    assert rollback_targets("2", _moves(("1", 90), ("2", 60), ("3", 30), ("2", 10))) == ("3", "1")


@pytest.mark.parametrize(("bad", "moves"), [("1", _moves(("1", 90))), ("7", _moves(("1", 90), ("2", 60))), ("1", ())])
def test_a_first_or_unknown_champion_has_no_target(bad: str, moves: Sequence[ChampionMove]) -> None:
    """There is nothing to go back to."""
    assert rollback_targets(bad, moves) == ()


def test_a_void_move_gives_no_target() -> None:
    """It never took place."""
    assert rollback_targets("2", _moves(("1", 90), ("2", 60), state="void")) == ()


def _registered(**tags: str) -> RegisteredVersion:
    return RegisteredVersion(version="2", aliases=(), created_at=AT, run_id="r", tags=tags)


SOUND = Guard(
    model="m1",
    bad="3",
    champion="3",
    target="2",
    registered=_registered(),
    columns=("season", "temp"),
    contract=frozenset({"season", "temp", "hum"}),
)


def test_when_every_guard_holds_there_is_no_problem() -> None:
    """Columns that the target does not need do not matter."""
    assert rollback_problem(SOUND) == ""


@pytest.mark.parametrize(
    ("guard", "problem"),
    [
        (
            replace(SOUND, bad=None),
            "the alert names no version of m1, and there was no champion when it fired",
        ),
        (replace(SOUND, champion="4"), "version 3 is not champion any more, version 4 is"),
        (replace(SOUND, champion=None), "version 3 is not champion any more, version none is"),
        (replace(SOUND, target=None), "version 3 has no champion before it: there is nothing to go back to"),
        (replace(SOUND, registered=None), "version 2, the champion before, was deleted from the registry"),
        (
            replace(SOUND, registered=_registered(**{TAG_QUARANTINE: "i7"})),
            "version 2, the champion before, is in quarantine since incident i7",
        ),
        (
            replace(SOUND, columns=None),
            "version 2, the champion before, cannot be loaded: its files are not all there",
        ),
        (
            replace(SOUND, columns=("wind", "temp", "age")),
            "version 2, the champion before, needs columns that today's data lacks: age, wind",
        ),
    ],
)
def test_each_guard_says_what_does_not_hold(guard: Guard, problem: str) -> None:
    """One clear sentence for the person who is paged."""
    assert rollback_problem(guard) == problem


def test_the_first_guard_that_does_not_hold_is_told() -> None:
    """The later ones count on the earlier."""
    nothing = replace(SOUND, champion="4", target=None, registered=None, columns=None)
    assert rollback_problem(nothing) == rollback_problem(replace(SOUND, champion="4"))
