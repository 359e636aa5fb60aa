"""The decision ledger in the table ``ledger``: a partition per model with its head, its entries and their keys.

A row per run lists the sequences of its entries, and each entry has a row by its kind, of which the newest sorts first;
both are written in the entry's transaction. The head says up to which sequence entries have none (``Unindexed``): those
of earlier releases, which wrote neither the rows nor that property, so that whatever such a release still appends
counts as unindexed as well. Those are read by a scan until ``index`` has made their rows.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from azure.data.tables import TableServiceClient
from pydantic import ValidationError

from nightshift.clients.platform.tables import Put, Row, Table, Write, until_no_conflict
from nightshift.domain.ledger.ledger import (
    ChainEnd,
    ChainFault,
    ChainPart,
    EntryKind,
    LedgerEntry,
    LedgerRecord,
    chain,
    missing,
    verify,
    verify_end,
)
from nightshift.domain.platform.errors import BadInputError, LedgerBrokenError, RowChangedError
from nightshift.domain.platform.identity import short
from nightshift.domain.platform.ports import Clock
from nightshift.domain.platform.text import units

_HEAD = "head"
_ENTRY = "entry-"
_KEY = "key-"
# A string property holds 32,768 UTF-16 units; anything bigger is kept in blob storage, with its digest here.
_LARGEST = 30_000
_CHUNK = 100
# A query's answer holds at most 1,000 rows.
_PART = 1_000
_RUN, _KIND = "run-", "kind-"
_UNINDEXED = "Unindexed"
_LATEST = 10**10
# Entries that lie as close as this are read at once, with the few between them.
_SPARSE = 5
# A transaction holds at most 100 rows.
_INDEXED_AT_ONCE = 49


class TableLedger:
    """Implements `Ledger`. Appending commits entry, key and head in one transaction."""

    def __init__(self, service: TableServiceClient, clock: Clock) -> None:
        self._table = Table(service, "ledger")
        self._clock = clock

    def append(self, record: LedgerRecord) -> LedgerEntry:
        return until_no_conflict(lambda: self._append(record))

    def _append(self, record: LedgerRecord) -> LedgerEntry:
        head = self._table.get(record.model, _HEAD)
        known = self._table.get(record.model, _KEY + short(record.key))
        if known is not None:
            entry = self._table.get(record.model, str(known.values["Entry"]))
            assert entry is not None, f"the ledger of {record.model} has a key without its entry"
            return _entry(entry)
        last = _end(head)
        entry_new = chain(record, sequence=last.sequence + 1, previous_hash=last.hash, recorded_at=self._clock())
        text = entry_new.model_dump_json()
        if units(text) > _LARGEST:
            raise BadInputError(
                field="body", value=f"{units(text)} characters", rule=f"a ledger entry holds at most {_LARGEST}"
            )
        key = _entry_key(entry_new.sequence)
        self._table.write(
            record.model,
            [
                Write(key, {"Entry": text, "Run": record.run, "Kind": record.kind}),
                Write(_KEY + short(record.key), {"Entry": key}),
                *self._index_rows(record.model, [entry_new]),
                Write(
                    _HEAD,
                    {
                        "Sequence": entry_new.sequence,
                        "Hash": entry_new.hash,
                        _UNINDEXED: 0 if head is None else _unindexed(head),
                    },
                    None if head is None else head.etag,
                ),
            ],
        )
        return entry_new

    def entries(self, model: str, run: str | None = None) -> tuple[LedgerEntry, ...]:
        if run is None:
            rows = self._table.partition(model, prefix=_ENTRY)
            return tuple(_entry(row) for row in rows)
        head = self._table.get(model, _HEAD)
        indexed = self._read(model, _behind(head, reversed(self._of_run(model, run))))
        return tuple(reversed([*indexed, *self._scanned(model, head, "Run", run)]))

    def _of_run(self, model: str, run: str) -> list[int]:
        """The sequences of a run's entries, as far as they are indexed."""
        row = self._table.get(model, _run_key(run))
        return [] if row is None else json.loads(row.values["Sequences"])

    def backwards(self, model: str) -> Iterator[LedgerEntry]:
        last = _end(self._table.get(model, _HEAD)).sequence
        where = "PartitionKey eq @model and RowKey ge @first and RowKey le @last"
        while last > 0:
            first = max(last - _CHUNK + 1, 1)
            bounds = {"model": model, "first": _entry_key(first), "last": _entry_key(last)}
            yield from reversed([_entry(row) for row in self._table.query(where, bounds)])
            last = first - 1

    def since(self, model: str, sequence: int, limit: int) -> tuple[LedgerEntry, ...]:
        where = "PartitionKey eq @model and RowKey ge @first and RowKey le @last"
        bounds = {"first": f"{_ENTRY}{sequence + 1:010d}", "last": f"{_ENTRY}{sequence + limit:010d}"}
        return tuple(_entry(row) for row in self._table.query(where, {"model": model, **bounds}))

    def entry(self, model: str, sequence: int) -> LedgerEntry | None:
        row = self._table.get(model, f"{_ENTRY}{sequence:010d}")
        return None if row is None else _entry(row)

    def find(self, model: str, key: str) -> LedgerEntry | None:
        known = self._table.get(model, _KEY + short(key))
        row = None if known is None else self._table.get(model, str(known.values["Entry"]))
        return None if row is None else _entry(row)

    def of_kind(self, model: str, kind: EntryKind) -> tuple[LedgerEntry, ...]:
        return tuple(reversed(list(self.newest_of(model, kind))))

    def newest_of(self, model: str, kind: EntryKind) -> Iterator[LedgerEntry]:
        head = self._table.get(model, _HEAD)
        rows = self._table.partition(model, prefix=f"{_KIND}{kind}-")
        while found := [int(row.values["Sequence"]) for row in islice(rows, _CHUNK)]:
            yield from self._read(model, _behind(head, found))
        yield from self._scanned(model, head, "Kind", kind)

    def _scanned(self, model: str, head: Row | None, name: str, value: str) -> Iterator[LedgerEntry]:
        """Entries that have no index rows, the last one first."""
        if not _unindexed(head):
            return
        where = f"PartitionKey eq @model and RowKey ge @first and RowKey le @last and {name} eq @value"
        bounds = {"model": model, "first": _entry_key(1), "last": _entry_key(_unindexed(head)), "value": value}
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
        """As the port says.

        From the last one down, and the head says how far: broken off anywhere, it goes on from there.
        """
        for model in self._table.partitions():
            while until_no_conflict(lambda model=model: self._index(model)):  # type: ignore[misc]
                most -= _INDEXED_AT_ONCE
                if most <= 0:
                    return False
        return True

    def _index(self, model: str) -> bool:
        """Index the last entries that have no rows; whether there were any."""
        head = self._table.get(model, _HEAD)
        if head is None or not _unindexed(head):
            return False
        last = _unindexed(head)
        first = max(last - _INDEXED_AT_ONCE + 1, 1)
        where = "PartitionKey eq @model and RowKey ge @first and RowKey le @last"
        rows = self._table.query(where, {"model": model, "first": _entry_key(first), "last": _entry_key(last)})
        puts = self._index_rows(model, [_entry(row) for row in rows])
        self._table.write(model, [*puts, Write(_HEAD, {**head.values, _UNINDEXED: first - 1}, head.etag)])
        return True

    def _index_rows(self, model: str, entries: Sequence[LedgerEntry]) -> list[Put]:
        """The rows by which entries are found; the head, written with them, sees to it that no other run's are lost."""
        puts = []
        for run in dict.fromkeys(entry.run for entry in entries):
            mine = {entry.sequence for entry in entries if entry.run == run}
            sequences = sorted(mine.union(self._of_run(model, run)))
            puts.append(Put(_run_key(run), {"Sequences": json.dumps(sequences)}))
        for entry in entries:
            key = f"{_KIND}{entry.kind}-{_LATEST - entry.sequence:010d}"
            puts.append(Put(key, {"Sequence": entry.sequence}))
        return puts

    def models(self, after: str = "") -> Iterator[str]:
        """Models that have entries, by name, those behind a name; also one whose chain has lost its head."""
        return self._table.partitions(after)

    def verify(self, model: str) -> ChainFault | None:
        part = self.verify_part(model, ChainEnd(), _PART)
        while not part.complete:
            part = self.verify_part(model, part.verified, _PART)
        return part.fault

    def verify_part(self, model: str, after: ChainEnd, limit: int) -> ChainPart:
        return until_no_conflict(lambda: self._verify_part(model, after, limit))

    def _verify_part(self, model: str, after: ChainEnd, limit: int) -> ChainPart:
        head = _end(self._table.get(model, _HEAD))
        entries: list[dict[str, Any]] = []
        problem = ""
        # Up to the last row, not up to what the head says: an entry behind that is a fault, too.
        where = "PartitionKey eq @model and RowKey gt @first and RowKey lt @last"
        first = _entry_key(after.sequence) if after.sequence else _ENTRY
        bounds = {"model": model, "first": first, "last": _ENTRY + "\U0000fffd"}
        for number, row in enumerate(self._table.query(where, bounds, limit=limit), start=after.sequence + 1):
            if row.key != _entry_key(number):
                problem = missing(number)
                break
            try:
                _entry(row)
            except LedgerBrokenError:
                problem = "it cannot be read"
                break
            entries.append(json.loads(str(row.values["Entry"])))
        verified, fault = verify(model, entries, after)
        if fault is None and problem:
            fault = ChainFault(model=model, sequence=verified.sequence + 1, problem=problem)
        complete = fault is not None or len(entries) < limit
        if fault is None and complete:
            if _end(self._table.get(model, _HEAD)) != head:
                raise RowChangedError(f"the ledger of {model} grew while its end was read")
            fault = verify_end(model, verified, head)
        return ChainPart(verified=verified, length=head.sequence, complete=complete, fault=fault)


def _end(head: Row | None) -> ChainEnd:
    if head is None:
        return ChainEnd()
    return ChainEnd(sequence=int(head.values["Sequence"]), hash=str(head.values["Hash"]))


def _unindexed(head: Row | None) -> int:
    """Up to which sequence entries have no index rows; the head of an earlier release does not say: all of them.

    A chain that has lost its head is read whole.
    """
    if head is None:
        return _LATEST - 1
    said = head.values.get(_UNINDEXED)
    return int(head.values["Sequence"]) if said is None else int(said)


def _behind(head: Row | None, sequences: Iterable[int]) -> list[int]:
    """Those of the entries whose index rows count."""
    return [sequence for sequence in sequences if sequence > _unindexed(head)]


def _run_key(run: str) -> str:
    # A run may be named in words of other systems, and a key may not hold all of their characters.
    return f"{_RUN}{short(run)}"


def _entry_key(sequence: int) -> str:
    return f"{_ENTRY}{sequence:010d}"


def _entry(row: Row) -> LedgerEntry:
    try:
        return LedgerEntry.from_json(str(row.values.get("Entry")))
    except ValidationError as error:
        raise LedgerBrokenError(row.partition, row.key) from error
