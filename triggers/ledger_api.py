"""The decision ledger over HTTP, read and verified."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

import azure.durable_functions as df
import azure.functions as func

from domain.ledger import LedgerEntry
from domain.page import Page, Position, page_of
from domain.ports import Services
from domain.view import ChainCheck
from triggers.parameters import cursor_of, limit_of, refuse_unknown_model, time_of
from triggers.problem import Answer, answer, explained, page_answer

# Entries are numbered in the order of their writing, and their times are those of several machines.
_SKEW = timedelta(minutes=10)


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
        return answer(await asyncio.to_thread(_checks, services(), req.params.get("model")))

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


def _checks(services: Services, model: str | None) -> list[ChainCheck]:
    ledger = services.ledger
    names = ledger.models()
    refuse_unknown_model(services, model, found=model in names)
    return [
        ChainCheck(model=name, entries=len(ledger.entries(name)), fault=ledger.verify(name))
        for name in names
        if model in {None, name}
    ]
