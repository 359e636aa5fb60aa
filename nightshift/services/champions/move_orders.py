"""Whether the alias history shows that an order of a move was carried out, and how an order is called off."""

import logging

from nightshift.domain.champions.alias_change_kind import AliasChangeKind
from nightshift.domain.champions.decision import AliasChange, AliasChangeState
from nightshift.domain.platform.errors import ConflictError
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.platform.ports import Services

logger = logging.getLogger(__name__)


def find_move(services: Services, model: str, key: str) -> AliasChange | None:
    """The move that the ledger entry with this key has ordered; None if it was never begun."""
    return next((move for move in services.champions.moves(model) if move.decided_by == key), None)


def is_unfinished(services: Services, model: str, key: str) -> bool:
    """Whether an ordered move is neither made nor void: the order is still to be carried out."""
    move = find_move(services, model, key)
    return move is None or move.state == "begun"


def call_off_move(
    services: Services, model: str, *, key: str, kind: AliasChangeKind, version: str, run: str
) -> AliasChange:
    """End an ordered move that must not be made any more, and return it.

    It is ``done`` if the alias has moved already. Otherwise it is ``void``, and a move that was never begun is entered
    as void: whoever still tries to carry the order out finds that.

    Raises:
        ConflictError: another move of this model is under way; try again.
    """
    moves = services.champions.moves(model)
    mine = next((move for move in moves if move.decided_by == key), None)
    champion = services.registry.version_of(model, CHAMPION)
    if mine is None:
        if moves and moves[-1].state == "begun":
            raise ConflictError(f"champion of {model}: the move to {moves[-1].version!r} is under way")
        mine = AliasChange(
            model=model,
            sequence=moves[-1].sequence + 1 if moves else 1,
            version=version,
            previous=champion,
            run=run,
            decided_by=key,
            kind=kind,
            at=services.clock(),
            state="void",
        )
        services.champions.begin(mine)
    elif mine.state == "begun":
        state: AliasChangeState = "done" if champion == mine.version else "void"
        services.champions.finalize(mine, state)
        mine = mine.model_copy(update={"state": state})
    logger.info("move_called_off model=%s key=%s version=%s state=%s", model, key, version, mine.state)
    return mine
