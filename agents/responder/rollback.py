"""Whether a bad champion may be replaced by the one before it: every guard must hold, or a person decides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain.alert import AlertMessage
from domain.decision import ChampionMove
from domain.names import TAG_QUARANTINE
from domain.registry import RegisteredVersion


def blamed_version(alert: AlertMessage, moves: Sequence[ChampionMove], settle: timedelta) -> str | None:
    """The version that an alert is about: the one it names, else the champion when it fired.

    Signals look back: for a while (``settle``) after a change of champion they are still about the one before.
    None if there was no champion then, or somebody had removed the alias.
    """
    if alert.model_version is not None:
        return alert.model_version
    champions = [move for move in moves if move.state == "done" and move.at + settle <= alert.fired_at]
    return champions[-1].version or None if champions else _first(moves)


def _first(moves: Sequence[ChampionMove]) -> str | None:
    """A model's only champion has no one before it that the signal could be about."""
    done = [move for move in moves if move.state == "done"]
    return done[0].version if len(done) == 1 else None


def rollback_targets(bad: str, moves: Sequence[ChampionMove]) -> tuple[str, ...]:
    """The champions before ``bad``, the latest first: a version may become champion more than once."""
    before = [move.previous for move in reversed(moves) if move.state == "done" and move.version == bad]
    return tuple(dict.fromkeys(version for version in before if version is not None))


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
