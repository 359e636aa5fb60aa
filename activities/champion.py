"""Move the champion alias by compare-and-set: interrupted anywhere, it leaves the old champion or the new one."""

import logging
from datetime import timedelta

from domain.decision import ChampionMove, MoveState
from domain.errors import ChampionMovedError, ConflictError
from domain.names import CHAMPION
from domain.ports import Services

logger = logging.getLogger(__name__)

# The ``decided_by`` of a change of the alias that was made outside Nightshift and found afterwards.
OUTSIDE = "outside"
# No activity lives longer than functionTimeout in host.json (10 minutes). An owner called again after that reads
# what became of its move before it touches the alias.
ABANDONED_AFTER = timedelta(minutes=15)


def move_champion(
    services: Services, *, model: str, expected: str | None, version: str, run: str, decided_by: str
) -> ChampionMove:
    """Make ``version`` the champion if ``expected`` still is.

    MLflow's alias has no compare-and-set, so the champion book arbitrates:

    1. The book takes one move per sequence number; a second writer gets a conflict.
    2. The move is recorded as begun, with the champion before it, before the alias changes.
    3. The alias is set, read back, and the move recorded as done.

    Called again with the same ``decided_by`` it goes on where it stopped.

    Raises:
        ChampionMovedError: another version is champion; the decision is void.
        ConflictError: another move is under way; try again.
    """
    mine = next((move for move in services.champions.moves(model) if move.decided_by == decided_by), None)
    if mine is None:
        mine = _begin(services, model=model, expected=expected, version=version, run=run, decided_by=decided_by)
    if mine.state == "done":
        return mine
    found = services.registry.version_of(model, CHAMPION)
    if mine.state == "void" or found not in {mine.previous, version}:
        # Somebody moved the alias by hand between our intent and our move: theirs stands.
        services.champions.settle(mine, "void")
        raise ChampionMovedError(model, expected, found)
    services.registry.set_alias(model, CHAMPION, version)
    actual = services.registry.version_of(model, CHAMPION)
    if actual != version:
        raise ConflictError(f"champion of {model} reads back as {actual!r} after it was set to {version!r}")
    services.champions.settle(mine, "done")
    logger.info("champion_moved model=%s run=%s version=%s previous=%s", model, run, version, mine.previous)
    return mine.model_copy(update={"state": "done"})


def expect_champion(services: Services, model: str, expected: str | None) -> None:
    """Check that the champion is still the one that the evidence was made against.

    Raises:
        ChampionMovedError: another version is champion.
    """
    actual = services.registry.version_of(model, CHAMPION)
    if actual != expected:
        raise ChampionMovedError(model, expected, actual)


def _begin(
    services: Services, *, model: str, expected: str | None, version: str, run: str, decided_by: str
) -> ChampionMove:
    moves = services.champions.moves(model)
    if moves and moves[-1].state == "begun":
        moves = (*moves[:-1], _abandoned(services, moves[-1]))
    expect_champion(services, model, expected)
    sequence = moves[-1].sequence + 1 if moves else 1
    known = next((move.version for move in reversed(moves) if move.state == "done"), None)
    if expected is not None and known != expected:
        # Somebody moved the alias by hand; the book must know it, or a rollback would go to the wrong version.
        found = _move(services, model, sequence, expected, known, run=OUTSIDE, decided_by=OUTSIDE)
        services.champions.begin(found.model_copy(update={"state": "done"}))
        sequence += 1
    move = _move(services, model, sequence, version, expected, run=run, decided_by=decided_by)
    return services.champions.begin(move)


def _abandoned(services: Services, move: ChampionMove) -> ChampionMove:
    """Settle a begun move whose owner can no longer be at work on it.

    Raises:
        ConflictError: the owner may still be.
    """
    if services.clock() - move.at < ABANDONED_AFTER:
        raise ConflictError(f"champion of {move.model}: the move to {move.version!r} by {move.run} is under way")
    moved = services.registry.version_of(move.model, CHAMPION) == move.version
    state: MoveState = "done" if moved else "void"
    services.champions.settle(move, state)
    logger.warning(
        "champion_move_abandoned model=%s run=%s version=%s state=%s", move.model, move.run, move.version, state
    )
    return move.model_copy(update={"state": state})


def _move(
    services: Services, model: str, sequence: int, version: str, previous: str | None, *, run: str, decided_by: str
) -> ChampionMove:
    return ChampionMove(
        model=model,
        sequence=sequence,
        version=version,
        previous=previous,
        run=run,
        decided_by=decided_by,
        at=services.clock(),
    )
