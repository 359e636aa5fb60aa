"""Move the champion alias by compare-and-set: interrupted anywhere, it leaves the old champion or the new one."""

import logging
from datetime import timedelta

from nightshift.domain.champions.alias_change_kind import OUTSIDE, AliasChangeKind
from nightshift.domain.champions.decision import AliasChange, AliasChangeState
from nightshift.domain.ledger.bodies import WithdrawalBody, read_as, record
from nightshift.domain.ledger.keys import put_back_key
from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.errors import ChampionMovedError, ConflictError, MoveCalledOffError, MoveFencedError
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.platform.ports import Services
from nightshift.services.champions.standing import alias_on_record, last_champion
from nightshift.services.notifications.notify import notify

logger = logging.getLogger(__name__)

# How long a begun move rests, by the storage's clock, before another writer ends it. It only keeps writers from
# disturbing each other: functionTimeout in host.json is 10 minutes. Whoever comes back later is fenced off.
ABANDONED_AFTER = timedelta(minutes=15)
# Putting the alias back races with the move that has superseded ours, which has two writes of its own.
_PUT_BACK_ROUNDS = 5


def move_champion(
    services: Services,
    *,
    model: str,
    expected: str | None,
    version: str,
    run: str,
    decided_by: str,
    kind: AliasChangeKind,
) -> AliasChange:
    """Make ``version`` the champion if ``expected`` still is.

    MLflow's alias has no compare-and-set, so the store of moves arbitrates:

    1. It takes one move per sequence number; a second writer gets a conflict.
    2. The move is recorded as begun, with the champion before it, before the alias changes.
    3. Its epoch is raised right before the alias is set: a writer that was suspended since, for however long, finds
       its move ended or taken up by another, and changes nothing.
    4. The alias is set, read back, and the move recorded as done, if it is begun and of that epoch. If it is not, this
       writer was suspended between 3 and 4: the alias goes back to what the store says, and on-call is paged.

    Called again with the same ``decided_by`` it continues where it stopped.

    Args:
        expected: the version that must hold the alias; None if none may.

    Raises:
        ChampionMovedError: another version is champion; the decision is void.
        MoveCalledOffError: the move had broken off and was called off; the champion is as expected.
        ConflictError: another move, or another writer of this one, is under way; try again.
    """
    moves = services.champions.moves(model)
    mine = next((move for move in moves if move.decided_by == decided_by), None)
    if mine is None:
        moves = _closed(services, model, moves)
        expect_champion(services, model, expected)
        moves = _entered(services, model, moves)
        move = _next_move(services, model, moves, version, run=run, decided_by=decided_by, kind=kind)
        mine = services.champions.begin(move)
    if mine.state == "done":
        return mine
    found = services.registry.version_of(model, CHAMPION)
    if mine.state == "void" or found not in {expected, version}:
        if mine.state == "void" and mine.epoch:
            # An earlier call was fenced off, and may have been killed before it put the alias back.
            put_back(services, mine)
        if mine.state == "void" and found == expected:
            raise MoveCalledOffError(model, expected, version)
        # Else somebody moved the alias by hand between our intent and our move: theirs stands.
        services.champions.finalize(mine, "void")
        raise ChampionMovedError(model, expected, found)
    mine = services.champions.take_up(mine)
    services.registry.set_alias(model, CHAMPION, version)
    actual = services.registry.version_of(model, CHAMPION)
    try:
        if actual != version:
            raise ConflictError(f"champion of {model} reads back as {actual!r} after it was set to {version!r}")
        mine = services.champions.finalize(mine, "done")
    except MoveFencedError:
        put_back(services, mine)
        raise
    logger.info("champion_moved model=%s run=%s version=%s previous=%s", model, run, version, mine.previous)
    return mine


def expect_champion(services: Services, model: str, expected: str | None) -> None:
    """Check that the alias still points where it is expected to.

    Raises:
        ChampionMovedError: it does not.
    """
    actual = services.registry.version_of(model, CHAMPION)
    if actual != expected:
        raise ChampionMovedError(model, expected, actual)


