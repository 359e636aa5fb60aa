"""Take a promotion back, because what serves the model did not follow it."""

import logging

from nightshift.domain.ledger.bodies import WithdrawalBody, record
from nightshift.domain.ledger.keys import withdrawal_key
from nightshift.domain.lifecycle.run import WithdrawRequest, WithdrawResult
from nightshift.domain.platform.errors import ChampionMovedError
from nightshift.domain.platform.ports import Services
from nightshift.services.champions.move_champion import move_champion
from nightshift.services.champions.move_orders import call_off_move
from nightshift.services.platform.activity import activity

logger = logging.getLogger(__name__)


@activity("withdraw_promotion")
def withdraw_promotion(services: Services, request: WithdrawRequest) -> WithdrawResult:
    """Make the champion before champion again, if this run's version still is; the ledger says why first."""
    if request.previous is None:
        return WithdrawResult(detail=f"version {request.version} stays champion: there was none before it")
    key = withdrawal_key(request.run)
    services.ledger.append(
        record(
            WithdrawalBody(reason=request.reason, version=request.version, back_to=request.previous),
            key=key,
            model=request.model,
            run=request.run,
            subject=f"version {request.version}",
        )
    )
    for run in _promoting_runs(services, request):
        services.datasets.withdraw(request.model, run)
    try:
        move = move_champion(
            services,
            model=request.model,
            expected=request.version,
            version=request.previous,
            run=request.run,
            decided_by=key,
            kind="withdrawal",
        )
    except ChampionMovedError as error:
        call_off_move(services, request.model, key=key, kind="withdrawal", version=request.previous, run=request.run)
        return WithdrawResult(detail=f"the champion before could not be put back: {error.message}")
    logger.warning("promotion_withdrawn run=%s model=%s version=%s", request.run, request.model, request.version)
    return WithdrawResult(version=move.version, detail=f"version {move.version} is champion again")


def _promoting_runs(services: Services, request: WithdrawRequest) -> set[str]:
    """Which runs have made the version champion: a lifecycle withdraws what its improvement loop has promoted, too."""
    moves = services.champions.moves(request.model)
    return {move.run for move in moves if move.version == request.version and move.kind == "promotion"}
