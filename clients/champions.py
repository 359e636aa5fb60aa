"""Who was champion when, in the table ``champions``: a row per move, its sequence number as the key."""

from azure.data.tables import TableServiceClient

from clients.tables import Table, Write
from domain.decision import ChampionMove, MoveState


class TableChampionBook:
    """Implements domain.ports.ChampionBook."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, "champions")

    def begin(self, move: ChampionMove) -> ChampionMove:
        """Record the intent to move; ConflictError if this sequence number is taken."""
        self._table.write(move.model, [Write(_key(move), {"Move": move.model_dump_json()})])
        return move

    def settle(self, move: ChampionMove, state: MoveState) -> None:
        """Record what became of a begun move."""
        row = self._table.get(move.model, _key(move))
        assert row is not None, "a move is begun before it is settled"
        settled = move.model_copy(update={"state": state})
        self._table.write(move.model, [Write(row.key, {"Move": settled.model_dump_json()}, row.etag)])

    def moves(self, model: str) -> tuple[ChampionMove, ...]:
        """All moves, oldest first."""
        rows = self._table.partition(model)
        return tuple(ChampionMove.from_json(str(row.values["Move"])) for row in rows)


def _key(move: ChampionMove) -> str:
    return f"{move.sequence:010d}"