def enter_outside_change(services: Services, model: str) -> tuple[AliasChange, ...]:
    """Enter a change of the alias that was made outside Nightshift, its removal included; return all moves.

    So the store knows every champion, and a rollback has its target.

    Raises:
        ConflictError: a move is under way; try again.
    """
    return _entered(services, model, _closed(services, model, services.champions.moves(model)))


def _entered(services: Services, model: str, moves: tuple[AliasChange, ...]) -> tuple[AliasChange, ...]:
    found = services.registry.version_of(model, CHAMPION)
    if found == alias_on_record(moves):
        return moves
    entered = _next_move(services, model, moves, found or "", run=OUTSIDE, decided_by=OUTSIDE, kind="outside")
    logger.warning(
        "champion_changed_outside model=%s version=%s previous=%s", model, found or "none", entered.previous or "none"
    )
    return (*moves, services.champions.begin(entered.model_copy(update={"state": "done"})))


def _closed(services: Services, model: str, moves: tuple[AliasChange, ...]) -> tuple[AliasChange, ...]:
    """All moves of a model, none of them begun: one that was abandoned is ended first.

    Raises:
        ConflictError: its owner may still be at work on it.
    """
    if not moves or moves[-1].state != "begun":
        return moves
    last = moves[-1]
    if services.champions.idle(last) < ABANDONED_AFTER:
        raise ConflictError(f"champion of {model}: the move to {last.version!r} by {last.run} is under way")
    moved = services.registry.version_of(model, CHAMPION) == last.version
    state: AliasChangeState = "done" if moved else "void"
    last = services.champions.finalize(last, state)
    logger.warning("champion_move_abandoned model=%s run=%s version=%s state=%s", model, last.run, last.version, state)
    return (*moves[:-1], last)


def put_back(services: Services, mine: AliasChange) -> None:
    """Set the alias to what the store says, if it still shows this move, which another writer has ended or passed.

    The ledger knows it first; on-call is paged, because the alias was wrong for a moment.
    """
    model, key, set_to = mine.model, put_back_key(mine.decided_by), None
    for _ in range(_PUT_BACK_ROUNDS):
        stands = next((move for move in reversed(services.champions.moves(model)) if move.state != "void"), None)
        found = services.registry.version_of(model, CHAMPION)
        right = None if stands is None else stands.version or None
        if found == right or found not in {mine.version, set_to}:
            break
        services.ledger.append(
            record(
                WithdrawalBody(reason=_LATE.format(mine), version=mine.version, back_to=right),
                key=key,
                model=model,
                run=mine.run,
                subject=f"version {mine.version}",
            )
        )
        logger.error("champion_put_back model=%s run=%s late=%s version=%s", model, mine.run, mine.version, right)
        if right is None:
            break
        services.registry.set_alias(model, CHAMPION, right)
        set_to = right
    entry = services.ledger.find(model, key)
    ordered = None if entry is None else read_as(entry, WithdrawalBody)
    if ordered is not None:
        back_to = ordered.back_to
        done = f"it points at version {back_to} again" if back_to else "nobody was champion: remove it by hand"
        notify(
            services,
            Notification(
                key=key,
                kind="page",
                model=model,
                severity="critical",
                title=f"The champion alias of {model} was wrong for a moment"[:200],
                body=f"{ordered.reason}. The alias pointed at version {mine.version}; {done}. "
                f"Check what serves the model: nightshift models {model}; nightshift explain {mine.run}",
            ),
        )


_LATE = "the move to version {0.version} was superseded while its writer was suspended, and that set the alias late"


def _next_move(
    services: Services,
    model: str,
    moves: tuple[AliasChange, ...],
    version: str,
    *,
    run: str,
    decided_by: str,
    kind: AliasChangeKind,
) -> AliasChange:
    last = last_champion(moves)
    registered = services.registry.version(model, version) if version else None
    return AliasChange(
        model=model,
        sequence=moves[-1].sequence + 1 if moves else 1,
        version=version,
        previous=last.version if last is not None else None,
        run=run,
        decided_by=decided_by,
        kind=kind,
        at=services.clock(),
        version_created_at=registered.created_at if registered is not None else None,
        previous_created_at=last.version_created_at if last is not None else None,
    )
