"""The list of runs against the engine's HTTP API, page by page on both sides."""

import asyncio
from collections.abc import Callable
from typing import Any

import azure.durable_functions as df
import pytest

from activities.newest_runs import RunFilter, newest_runs
from domain.page import Position
from local_host.durable.functions import DurableFunctions


def _decided(context: df.DurableOrchestrationContext) -> Any:
    return {"outcome": context.get_input()["outcome"], "reason": "because"}


@pytest.fixture
async def hosted(host: Callable[..., Any]) -> Any:
    """Runs of two models whose names begin alike, and an instance that is no run."""
    hosted = await host(DurableFunctions({"decided": df.Orchestrator.create(_decided)}, {}, {}))
    for number in range(6):
        model = "sales_eu" if number % 3 == 0 else "sales"
        outcome = "promoted" if number % 2 else "rejected"
        order = {"model": model, "outcome": outcome}
        name = f"lifecycle-{model}-{number}"
        await hosted.client.start_new("decided", name, order)
        await hosted.finished(name)
    await hosted.client.start_new("decided", "queue-sales-1", {"outcome": "none"})
    return hosted


async def _all(hosted: Any, wanted: RunFilter, limit: int) -> list[str]:
    names: list[str] = []
    after: Position | None = None
    async with asyncio.timeout(30):
        while True:
            page = await newest_runs(hosted.client, wanted, after=after, limit=limit, page_size=2)
            names += [run.run for run in page.items]
            if page.next is None:
                return names
            after = Position.from_cursor(page.next)


async def test_runs_come_newest_first_and_each_once(hosted: Any) -> None:
    """Durable gives two at a time in the order of creation, the list four at a time the other way."""
    names = await _all(hosted, RunFilter(), 4)
    assert [name[-1] for name in names] == ["5", "4", "3", "2", "1", "0"]


async def test_a_model_is_its_whole_name(hosted: Any) -> None:
    """Another whose name goes on is another model."""
    assert await _all(hosted, RunFilter(model="sales"), 1) == [f"lifecycle-sales-{number}" for number in (5, 4, 2, 1)]
    assert await _all(hosted, RunFilter(model="sale"), 1) == []


async def test_runs_are_found_by_outcome_and_time(hosted: Any) -> None:
    """From a time on and before another."""
    runs = (await newest_runs(hosted.client, RunFilter(), after=None, limit=10)).items
    promoted = await _all(hosted, RunFilter(outcome="promoted"), 10)
    assert [name[-1] for name in promoted] == ["5", "3", "1"]
    between = RunFilter(since=runs[3].started_at, until=runs[1].started_at)
    assert await _all(hosted, between, 10) == [runs[2].run, runs[3].run]
