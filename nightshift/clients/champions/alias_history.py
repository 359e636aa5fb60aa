"""Who was champion when, in the table ``champions``: a row per move, its sequence number as the key."""

from collections.abc import Callable
from datetime import timedelta

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.records import Records
from nightshift.clients.platform.tables import Table
from nightshift.domain.champions.decision import AliasChange, AliasChangeState


class TableAliasHistory:
    """Implements `AliasHistory`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, "champions")
        self._moves = Records(self._table, AliasChange, column="Move")

    def begin(self, move: AliasChange) -> AliasChange:
        self._moves.add(move.model, _key(move), move)
        return move

    def take_up(self, move: AliasChange) -> AliasChange:
        return self._change(move, lambda known: known.taken_up(by=move))

    def finalize(self, move: AliasChange, state: AliasChangeState) -> AliasChange:
        return self._change(move, lambda known: known.finalized(state, by=move))

    def idle(self, move: AliasChange) -> timedelta:
        return self._table.age(move.model, _key(move))

    def moves(self, model: str) -> tuple[AliasChange, ...]:
        return tuple(self._moves.all(model))

    def _change(self, move: AliasChange, change: Callable[[AliasChange], AliasChange]) -> AliasChange:
        changed = self._moves.change(move.model, _key(move), change)
        assert changed is not None, f"move {move.sequence} of {move.model} has no row: nobody called begin"
        return changed


def _key(move: AliasChange) -> str:
    return f"{move.sequence:010d}"
