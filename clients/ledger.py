"""The decision ledger in the table ``ledger``: a partition per model with its head, its entries and their keys."""

import json
from collections.abc import Iterator
from typing import Any

from azure.data.tables import TableServiceClient
from pydantic import ValidationError

from clients.tables import Row, Table, Write, until_no_conflict
from domain.errors import BadInputError, ConflictError, LedgerBrokenError
from domain.identity import short
from domain.ledger import GENESIS, ChainFault, EntryKind, LedgerEntry, LedgerRecord, chain, verify
from domain.ports import Clock

_HEAD = "head"
_ENTRY = "entry-"
_KEY = "key-"
# A string property holds 32,768 UTF-16 units; what is bigger belongs into blob storage, with its digest here.
_LARGEST = 30_000
_CHUNK = 100


class TableLedger:
    """Implements domain.ports.Ledger. Appending commits entry, key and head in one transaction."""

    def __init__(self, service: TableServiceClient, clock: Clock) -> None:
        self._table = Table(service, "ledger")
        self._clock = clock

    def append(self, record: LedgerRecord) -> LedgerEntry:
        """Append once per key; a repeat returns the first entry."""
        return until_no_conflict(lambda: self._append(record))

    def _append(self, record: LedgerRecord) -> LedgerEntry:
        head = self._table.get(record.model, _HEAD)
        known = self._table.get(record.model, _KEY + short(record.key))
        if known is not None:
            entry = self._table.get(record.model, str(known.values["Entry"]))
            assert entry is not None, "a key and its entry are written together"
            return _entry(entry)
        sequence, previous = _end(head)
        entry_new = chain(record, sequence=sequence + 1, previous_hash=previous, recorded_at=self._clock())
        text = entry_new.model_dump_json()
        if len(text) > _LARGEST:
            raise BadInputError(
                field="body", value=f"{len(text)} characters", rule=f"a ledger entry holds at most {_LARGEST}"
            )
        key = f"{_ENTRY}{entry_new.sequence:010d}"
        self._table.write(
            record.model,
            [
                Write(key, {"Entry": text, "Run": record.run, "Kind": record.kind}),
                Write(_KEY + short(record.key), {"Entry": key}),
                Write(
                    _HEAD,
                    {"Sequence": entry_new.sequence, "Hash": entry_new.hash},
                    None if head is None else head.etag,
                ),
            ],
        )
        return entry_new

    def entries(self, model: str, run: str | None = None) -> tuple[LedgerEntry, ...]:
        """Entries of a model by sequence, of one run if named."""
        if run is None:
            rows = self._table.partition(model, prefix=_ENTRY)
        else:
            rows = self._table.query("PartitionKey eq @model and Run eq @run", {"model": model, "run": run})
        return tuple(_entry(row) for row in rows)

    def backwards(self, model: str) -> Iterator[LedgerEntry]:
        """Entries of a model, the last one first; read as they are taken."""
        last = _end(self._table.get(model, _HEAD))[0]
        where = "PartitionKey eq @model and RowKey ge @first and RowKey le @last"
        while last > 0:
            first = max(last - _CHUNK + 1, 1)
            bounds = {"model": model, "first": f"{_ENTRY}{first:010d}", "last": f"{_ENTRY}{last:010d}"}
            yield from reversed([_entry(row) for row in self._table.query(where, bounds)])
            last = first - 1

    def since(self, model: str, sequence: int, limit: int) -> tuple[LedgerEntry, ...]:
        """The entries of a model behind a sequence, by sequence, at most ``limit``."""
        where = "PartitionKey eq @model and RowKey ge @first and RowKey le @last"
        bounds = {"first": f"{_ENTRY}{sequence + 1:010d}", "last": f"{_ENTRY}{sequence + limit:010d}"}
        return tuple(_entry(row) for row in self._table.query(where, {"model": model, **bounds}))

    def entry(self, model: str, sequence: int) -> LedgerEntry | None:
        """The entry of a model with a sequence."""
        row = self._table.get(model, f"{_ENTRY}{sequence:010d}")
        return None if row is None else _entry(row)

    def find(self, model: str, key: str) -> LedgerEntry | None:
        """The entry that was appended under a key."""
        known = self._table.get(model, _KEY + short(key))
        row = None if known is None else self._table.get(model, str(known.values["Entry"]))
        return None if row is None else _entry(row)

    def of_kind(self, model: str, kind: EntryKind) -> tuple[LedgerEntry, ...]:
        """Entries of a model of one kind, by sequence."""
        rows = self._table.query("PartitionKey eq @model and Kind eq @kind", {"model": model, "kind": kind})
        return tuple(_entry(row) for row in rows)

    def models(self) -> tuple[str, ...]:
        """Models that have entries."""
        # By the first entries as well: a chain whose head was removed must still be found.
        rows = self._table.query("RowKey eq @head or RowKey eq @first", {"head": _HEAD, "first": f"{_ENTRY}{1:010d}"})
        return tuple(sorted({row.partition for row in rows}))

    def verify(self, model: str) -> ChainFault | None:
        """The first fault of a model's chain, or None."""
        return until_no_conflict(lambda: self._verify(model))

    def _verify(self, model: str) -> ChainFault | None:
        head = _end(self._table.get(model, _HEAD))
        entries: list[dict[str, Any]] = []
        for row in self._table.partition(model, prefix=_ENTRY):
            try:
                _entry(row)
                entries.append(json.loads(str(row.values["Entry"])))
            except LedgerBrokenError:
                return ChainFault(model=model, sequence=len(entries) + 1, problem="it cannot be read")
        if _end(self._table.get(model, _HEAD)) != head:
            raise ConflictError(f"the ledger of {model} grew while it was read")
        return verify(model, entries, head_sequence=head[0], head_hash=head[1])


def _end(head: Row | None) -> tuple[int, str]:
    return (0, GENESIS) if head is None else (int(head.values["Sequence"]), str(head.values["Hash"]))


def _entry(row: Row) -> LedgerEntry:
    try:
        return LedgerEntry.from_json(str(row.values.get("Entry")))
    except ValidationError as error:
        raise LedgerBrokenError(row.partition, row.key) from error
