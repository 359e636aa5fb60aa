"""Messages kept in a table, each written once under its key, and changed by compare-and-set."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from nightshift.clients.platform.tables import Put, Remove, Row, Table, Write, until_no_conflict
from nightshift.domain.platform.errors import ConflictError
from nightshift.domain.platform.message import Message

Record = TypeVar("Record", bound=Message)
# All that is written with a record: given its key, the record, and the row that it replaces, None for a new one.
Writes: TypeAlias = Callable[[str, Record, Row | None], Sequence[Write | Put | Remove]]


class Records(Generic[Record]):
    """A table of one kind of message: partition = model (or what else the caller says), key = identity.

    Args:
        column: the property that holds a record's JSON.
        writes: where more than that property is written.
    """

    def __init__(
        self, table: Table, kind: type[Record], *, column: str = "Record", writes: Writes[Record] | None = None
    ) -> None:
        self._table = table
        self._kind = kind
        self._column = column
        self._writes = writes or self._own_row

    def add(self, model: str, key: str, record: Record) -> None:
        """Write a new record.

        Raises:
            RowChangedError: its key is taken.
        """
        self._table.write(model, self._writes(key, record, None))

    def put_once(self, model: str, key: str, record: Record) -> tuple[Record, bool]:
        """Write a record unless its key is taken; return what is kept, and whether it is new."""
        try:
            self.add(model, key, record)
        except ConflictError:
            kept = self.get(model, key)
            assert kept is not None, f"{key} of {model} has no record any more: records are never deleted"
            return kept, False
        return record, True

    def change(self, model: str, key: str, change: Callable[[Record], Record]) -> Record | None:
        """Change a record by compare-and-set; None if there is none.

        ``change`` may be called again on a fresher record; what it raises is raised.
        """
        return until_no_conflict(lambda: self._change(model, key, change))

    def _change(self, model: str, key: str, change: Callable[[Record], Record]) -> Record | None:
        row = self._table.get(model, key)
        if row is None:
            return None
        before = self.read(row)
        after = change(before)
        if after != before:
            self._table.write(model, self._writes(key, after, row))
        return after

    def get(self, model: str, key: str) -> Record | None:
        """The record under a key."""
        row = self._table.get(model, key)
        return None if row is None else self.read(row)

    def all(self, model: str | None = None) -> Iterable[Record]:
        """All records, of one model if named, in order of their keys."""
        rows = self._table.partition(model) if model else self._table.query("RowKey ne @none", {"none": ""})
        return map(self.read, rows)

    def where(self, condition: str, parameters: Mapping[str, Any]) -> Iterator[Record]:
        """The records whose rows meet an OData filter with @parameters."""
        return map(self.read, self._table.query(condition, parameters))

    def read(self, row: Row) -> Record:
        """The record of a row."""
        return self._kind.from_json(str(row.values[self._column]))

    def _own_row(self, key: str, record: Record, before: Row | None) -> Sequence[Write]:
        return [Write(key, {self._column: record.model_dump_json()}, None if before is None else before.etag)]
