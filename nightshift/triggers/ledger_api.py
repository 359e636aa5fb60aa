"""The decision ledger over HTTP: read, and verified part by part."""

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.ledger.ledger import ChainEnd, LedgerEntry
from nightshift.domain.platform.page import Page, Position, page_of, read_cursor, write_cursor, wrong_cursor
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.view import ChainCheck
from nightshift.triggers.api.parameters import VERIFIED
from nightshift.triggers.parameters import cursor_of, limit_of, refuse_unknown_model, time_of
from nightshift.triggers.problem import Answer, explained, page_answer

# Entries are numbered in the order of their writing, and their times are those of several machines.
_SKEW = timedelta(minutes=10)
# A model counts as so many verified entries at least: its head is read, too.
_LEAST = 10
_HASH = re.compile("[0-9a-f]{64}")


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register ``/api/ledger``."""
    result = df.Blueprint()

    def get(route: str) -> Callable[[Answer], Answer]:
        return result.route(route=f"api/{route}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)  # type: ignore[no-any-return]

    @get("ledger")
    @explained
    async def list_ledger(req: func.HttpRequest) -> func.HttpResponse:
        return page_answer(await asyncio.to_thread(_page, services(), req))

    @get("ledger/verification")
    @explained
    async def verify_ledger(req: func.HttpRequest) -> func.HttpResponse:
        return page_answer(await asyncio.to_thread(_verified, services(), req))

    return result


def _page(services: Services, req: func.HttpRequest) -> Page[LedgerEntry]:
    since, until, kind = time_of(req, "since"), time_of(req, "until"), req.params.get("kind")
    after, limit = cursor_of(req), limit_of(req)
    model, run, ledger = req.params.get("model"), req.params.get("run"), services.ledger
    names = (model,) if model else ledger.models()
    if model is not None:
        refuse_unknown_model(services, model, found=next(iter(ledger.backwards(model)), None) is not None)

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
    """So many of those that are meant, and no fewer than can be among the newest: the rest is not read."""
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


def _verified(services: Services, req: func.HttpRequest) -> Page[ChainCheck]:
    """Verify the next entries, of one model after the other; a cursor says up to where which chain is verified."""
    ledger, model, cursor = services.ledger, req.params.get("model"), req.params.get("cursor")
    begun, after = (model, ChainEnd()) if cursor is None else _read_place(cursor, model)
    left = limit_of(req, VERIFIED.default)
    checks: list[ChainCheck] = []
    for name in chain([begun] if begun else [], [] if model else ledger.models(begun or "")):
        if left <= 0:
            return Page(tuple(checks), _place(name, ChainEnd()))
        part = ledger.verify_part(name, after, left)
        entries, length = part.verified.sequence, part.length
        found = entries > 0 or length > 0 or part.fault is not None
        refuse_unknown_model(services, model, found=found)
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
