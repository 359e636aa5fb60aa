"""GET /api/ledger: newest first over all models, in pages, reading no more than it must."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nightshift.domain.ledger.ledger import GENESIS, ChainEnd, ChainPart, LedgerEntry, LedgerRecord, chain, verify
from nightshift.triggers.ledger_api import ENDPOINTS
from tests.support.registered import registered_endpoints
from tests.unit.triggers.api.requests import principal, request

AT = datetime(2026, 11, 21, tzinfo=UTC)


def entry(model: str, sequence: int, minutes: float) -> LedgerEntry:
    """An entry that was recorded so many minutes after midnight."""
    record = LedgerRecord(
        key=str(sequence), model=model, run=f"run-{sequence}", kind="decision", subject="x", actor="a", body={}
    )
    return chain(record, sequence=sequence, previous_hash=GENESIS, recorded_at=AT + timedelta(minutes=minutes))


@dataclass
class LedgerInMemory:
    """Entries by model, oldest first; counts those that are read."""

    chains: dict[str, list[LedgerEntry]]
    read: int = 0

    def models(self, after: str = "") -> Iterator[str]:
        """Those that have entries."""
        yield from (name for name in sorted(self.chains) if name > after)

    def backwards(self, model: str) -> Iterator[LedgerEntry]:
        """The last one first."""
        for item in reversed(self.chains.get(model, [])):
            self.read += 1
            yield item

    def verify_part(self, model: str, after: ChainEnd, limit: int) -> ChainPart:
        """As many as are wanted, by the rules of the domain."""
        entries = self.chains.get(model, [])
        wanted = entries[after.sequence : after.sequence + limit]
        self.read += len(wanted)
        verified, fault = verify(model, [json.loads(item.model_dump_json()) for item in wanted], after)
        return ChainPart(
            verified=verified, length=len(entries), complete=fault is not None or len(wanted) < limit, fault=fault
        )

    def entries(self, model: str, run: str | None = None) -> tuple[LedgerEntry, ...]:
        """Of one run if named."""
        return tuple(item for item in self.chains.get(model, []) if run in {None, item.run})


@dataclass
class LedgerServices:
    """What the list uses."""

    ledger: LedgerInMemory
    names: tuple[str, ...] = ()
    specs: Any = field(init=False)

    def __post_init__(self) -> None:
        names = self.names

        class Specs:
            def names(self) -> tuple[str, ...]:
                return names

        self.specs = Specs()


async def answered(name: str, services: LedgerServices, **params: str) -> tuple[int, Any]:
    """Status and document of an answer."""
    handler = registered_endpoints(ENDPOINTS, services)[name]
    response = await handler(req=request(params=params, headers=principal("Reader")))
    return response.status_code, json.loads(response.get_body())


async def listed(services: LedgerServices, **params: str) -> tuple[list[str], str | None]:
    """Model and sequence of the entries of a page, and the cursor of the next."""
    status, page = await answered("list_ledger", services, **params)
    if status != 200:
        return [page["detail"]], None
    return [f"{item['model']}{item['sequence']}" for item in page["items"]], page["next"]


@pytest.fixture
def services() -> LedgerServices:
    """Two models whose entries alternate; the clock of one machine is five minutes behind."""
    a = [entry("a", 1, 0), entry("a", 2, 20), entry("a", 3, 15), entry("a", 4, 40)]
    b = [entry("b", 1, 10), entry("b", 2, 30)]
    return LedgerServices(LedgerInMemory({"a": a, "b": b}), ("a", "b", "c"))


async def test_entries_of_all_models_come_by_time(services: LedgerServices) -> None:
    """Not by number: the times are what people compare."""
    assert await listed(services) == (["a4", "b2", "a2", "a3", "b1", "a1"], None)


async def test_pages_together_are_the_list(services: LedgerServices) -> None:
    """Each entry once, also where the clocks disagree."""
    for limit in range(1, 7):
        seen: list[str] = []
        page, cursor = await listed(services, limit=str(limit))
        seen += page
        while cursor is not None:
            page, cursor = await listed(services, limit=str(limit), cursor=cursor)
            seen += page
        assert seen == ["a4", "b2", "a2", "a3", "b1", "a1"]


async def test_filters_are_applied_before_the_limit(services: LedgerServices) -> None:
    """By model, by run, by time."""
    assert await listed(services, model="b", limit="1") == (["b2"], (await listed(services, limit="2"))[1])
    assert await listed(services, run="run-2") == (["b2", "a2"], None)
    since, until = "2026-11-21T00:10:00Z", "2026-11-21T00:30:00Z"
    assert await listed(services, since=since, until=until) == (["a2", "a3", "b1"], None)


async def test_a_model_without_entries_is_known_by_its_spec(services: LedgerServices) -> None:
    """An empty list for it, and a problem for another name."""
    assert await listed(services, model="c") == ([], None)
    ((problem,), following) = await listed(services, model="d")
    assert (problem.partition(":")[0], following) == ("model = 'd'", None)
    assert problem.endswith(": a, b, c")


async def test_a_long_ledger_is_not_read_whole() -> None:
    """A page costs its own entries and those of the minutes by which clocks may differ."""
    ledger = LedgerInMemory({"a": [entry("a", number, number) for number in range(1, 1001)]})
    page, cursor = await listed(LedgerServices(ledger), limit="5")
    assert (page, cursor is not None) == (["a1000", "a999", "a998", "a997", "a996"], True)
    assert ledger.read == 17


def linked(model: str, count: int) -> list[LedgerEntry]:
    """A chain that holds."""
    entries: list[LedgerEntry] = []
    for number in range(1, count + 1):
        record = LedgerRecord(key=str(number), model=model, run="r", kind="decision", subject="x", actor="a", body={})
        previous = entries[-1].hash if entries else GENESIS
        entries.append(chain(record, sequence=number, previous_hash=previous, recorded_at=AT))
    return entries


async def parts(services: LedgerServices, **params: str) -> list[list[dict[str, Any]]]:
    """The items of all pages of a verification."""
    pages = []
    while True:
        status, page = await answered("verify_ledger", services, **params)
        assert status == 200, page
        pages.append(page["items"])
        if page["next"] is None:
            return pages
        params["cursor"] = page["next"]


async def test_a_long_ledger_is_verified_in_parts() -> None:
    """No call verifies more than it may, and the last of them says that the chain holds to its end."""
    ledger = LedgerInMemory({"a": linked("a", 2_500)})
    pages = await parts(LedgerServices(ledger))
    assert [[(item["entries"], item["complete"]) for item in page] for page in pages] == [
        [(1_000, False)],
        [(2_000, False)],
        [(2_500, True)],
    ]
    assert pages[-1] == [{"model": "a", "entries": 2_500, "length": 2_500, "complete": True, "fault": None}]
    assert ledger.read == 2_500


async def test_parts_go_on_with_the_next_model() -> None:
    """Also where a part ends with a chain; every model has one item that says that it is complete."""
    services = LedgerServices(LedgerInMemory({name: linked(name, 25) for name in "abc"}))
    for limit in (5, 13, 25, 26, 60, 1_000):
        items = [item for page in await parts(services, limit=str(limit)) for item in page]
        assert [(item["model"], item["entries"]) for item in items if item["complete"]] == [
            ("a", 25),
            ("b", 25),
            ("c", 25),
        ]


async def test_a_broken_entry_is_named_and_the_other_models_are_verified() -> None:
    """The answer says which entry it is; what is behind it is not read."""
    chains = {name: linked(name, 30) for name in "ab"}
    chains["a"][16] = chains["a"][16].model_copy(update={"actor": "somebody"})
    pages = await parts(LedgerServices(LedgerInMemory(chains)), limit="10")
    items = {item["model"]: item for page in pages for item in page}
    fault = items["a"].pop("fault")
    assert items["a"] == {"model": "a", "entries": 16, "length": 30, "complete": True}
    assert (fault["model"], fault["sequence"], "its hash" in fault["problem"]) == ("a", 17, True)
    assert (items["b"]["entries"], items["b"]["complete"], items["b"]["fault"]) == (30, True, None)


async def test_a_small_ledger_is_one_answer() -> None:
    """As earlier callers know it: all models, and no next page."""
    small = LedgerServices(LedgerInMemory({name: linked(name, 2) for name in "ab"}), ("a", "b", "c"))
    status, page = await answered("verify_ledger", small)
    assert (status, [(item["model"], item["entries"], item["fault"]) for item in page["items"]], page["next"]) == (
        200,
        [("a", 2, None), ("b", 2, None)],
        None,
    )
    assert await answered("verify_ledger", small, model="c") == (200, {"items": [], "next": None})
    status, problem = await answered("verify_ledger", small, model="d")
    assert (status, problem["title"]) == (404, "unknown_model")


async def test_a_cursor_of_another_list_or_model_is_refused() -> None:
    """Only `next` of an earlier page of the same verification goes on with it."""
    services = LedgerServices(LedgerInMemory({"a": linked("a", 30), "b": linked("b", 3)}))
    _, page = await answered("verify_ledger", services, limit="10")
    _, listed = await answered("list_ledger", services, limit="1")
    for params in ({"cursor": page["next"], "model": "b"}, {"cursor": listed["next"]}, {"cursor": "abc"}):
        status, problem = await answered("verify_ledger", services, **params)
        assert (status, problem["title"]) == (400, "bad_input")
