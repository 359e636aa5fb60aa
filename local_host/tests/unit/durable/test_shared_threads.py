"""Orchestrators, entities and activities in one pool of threads, as the Functions worker runs them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest

from local_host.durable.engine import DurableEngine
from local_host.durable.functions import DurableFunctions
from local_host.durable.instance import RuntimeStatus
from local_host.durable.settings import DurableSettings

Context: TypeAlias = df.DurableOrchestrationContext
THREADS = 2


class Pool(ThreadPoolExecutor):
    """The app's threads, and a way to know that a turn waits for one: its call is submitted."""

    def __init__(self) -> None:
        super().__init__(THREADS)
        self.submitted: list[str] = []
        self.changed = threading.Event()

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
        self.submitted.append(getattr(call, "__name__", "entity"))
        self.changed.set()
        return super().submit(call, *arguments, **options)


class Hang:
    """An activity that holds a thread of the pool until the gate opens, as a call that a dead system never answers."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.gate = threading.Event()
        self.begun: asyncio.Queue[int] = asyncio.Queue()

    async def __call__(self, value: str | None) -> str | None:
        loop = asyncio.get_running_loop()

        def hangs() -> None:
            loop.call_soon_threadsafe(self.begun.put_nowait, 1)
            assert self.gate.wait(60)

        await loop.run_in_executor(self._pool, hangs)
        return value


def hangs(context: Context) -> Any:
    return (yield context.call_activity("hang", context.get_input()))


def quick(context: Context) -> Any:
    return context.get_input()


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """Two threads."""
    pool = Pool()
    yield pool
    pool.shutdown()


@pytest.fixture
async def hang(pool: Pool) -> AsyncIterator[Hang]:
    """The activity; its gate is opened at the end, so that no thread is left."""
    hang = Hang(pool)
    yield hang
    hang.gate.set()


@pytest.fixture
async def start(tmp_path: Path, pool: Pool, hang: Hang) -> AsyncIterator[Callable[..., Any]]:
    """Starts an engine on the pool: `await start(settings)`."""
    engines: list[DurableEngine] = []

    async def begin(settings: DurableSettings) -> DurableEngine:
        bodies = {"hangs": hangs, "quick": quick}
        orchestrators = {name: df.Orchestrator.create(body) for name, body in bodies.items()}
        functions = DurableFunctions(orchestrators, {"hang": hang})
        engine = DurableEngine(tmp_path / "hub.db", functions, settings, pool)
        await engine.start()
        engines.append(engine)
        return engine

    yield begin
    hang.gate.set()
    for engine in engines:
        await engine.stop()


async def _hang(engine: DurableEngine, hang: Hang, count: int) -> list[str]:
    """Starts this many hanging activities and waits until each has its thread."""
    started = [await engine.start_instance("hangs", json.dumps(number)) for number in range(count)]
    async with asyncio.timeout(30):
        for _ in range(count):
            await hang.begun.get()
    return started


async def test_no_turn_proceeds_while_activities_hold_every_thread(
    start: Callable[..., Any], hang: Hang, pool: Pool
) -> None:
    """The stand-in is not kinder than Azure: the turn waits its turn in the pool, and begins when a thread is free."""
    engine = await start(DurableSettings(max_concurrent_activities=8))
    hanging = await _hang(engine, hang, THREADS)
    before = len(pool.submitted)
    late = await engine.start_instance("quick", "7")
    async with asyncio.timeout(30):
        while len(pool.submitted) < before + 1:
            await asyncio.to_thread(pool.changed.wait, 30)
    # It is in the pool's queue, and nothing but a thread that ends lets it go on: the writer does not run it.
    for _ in range(20):
        assert (await engine.get_status(late)).runtime_status == RuntimeStatus.PENDING
    hang.gate.set()
    async with asyncio.timeout(30):
        assert (await engine.wait_for_completion(late)).output == "7"
        for instance_id in hanging:
            await engine.wait_for_completion(instance_id)


async def test_a_turn_proceeds_where_the_pool_is_larger_than_the_limit_of_activities(
    start: Callable[..., Any], hang: Hang
) -> None:
    """What host.json and the size of the pool must be chosen for."""
    engine = await start(DurableSettings(max_concurrent_activities=THREADS - 1))
    await _hang(engine, hang, THREADS - 1)
    await engine.start_instance("hangs", "1")
    late = await engine.start_instance("quick", "7")
    async with asyncio.timeout(30):
        assert (await engine.wait_for_completion(late)).output == "7"


async def test_every_request_is_answered_while_activities_hold_every_thread(
    start: Callable[..., Any], hang: Hang
) -> None:
    """An activity that asks the durable client, as most of ours do, would else wait for itself."""
    engine = await start(DurableSettings())
    one, two = await _hang(engine, hang, THREADS)
    async with asyncio.timeout(30):
        started = await engine.start_instance("quick", "1", "new")
        await engine.raise_event(started, "go", "1")
        await engine.suspend(started, "hold")
        await engine.terminate(one, "enough")
        await engine.purge(two)
        assert (await engine.get_status(one)).runtime_status == RuntimeStatus.RUNNING
        assert (await engine.get_status(started)).runtime_status == RuntimeStatus.PENDING
        hang.gate.set()
        assert (await engine.wait_for_completion(started)).output == "1"
        assert (await engine.wait_for_completion(one)).runtime_status == RuntimeStatus.TERMINATED


async def test_turns_that_never_got_a_thread_are_taken_after_a_restart(
    start: Callable[..., Any], hang: Hang, pool: Pool, tmp_path: Path
) -> None:
    """A host that ends while its threads hang loses neither the starts nor the events that it has acknowledged."""
    engine = await start(DurableSettings())
    await _hang(engine, hang, THREADS)
    await engine.start_instance("quick", "7", "late")
    stopping = asyncio.create_task(engine.stop())
    pool.shutdown(wait=False, cancel_futures=True)
    hang.gate.set()
    async with asyncio.timeout(30):
        await stopping
    again = DurableEngine(
        tmp_path / "hub.db", DurableFunctions({"quick": df.Orchestrator.create(quick)}, {}), DurableSettings()
    )
    await again.start()
    async with asyncio.timeout(30):
        assert (await again.wait_for_completion("late")).output == "7"
    await again.stop()
