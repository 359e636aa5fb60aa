"""The decision ledger in the table ``ledger``: a partition per model with its head, its entries and their keys.

Each entry also has a row by its run and one by its kind, written in its transaction; the newest sorts first. The head
says up to which sequence entries have none (``Unindexed``): those of earlier releases, which wrote neither the rows nor
that property, so that whatever such a release still appends counts as unindexed as well. Those are read by a scan until
``index`` has made their rows.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from azure.data.tables import TableServiceClient
from pydantic import ValidationError

from clients.tables import Put, Row, Table, Write, until_no_conflict
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
_RUN, _KIND = "run-", "kind-"
_UNINDEXED = "Unindexed"
_LATEST = 10**10
# Entries that lie as close as this are read at once, with the few between them.
_SPARSE = 5
# A transaction holds at most 100 rows.
_INDEXED_AT_ONCE = 49


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
        key = _entry_key(entry_new.sequence)
        self._table.write(
            record.model,
            [
                Write(key, {"Entry": text, "Run": record.run, "Kind": record.kind}),
                Write(_KEY + short(record.key), {"Entry": key}),
                *_index_rows(entry_new),
                Write(
                    _HEAD,
                    {"Sequence": entry_new.sequence, "Hash": entry_new.hash, _UNINDEXED: _unindexed(head)},
                    None if head is None else head.etag,
                ),
            ],
        )
        return entry_new

    def entries(self, model: str, run: str | None = None) -> tuple[LedgerEntry, ...]:
        """Entries of a model by sequence, of one run if named."""
        if run is None:
            rows = self._table.partition(model, prefix=_ENTRY)
            return tuple(_entry(row) for row in rows)
        newest_first = list(self._listed(model, _run_prefix(run), "Run", run))
        return tuple(entry for entry in reversed(newest_first) if entry.run == run)

    def backwards(self, model: str) -> Iterator[LedgerEntry]:
        """Entries of a model, the last one first; read as they are taken."""
        last = _end(self._table.get(model, _HEAD))[0]
        where = "PartitionKey eq @model and RowKey ge @first and RowKey le @last"
        while last > 0:
            first = max(last - _CHUNK + 1, 1)
            bounds = {"model": model, "first": _entry_key(first), "last": _entry_key(last)}
            yield from reversed([_entry(row) for row in self._table.query(where, bounds)])
            last = first - 1

    def find(self, model: str, key: str) -> LedgerEntry | None:
        """The entry that was appended under a key."""
        known = self._table.get(model, _KEY + short(key))
        row = None if known is None else self._table.get(model, str(known.values["Entry"]))
        return None if row is None else _entry(row)

    def of_kind(self, model: str, kind: EntryKind) -> tuple[LedgerEntry, ...]:
        """Entries of a model of one kind, by sequence."""
        return tuple(reversed(list(self.newest_of(model, kind))))

    def newest_of(self, model: str, kind: EntryKind) -> Iterator[LedgerEntry]:
        """Entries of a model of one kind, the last one first; read as they are taken."""
        return self._listed(model, f"{_KIND}{kind}-", "Kind", kind)

    def _listed(self, model: str, prefix: str, name: str, value: str) -> Iterator[LedgerEntry]:
        """Entries by their index rows, the last one first; then by a scan those that have none."""
        head = self._table.get(model, _HEAD)
        # A chain that has lost its head is read whole.
        unindexed = _LATEST - 1 if head is None else _unindexed(head)
        rows = self._table.partition(model, prefix=prefix)
        while found := [int(row.values["Sequence"]) for row in islice(rows, _CHUNK)]:
            yield from self._read(model, [sequence for sequence in found if sequence > unindexed])
        if unindexed:
            where = f"PartitionKey eq @model and RowKey ge @first and RowKey le @last and {name} eq @value"
            bounds = {"model": model, "first": _entry_key(1), "last": _entry_key(unindexed), "value": value}
            yield from reversed([_entry(row) for row in self._table.query(where, bounds)])

    def _read(self, model: str, sequences: Sequence[int]) -> Iterator[LedgerEntry]:
        """Entries by descending sequence: those close together at once, else each alone."""
        if not sequences:
            return
        last, first = sequences[0], sequences[-1]
        if last - first < _SPARSE * len(sequences):
            where = "PartitionKey eq @model and RowKey ge @first and RowKey le @last"
            bounds = {"model": model, "first": _entry_key(first), "last": _entry_key(last)}
            wanted = {_entry_key(sequence) for sequence in sequences}
            yield from reversed([_entry(row) for row in self._table.query(where, bounds) if row.key in wanted])
            return
        for sequence in sequences:
            row = self._table.get(model, _entry_key(sequence))
            if row is None:
                raise LedgerBrokenError(model, _entry_key(sequence))
            yield _entry(row)

    def index(self, most: int) -> bool:
        """Make the index rows of entries that have none, at most so many; whether every entry has its own now.

        From the last one down, and the head says how far: broken off anywhere, it goes on from there.
        """
        for model in self._table.partitions():
            while most > 0 and _unindexed(self._table.get(model, _HEAD)):
                until_no_conflict(lambda model=model: self._index(model))  # type: ignore[misc]
                most -= _INDEXED_AT_ONCE
            if _unindexed(self._table.get(model, _HEAD)):
                return False
        return True

    def _index(self, model: str) -> None:
        head = self._table.get(model, _HEAD)
        last = _unindexed(head)
        if head is None or not last:
            return
        first = max(last - _INDEXED_AT_ONCE + 1, 1)
        where = "PartitionKey eq @model and RowKey ge @first and RowKey le @last"
        rows = self._table.query(where, {"model": model, "first": _entry_key(first), "last": _entry_key(last)})
        puts = [row for entry in map(_entry, rows) for row in _index_rows(entry)]
        self._table.write(model, [*puts, Write(_HEAD, {**head.values, _UNINDEXED: first - 1}, head.etag)])

    def models(self) -> tuple[str, ...]:
        """Models that have entries; also one whose chain has lost its head."""
        return tuple(self._table.partitions())

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


def _unindexed(head: Row | None) -> int:
    """Up to which sequence entries have no index rows; the head of an earlier release does not say: all of them."""
    if head is None:
        return 0
    said = head.values.get(_UNINDEXED)
    return int(head.values["Sequence"]) if said is None else int(said)


def _index_rows(entry: LedgerEntry) -> list[Put]:
    values = {"Sequence": entry.sequence}
    place = f"{_LATEST - entry.sequence:010d}"
    return [Put(_run_prefix(entry.run) + place, values), Put(f"{_KIND}{entry.kind}-{place}", values)]


def _run_prefix(run: str) -> str:
    # A run is told in words of other systems too, and a key may not hold all of their characters.
    return f"{_RUN}{short(run)}-"


def _entry_key(sequence: int) -> str:
    return f"{_ENTRY}{sequence:010d}"


def _entry(row: Row) -> LedgerEntry:
    try:
        return LedgerEntry.from_json(str(row.values.get("Entry")))
    except ValidationError as error:
        raise LedgerBrokenError(row.partition, row.key) from error
