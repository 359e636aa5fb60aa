"""Who was champion when, in the table ``champions``: a row per move, its sequence number as the key."""

from collections.abc import Callable
from datetime import timedelta

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.records import Records
from nightshift.clients.platform.tables import Table
from nightshift.domain.champions.decision import ChampionMove, MoveState


class TableChampionBook:
    """Implements `ChampionBook`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, "champions")
        self._moves = Records(self._table, ChampionMove, column="Move")

    def begin(self, move: ChampionMove) -> ChampionMove:
        self._moves.add(move.model, _key(move), move)
        return move

    def take_up(self, move: ChampionMove) -> ChampionMove:
        return self._change(move, lambda known: known.taken_up(by=move))

    def settle(self, move: ChampionMove, state: MoveState) -> ChampionMove:
        return self._change(move, lambda known: known.settled(state, by=move))

    def idle(self, move: ChampionMove) -> timedelta:
        return self._table.age(move.model, _key(move))

    def moves(self, model: str) -> tuple[ChampionMove, ...]:
        return tuple(self._moves.all(model))

    def _change(self, move: ChampionMove, change: Callable[[ChampionMove], ChampionMove]) -> ChampionMove:
        changed = self._moves.change(move.model, _key(move), change)
        assert changed is not None, f"move {move.sequence} of {move.model} has no row: nobody called begin"
        return changed


def _key(move: ChampionMove) -> str:
    return f"{move.sequence:010d}"
