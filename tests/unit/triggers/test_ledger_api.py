"""GET /api/ledger: newest first over all models, in pages, reading no more than it must."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.ledger import GENESIS, LedgerEntry, LedgerRecord, chain
from tests.unit.triggers.api.requests import request
from triggers.ledger_api import blueprint

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

    def models(self) -> tuple[str, ...]:
        """Those that have entries."""
        return tuple(self.chains)

    def backwards(self, model: str) -> Iterator[LedgerEntry]:
        """The last one first."""
        for item in reversed(self.chains.get(model, [])):
            self.read += 1
            yield item

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


async def listed(services: LedgerServices, **params: str) -> tuple[list[str], str | None]:
    """Model and sequence of the entries of a page, and the cursor of the next."""
    (handler,) = (
        builder._function._func
        for builder in blueprint(lambda: services)._function_builders  # type: ignore[arg-type, return-value]
        if builder._function.get_function_name() == "list_ledger"
    )
    response = await handler(request(params=params))
    page = json.loads(response.get_body())
    if response.status_code != 200:
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
    assert await listed(services, model="d") == (["model = 'd': no spec has this name; known models: a, b, c"], None)


async def test_a_long_ledger_is_not_read_whole() -> None:
    """A page costs its own entries and those of the minutes by which clocks may differ."""
    ledger = LedgerInMemory({"a": [entry("a", number, number) for number in range(1, 1001)]})
    page, cursor = await listed(LedgerServices(ledger), limit="5")
    assert (page, cursor is not None) == (["a1000", "a999", "a998", "a997", "a996"], True)
    assert ledger.read == 17
