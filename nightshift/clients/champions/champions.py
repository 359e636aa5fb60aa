"""Who was champion when, in the table ``champions``: a row per move, its sequence number as the key."""

from datetime import timedelta

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.tables import Row, Table, Write
from nightshift.domain.champions.decision import ChampionMove, MoveState
from nightshift.domain.platform.errors import MoveFencedError


class TableChampionBook:
    """Implements `ChampionBook`."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, "champions")

    def begin(self, move: ChampionMove) -> ChampionMove:
        """Record the intent to move; ConflictError if this sequence number is taken."""
        self._table.write(move.model, [Write(_key(move), {"Move": move.model_dump_json()})])
        return move

    def take_up(self, move: ChampionMove) -> ChampionMove:
        """Raise the epoch of a begun move; MoveFencedError if it is not this writer's any more."""
        row = self._row(move)
        known = _read(row)
        if (known.state, known.epoch) != ("begun", move.epoch):
            raise _fenced(known)
        return self._replace(row, known.model_copy(update={"epoch": known.epoch + 1}))

    def settle(self, move: ChampionMove, state: MoveState) -> ChampionMove:
        """Record what became of a begun move; MoveFencedError if it is not this writer's any more."""
        row = self._row(move)
        known = _read(row)
        if (known.state, known.epoch) == (state, move.epoch):
            return known
        if (known.state, known.epoch) != ("begun", move.epoch):
            raise _fenced(known)
        return self._replace(row, known.model_copy(update={"state": state}))

    def idle(self, move: ChampionMove) -> timedelta:
        """How long ago the row of a move was written last, by the clock of the storage."""
        return self._table.age(move.model, _key(move))

    def moves(self, model: str) -> tuple[ChampionMove, ...]:
        """All moves, oldest first."""
        return tuple(_read(row) for row in self._table.partition(model))

    def _row(self, move: ChampionMove) -> Row:
        row = self._table.get(move.model, _key(move))
        assert row is not None, f"move {move.sequence} of {move.model} has no row: it was not begun"
        return row

    def _replace(self, row: Row, move: ChampionMove) -> ChampionMove:
        self._table.write(move.model, [Write(row.key, {"Move": move.model_dump_json()}, row.etag)])
        return move


def _key(move: ChampionMove) -> str:
    return f"{move.sequence:010d}"


def _read(row: Row) -> ChampionMove:
    return ChampionMove.from_json(str(row.values["Move"]))


def _fenced(move: ChampionMove) -> MoveFencedError:
    state = f"taken up (epoch {move.epoch})" if move.state == "begun" else f"settled {move.state!r}"
    return MoveFencedError(move.model, move.version, move.sequence, state)
