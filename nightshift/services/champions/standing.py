"""Who stands as a model's champion: the holder of the alias, or the last one on record if the alias is gone."""

from collections.abc import Sequence

from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.platform.errors import ChampionMovedError
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.platform.ports import Services


def alias_on_record(moves: Sequence[AliasChange]) -> str | None:
    """The version that the alias points at according to the store; None if it points at none."""
    return next((move.version or None for move in reversed(moves) if move.state == "done"), None)


def last_champion(moves: Sequence[AliasChange]) -> AliasChange | None:
    """The move that made the last champion, however long the alias has been gone since; None before the first."""
    return next((move for move in reversed(moves) if move.state == "done" and move.version), None)


def alias_problem(moves: Sequence[AliasChange], holder: str | None) -> str:
    """What the alias shows that the store does not, as a sentence; empty if both say the same.

    Args:
        holder: the version that holds the alias now.
    """
    last, recorded = last_champion(moves), alias_on_record(moves)
    under_way = bool(moves) and moves[-1].state == "begun" and moves[-1].version == holder
    if last is None or under_way:
        return ""
    if holder is None:
        since = f"{last.at:%Y-%m-%d %H:%M} UTC"
        return f"the champion alias is gone from MLflow; version {last.version} held it last, since {since}"
    if holder != recorded:
        return (
            f"the champion alias was set to version {holder} outside Nightshift; version {last.version} held it before"
        )
    return ""


def standing_champion(services: Services, model: str) -> str | None:
    """The version that a challenger is compared with.

    It is the one that holds the alias. If nobody does, it is the last champion, as long as that version exists. None if
    the model never had a champion, or its version is gone as well (``loss_of_champion`` says so).
    """
    holder = services.registry.version_of(model, CHAMPION)
    if holder is not None:
        return holder
    last = last_champion(services.champions.moves(model))
    return last.version if last is not None and _exists(services, last) else None


def loss_of_champion(services: Services, model: str) -> str:
    """Why a model that had a champion has none that it could be compared with, as a sentence; empty if it has."""
    if standing_champion(services, model) is not None:
        return ""
    last = last_champion(services.champions.moves(model))
    if last is None:
        return ""
    return (
        f"version {last.version} was champion, and both the alias and the version are gone from MLflow: "
        "there is nothing to compare the challenger with"
    )


def expected_alias(services: Services, model: str, compared_with: str | None) -> str | None:
    """What the alias must point at for a decision that compared the challenger with this champion.

    That is the champion itself; or nothing, if the alias is gone and it was the last one that held it.

    Raises:
        ChampionMovedError: the evidence knows no champion, and the model has one to compare with.
    """
    if services.registry.version_of(model, CHAMPION) is not None:
        return compared_with
    standing = standing_champion(services, model)
    if standing == compared_with:
        return None
    if compared_with is None:
        raise ChampionMovedError(model, None, standing)
    return compared_with


def _exists(services: Services, move: AliasChange) -> bool:
    """Whether the version of a move is still the one that became champion."""
    registered = services.registry.version(move.model, move.version)
    return registered is not None and not registered.is_another(move.version_created_at, move.at)
