"""Messages kept in a table, each written once under its key; few are ever changed."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.tables import Row, Table, Write, until_no_conflict
from nightshift.domain.platform.errors import ConflictError
from nightshift.domain.platform.message import Message

Record = TypeVar("Record", bound=Message)


class Records(Generic[Record]):
    """A table of one kind of message: partition = model, key = identity."""

    def __init__(self, service: TableServiceClient, table: str, kind: type[Record]) -> None:
        self._table = Table(service, table)
        self._kind = kind

    def put_once(self, model: str, key: str, record: Record) -> tuple[Record, bool]:
        """Write a record unless its key is taken; return what is kept, and whether it is new."""
        try:
            self._table.write(model, [Write(key, {"Record": record.model_dump_json()})])
        except ConflictError:
            kept = self.get(model, key)
            assert kept is not None, "the conflict was this row, and rows are never deleted"
            return kept, False
        return record, True

    def change(self, model: str, key: str, change: Callable[[Record], Record]) -> Record | None:
        """Change a record by compare-and-set; None if there is none."""
        return until_no_conflict(lambda: self._change(model, key, change))

    def _change(self, model: str, key: str, change: Callable[[Record], Record]) -> Record | None:
        row = self._table.get(model, key)
        if row is None:
            return None
        before = self._read(row)
        after = change(before)
        if after != before:
            self._table.write(model, [Write(key, {"Record": after.model_dump_json()}, row.etag)])
        return after

    def get(self, model: str, key: str) -> Record | None:
        """The record under a key."""
        row = self._table.get(model, key)
        return None if row is None else self._read(row)

    def all(self, model: str | None = None) -> Iterable[Record]:
        """All records, of one model if named, in order of their keys."""
        rows = self._table.partition(model) if model else self._table.query("RowKey ne @none", {"none": ""})
        return (self._read(row) for row in rows)

    def _read(self, row: Row) -> Record:
        return self._kind.from_json(str(row.values["Record"]))
