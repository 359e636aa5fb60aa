"""Which version an alert blames, where a rollback may go, and every guard."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from agents.response.rollback import (
    FindVersion,
    Guard,
    blamed_version,
    rollback_candidate,
    rollback_problem,
    rollback_target,
    rollback_targets,
    was_made_again,
)
from nightshift.domain.champions.decision import AliasChange, AliasChangeState
from nightshift.domain.champions.registry import RegisteredVersion
from nightshift.domain.platform.names import TAG_QUARANTINE
from tests.support.incident_examples import AT, alert
from tests.support.refusals import figures

SETTLE = timedelta(minutes=5)


def _moves(*champions: tuple[str, float], state: AliasChangeState = "done") -> tuple[AliasChange, ...]:
    """Champions, each with the minutes before the alert at which it became one."""
    moves: list[AliasChange] = []
    for version, minutes in champions:
        moves.append(
            AliasChange(
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
def test_without_a_champion_nobody_is_blamed(moves: Sequence[AliasChange]) -> None:
    """Moves that came to nothing made no champion."""
    assert blamed_version(alert(), moves, SETTLE) is None


def test_an_alert_older_than_two_champions_blames_nobody() -> None:
    """It cannot be said who served then."""
    assert blamed_version(alert(), _moves(("1", -10), ("2", -20)), SETTLE) is None


def test_a_removed_alias_leaves_nobody_to_blame() -> None:
    """Somebody took it away before the alert fired; a version that the alert names is blamed all the same."""
    moves = _moves(("1", 90), ("", 60))
    assert (blamed_version(alert(), moves, SETTLE), blamed_version(alert(model_version="1"), moves, SETTLE)) == (
        None,
        "1",
    )


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
def test_a_first_or_unknown_champion_has_no_target(bad: str, moves: Sequence[AliasChange]) -> None:
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
    ("guard", "reason", "versions"),
    [
        (replace(SOUND, bad=None), "names no version of m1", []),
        (replace(SOUND, champion="4"), "not champion any more", ["3", "4"]),
        (replace(SOUND, champion=None), "not champion any more, version none", ["3"]),
        (replace(SOUND, target=None), "no champion before it", ["3"]),
        (replace(SOUND, registered=None), "deleted from the registry", ["2"]),
        (replace(SOUND, registered=_registered(**{TAG_QUARANTINE: "i7"})), "quarantine since incident i7", ["2"]),
        (replace(SOUND, columns=None), "cannot be loaded", ["2"]),
        (replace(SOUND, columns=("wind", "temp", "age")), "lacks: age, wind", ["2"]),
    ],
)
def test_each_guard_says_what_does_not_hold(guard: Guard, reason: str, versions: list[str]) -> None:
    """The reason for the person who is paged, and the versions that it is about, the bad one first."""
    problem = rollback_problem(guard)
    assert reason in problem
    assert figures(problem) == versions


def test_the_first_guard_that_does_not_hold_is_reported() -> None:
    """The later ones count on the earlier."""
    nothing = replace(SOUND, champion="4", target=None, registered=None, columns=None)
    assert rollback_problem(nothing) == rollback_problem(replace(SOUND, champion="4"))


def _find(*versions: str, quarantined: Sequence[str] = (), made_at: datetime = AT - timedelta(days=9)) -> FindVersion:
    """A registry that has these versions, some in quarantine, all made at one time."""
    there = {
        version: _registered(**({TAG_QUARANTINE: "i7"} if version in quarantined else {})).model_copy(
            update={"version": version, "created_at": made_at}
        )
        for version in versions
    }
    return there.get


TWICE = _moves(("1", 90), ("2", 60), ("3", 30), ("2", 10))


@pytest.mark.parametrize(
    ("find", "candidate", "target"),
    [
        (_find("1", "2", "3"), "3", "3"),
        (_find("1", "2", "3", quarantined="3"), "1", "1"),
        (_find("1", "2", "3", quarantined="13"), "3", None),
        (_find("1", "2"), "1", "1"),
        (_find("2"), "3", None),
    ],
)
def test_a_rollback_goes_to_the_latest_champion_before_that_may_come_back(
    find: FindVersion, candidate: str, target: str | None
) -> None:
    """Version 2 is bad, and was champion after 1 and after 3. What is in quarantine or deleted is passed over; where
    nothing else is left it is named, so that the guard can say why, and it is no target.
    """
    found, registered = rollback_candidate("2", TWICE, find)
    assert (found, registered) == (candidate, find(candidate))
    assert rollback_target("2", TWICE, find) == target


def test_who_has_no_champion_before_has_no_candidate() -> None:
    """The first version, one that never was champion, and no champion at all."""
    find = _find("1", "2", "3")
    assert [rollback_candidate(bad, TWICE, find) for bad in ("1", "7")] == [(None, None)] * 2
    assert [rollback_target(champion, TWICE, find) for champion in ("1", "7", None)] == [None] * 3


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ({}, False),
        ({"version_created_at": AT - timedelta(days=9), "previous_created_at": AT - timedelta(days=9)}, False),
        ({"version_created_at": AT - timedelta(days=10)}, True),
        ({"previous_created_at": AT - timedelta(days=10)}, True),
        ({"version": "7"}, False),
        ({"previous": None, "previous_created_at": AT - timedelta(days=10)}, False),
    ],
    ids=["not recorded", "the same", "another version", "another one before", "deleted", "no one before"],
)
def test_a_number_that_was_made_again_is_another_version(changed: dict[str, object], again: bool) -> None:
    """MLflow made both nine days ago; a move that means one of ten days ago is about another model of this name."""
    move = _moves(("1", 90), ("2", 60))[-1].model_copy(update=changed)
    find = _find("1", "2")
    assert was_made_again(move, find) is again
    assert rollback_candidate(move.version, (move,), find)[0] == (None if again or move.previous is None else "1")
