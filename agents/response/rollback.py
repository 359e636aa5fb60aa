"""Whether a bad champion may be replaced by the one before it: every guard must hold, or a person decides."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.champions.registry import RegisteredVersion
from nightshift.domain.platform.names import TAG_QUARANTINE
from nightshift.domain.response.alert import AlertMessage

# Reads a version of the model in question by its number; None if it is not there.
FindVersion = Callable[[str], RegisteredVersion | None]


def blamed_version(alert: AlertMessage, moves: Sequence[AliasChange], settle: timedelta) -> str | None:
    """The version that an alert is about: the one it names, else the champion when it fired.

    Signals look back: for a while (``settle``) after a change of champion they are still about the one before.
    None if there was no champion then, or somebody had removed the alias.
    """
    if alert.model_version is not None:
        return alert.model_version
    champions = [move for move in moves if move.state == "done" and move.at + settle <= alert.fired_at]
    return champions[-1].version or None if champions else _first(moves)


def _first(moves: Sequence[AliasChange]) -> str | None:
    """A model's only champion has no one before it that the signal could be about."""
    done = [move for move in moves if move.state == "done"]
    return done[0].version if len(done) == 1 else None


def rollback_targets(bad: str, moves: Sequence[AliasChange]) -> tuple[str, ...]:
    """The champions before ``bad``, the latest first: a version may become champion more than once."""
    before = [move.previous for move in reversed(moves) if move.state == "done" and move.version == bad]
    return tuple(dict.fromkeys(version for version in before if version is not None))


def rollback_candidate(
    bad: str, moves: Sequence[AliasChange], find: FindVersion
) -> tuple[str | None, RegisteredVersion | None]:
    """The latest champion before ``bad`` that is not in quarantine; if there is none, the latest of all.

    A number of before the registered model was made again is no candidate: it belongs to another version now.
    """
    known = [move for move in moves if move.version == bad and not was_made_again(move, find)]
    found = [(target, find(target)) for target in rollback_targets(bad, known)]
    free = (item for item in found if item[1] is not None and TAG_QUARANTINE not in item[1].tags)
    return next(free, found[0] if found else (None, None))


def rollback_target(champion: str | None, moves: Sequence[AliasChange], find: FindVersion) -> str | None:
    """The version that a rollback of the champion would bring back; None if there is none that may."""
    target, registered = (None, None) if champion is None else rollback_candidate(champion, moves, find)
    return None if registered is None or TAG_QUARANTINE in registered.tags else target


def was_made_again(move: AliasChange, find: FindVersion) -> bool:
    """Whether a number that a move names belongs to another version now.

    A registered model that was deleted and made again counts its versions from 1: one that MLflow made at another
    time is another one under the same number.
    """
    named = ((move.version, move.version_created_at), (move.previous, move.previous_created_at))
    found = [(find(number), created_at) for number, created_at in named if number]
    return any(found.is_another(created_at, move.at) for found, created_at in found if found is not None)


@dataclass(frozen=True)
class Guard:
    """What is known when a rollback is considered.

    Attributes:
        champion: who holds the alias now.
        columns: columns of a dataset that the target needs; None if its files are not all there.
        contract: columns that today's data has.
    """

    model: str
    bad: str | None
    champion: str | None
    target: str | None
    registered: RegisteredVersion | None
    columns: Sequence[str] | None
    contract: frozenset[str]


def rollback_problem(guard: Guard) -> str:
    """The first guard that does not hold, as a sentence; empty if the rollback may go on."""
    return next(_problems(guard), "")


def _problems(guard: Guard) -> Iterator[str]:
    """Each guard in turn; the later ones count on the earlier."""
    if guard.bad is None:
        yield f"the alert names no version of {guard.model}, and there was no champion when it fired"
    if guard.champion != guard.bad:
        yield f"version {guard.bad} is not champion any more, version {guard.champion or 'none'} is"
    if guard.target is None:
        yield f"version {guard.bad} has no champion before it: there is nothing to go back to"
    before = f"version {guard.target}, the champion before,"
    if guard.registered is None:
        yield f"{before} was deleted from the registry"
    elif TAG_QUARANTINE in guard.registered.tags:
        yield f"{before} is in quarantine since incident {guard.registered.tags[TAG_QUARANTINE]}"
    if guard.columns is None:
        yield f"{before} cannot be loaded: its files are not all there"
    elif missing := sorted(set(guard.columns) - guard.contract):
        yield f"{before} needs columns that today's data lacks: {', '.join(missing)}"
