"""The decision ledger over HTTP: read, and verified part by part."""

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain

from nightshift.domain.ledger.ledger import ChainEnd, LedgerEntry
from nightshift.domain.platform.paging import Page, Position, page_of, read_cursor, write_cursor, wrong_cursor
from nightshift.domain.platform.principal import READERS
from nightshift.domain.platform.view import ChainCheck
from nightshift.triggers.api.call import Call
from nightshift.triggers.api.endpoint import endpoint
from nightshift.triggers.api.parameters import (
    CURSOR,
    ENTRY_KIND,
    LIMIT,
    MODEL,
    PAGED,
    RUN,
    SINCE,
    UNTIL,
    VERIFIED,
    VERIFIED_UP_TO,
)
from nightshift.triggers.unknown_model import refuse_unknown_model

# Entries are numbered in the order of their writing, and their times are those of several machines.
_SKEW = timedelta(minutes=10)
# A model counts as at least this many verified entries, because its head is read, too.
_LEAST = 10
_HASH = re.compile("[0-9a-f]{64}")


@endpoint(
    "GET", "ledger", "Lists the entries of the decision ledger, newest first.",
    roles=READERS, query=(MODEL, RUN, ENTRY_KIND, SINCE, UNTIL, *PAGED),
    answer=LedgerEntry, shape="page", problems=(404,), function="list_ledger",
)  # fmt: skip
async def list_ledger_entries(call: Call[None]) -> Page[LedgerEntry]:
    """The newest entries that are wanted."""
    return await asyncio.to_thread(_page, call)


@endpoint(
    "GET", "ledger/verification", "Verifies the hashes of the ledger; each page verifies a part.",
    roles=READERS, query=(MODEL, VERIFIED, VERIFIED_UP_TO), answer=ChainCheck, shape="page", problems=(404,),
)  # fmt: skip
async def verify_ledger(call: Call[None]) -> Page[ChainCheck]:
    """Verify the next part."""
    return await asyncio.to_thread(_verified, call)


def _page(call: Call[None]) -> Page[LedgerEntry]:
    since, until, kind = call.query[SINCE], call.query[UNTIL], call.query[ENTRY_KIND]
    after, limit = call.query[CURSOR], call.query[LIMIT]
    model, run, ledger = call.query[MODEL], call.query[RUN], call.services.ledger
    names = (model,) if model else ledger.models()
    if model is not None:
        refuse_unknown_model(call.services, model, found=next(iter(ledger.backwards(model)), None) is not None)

    def meant(entry: LedgerEntry) -> bool:
        return (
            kind in {None, entry.kind}
            and (since is None or entry.recorded_at >= since)
            and (until is None or entry.recorded_at < until)
            and (after is None or _position(entry).order < after.order)
        )

    found: list[LedgerEntry] = []
    for name in names:
        entries = ledger.backwards(name) if run is None else reversed(ledger.entries(name, run))
        found += _newest(entries, meant, since, limit + 1)
    return page_of(found, _position, after=after, limit=limit)


def _newest(
    entries: Iterable[LedgerEntry], meant: Callable[[LedgerEntry], bool], since: datetime | None, count: int
) -> Iterator[LedgerEntry]:
    """The matching entries, enough to hold every one that can be among the newest; the rest is not read."""
    floor = None if since is None else since - _SKEW
    for entry in entries:
        if floor is not None and entry.recorded_at < floor:
            return
        if meant(entry):
            yield entry
            count -= 1
            if count == 0:
                floor = entry.recorded_at - _SKEW


def _position(entry: LedgerEntry) -> Position:
    return Position(at=entry.recorded_at, identity=f"{entry.model}-{entry.sequence:010d}")


def _verified(call: Call[None]) -> Page[ChainCheck]:
    """Verify the next entries, of one model after the other; a cursor says up to where which chain is verified."""
    ledger, model, cursor = call.services.ledger, call.query[MODEL], call.query[VERIFIED_UP_TO]
    begun, after = (model, ChainEnd()) if cursor is None else _read_place(cursor, model)
    left = call.query[VERIFIED]
    checks: list[ChainCheck] = []
    for name in chain([begun] if begun else [], [] if model else ledger.models(begun or "")):
        if left <= 0:
            return Page(tuple(checks), _place(name, ChainEnd()))
        part = ledger.verify_part(name, after, left)
        entries, length = part.verified.sequence, part.length
        found = entries > 0 or length > 0 or part.fault is not None
        refuse_unknown_model(call.services, model, found=found)
        if found:
            checks.append(
                ChainCheck(model=name, entries=entries, fault=part.fault, length=length, complete=part.complete)
            )
        if not part.complete:
            return Page(tuple(checks), _place(name, part.verified))
        left -= max(part.verified.sequence - after.sequence, _LEAST)
        after = ChainEnd()
    return Page(tuple(checks), None)


def _place(model: str, verified: ChainEnd) -> str:
    return write_cursor(str(verified.sequence), verified.hash, model)


def _read_place(cursor: str, model: str | None) -> tuple[str, ChainEnd]:
    """The model that a cursor goes on with, and up to where its chain is verified."""
    sequence, known, begun = read_cursor(cursor, 3)
    if not sequence.isdecimal() or len(sequence) > 10 or not _HASH.fullmatch(known) or model not in {None, begun}:
        raise wrong_cursor(cursor)
    return begun, ChainEnd(sequence=int(sequence), hash=known)


ENDPOINTS = (list_ledger_entries, verify_ledger)
