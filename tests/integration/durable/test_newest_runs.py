"""The list of runs against the engine's HTTP API, page by page on both sides."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest

from local_host.durable.clock import format_time
from local_host.durable.functions import DurableFunctions
from nightshift.domain.platform.paging import Position
from nightshift.services.lifecycle.newest_runs import RunFilter, newest_runs


def _decided(context: df.DurableOrchestrationContext) -> Any:
    return {"outcome": context.get_input()["outcome"], "reason": "because"}


@pytest.fixture
async def hosted(host: Callable[..., Any]) -> Any:
    """Runs of two models whose names begin alike, all of about one second, and an instance that is no run."""
    hosted = await host(DurableFunctions({"decided": df.Orchestrator.create(_decided)}, {}))
    for number in range(6):
        model = "sales_eu" if number % 3 == 0 else "sales"
        outcome = "promoted" if number % 2 else "rejected"
        order = {"model": model, "outcome": outcome}
        name = f"lifecycle-{model}-{number}"
        await hosted.client.start_new("decided", name, order)
        await hosted.finished(name)
    await hosted.client.start_new("decided", "queue-sales-1", {"outcome": "none"})
    return hosted


@pytest.fixture
def minutes_apart(hosted: Any, tmp_path: Path) -> Any:
    """The same, with a minute between each run and the next."""
    began = datetime.now(UTC) - timedelta(hours=1)
    with closing(sqlite3.connect(tmp_path / "hub.db", isolation_level=None)) as database:
        for number in range(6):
            moment = format_time(began + timedelta(minutes=number))
            database.execute("UPDATE instances SET created_time = ? WHERE instance_id LIKE ?", (moment, f"l%-{number}"))
    return hosted


async def _all(hosted: Any, wanted: RunFilter, limit: int) -> list[str]:
    names: list[str] = []
    after: Position | None = None
    async with asyncio.timeout(150):
        while True:
            page = await newest_runs(hosted.client, wanted, after=after, limit=limit, page_size=2)
            names += [run.run for run in page.items]
            if page.next is None:
                return names
            after = Position.from_cursor(page.next)


async def test_runs_come_newest_first_and_each_once(minutes_apart: Any) -> None:
    """Durable gives two at a time in the order of their ids, the list four at a time in that of their start."""
    names = await _all(minutes_apart, RunFilter(), 4)
    assert [name[-1] for name in names] == ["5", "4", "3", "2", "1", "0"]


@pytest.mark.parametrize("limit", [1, 4])
async def test_runs_of_one_second_come_each_once(hosted: Any, limit: int) -> None:
    """Durable's times are whole seconds: what they do not tell apart the ids do."""
    names = await _all(hosted, RunFilter(), limit)
    assert sorted(name[-1] for name in names) == ["0", "1", "2", "3", "4", "5"]


async def test_a_model_is_its_whole_name(minutes_apart: Any) -> None:
    """Another whose name goes on is another model."""
    names = await _all(minutes_apart, RunFilter(model="sales"), 1)
    assert names == [f"lifecycle-sales-{number}" for number in (5, 4, 2, 1)]
    assert await _all(minutes_apart, RunFilter(model="sale"), 1) == []


async def test_runs_are_found_by_outcome_and_time(minutes_apart: Any) -> None:
    """From a time on and before another."""
    runs = (await newest_runs(minutes_apart.client, RunFilter(), after=None, limit=10)).items
    promoted = await _all(minutes_apart, RunFilter(outcome="promoted"), 10)
    assert [name[-1] for name in promoted] == ["5", "3", "1"]
    between = RunFilter(since=runs[3].started_at, until=runs[1].started_at)
    assert await _all(minutes_apart, between, 10) == [runs[2].run, runs[3].run]
