"""The engine in process: real thread, real activities, real time where it is short."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest

from local_host.durable.engine import DurableEngine
from local_host.durable.errors import EngineStoppedError, InstanceNotFoundError
from local_host.durable.functions import DurableFunctions
from local_host.durable.instance import RuntimeStatus
from local_host.durable.settings import DurableSettings
from local_host.durable.task_hub import TaskHub

Context: TypeAlias = df.DurableOrchestrationContext


def chain(context: Context) -> Any:
    value = 0
    for _ in range(5):
        value = yield context.call_activity("increment", value)
    return value


def naps(context: Context) -> Any:
    yield context.create_timer(context.current_utc_datetime + timedelta(milliseconds=20))
    return "rested"


def waits(context: Context) -> Any:
    return (yield context.wait_for_external_event("go"))


def blocked(context: Context) -> Any:
    return (yield context.call_activity("block", None))


async def increment(value: str | None) -> str | None:
    return json.dumps(json.loads(value or "0") + 1)


async def block(_: str | None) -> str | None:
    await asyncio.Event().wait()
    return None


def functions(**activities: Any) -> DurableFunctions:
    bodies = {"chain": chain, "naps": naps, "waits": waits, "blocked": blocked}
    orchestrators = {name: df.Orchestrator.create(body) for name, body in bodies.items()}
    return DurableFunctions(orchestrators, {"increment": increment, "block": block, **activities})


@pytest.fixture
async def engine(tmp_path: Path) -> Any:
    """A started engine."""
    engine = DurableEngine(tmp_path / "hub.db", functions(), DurableSettings())
    await engine.start()
    yield engine
    await engine.stop()


async def finished(engine: DurableEngine, instance_id: str) -> Any:
    async with asyncio.timeout(30):
        return await engine.wait_for_completion(instance_id)


async def test_many_instances_at_once_all_complete(engine: DurableEngine) -> None:
    """Two hundred chains, started together."""
    ids = await asyncio.gather(*(engine.start_instance("chain") for _ in range(200)))
    statuses = await asyncio.gather(*(finished(engine, instance_id) for instance_id in ids))
    assert {status.output for status in statuses} == {"5"}


async def test_timer_wakes_an_idle_engine(engine: DurableEngine) -> None:
    """Nothing else happens; the timer alone moves the instance on."""
    status = await finished(engine, await engine.start_instance("naps"))
    assert status.output == '"rested"'


async def test_wait_for_completion_of_a_finished_instance_returns_at_once(engine: DurableEngine) -> None:
    """And of an unknown one raises."""
    instance_id = await engine.start_instance("chain")
    await finished(engine, instance_id)
    assert (await finished(engine, instance_id)).runtime_status == RuntimeStatus.COMPLETED
    with pytest.raises(InstanceNotFoundError):
        await engine.wait_for_completion("absent")


async def test_stopped_engine_resumes_where_it_was(tmp_path: Path) -> None:
    """An activity cut off by the stop runs again; what was done is not."""
    runs = []
    gate = asyncio.Event()

    async def gated(_: str | None) -> str | None:
        runs.append("run")
        await gate.wait()
        return '"through"'

    first = DurableEngine(tmp_path / "hub.db", functions(block=gated), DurableSettings())
    await first.start()
    instance_id = await first.start_instance("blocked")
    async with asyncio.timeout(30):
        while not runs:
            await asyncio.sleep(0.001)
    await first.stop()
    gate.set()
    second = DurableEngine(tmp_path / "hub.db", functions(block=gated), DurableSettings())
    await second.start()
    status = await finished(second, instance_id)
    await second.stop()
    assert status.output == '"through"'
    assert runs == ["run", "run"]


async def test_stop_ends_those_who_wait(tmp_path: Path) -> None:
    """Nobody hangs on an engine that is gone."""
    engine = DurableEngine(tmp_path / "hub.db", functions(), DurableSettings())
    await engine.start()
    waiting = asyncio.create_task(engine.wait_for_completion(await engine.start_instance("waits")))
    await asyncio.sleep(0)
    await engine.stop()
    with pytest.raises(EngineStoppedError):
        await waiting
    with pytest.raises(EngineStoppedError):
        await engine.start_instance("chain")
    with pytest.raises(EngineStoppedError):
        await engine.get_status("x")
    await engine.stop()


async def test_start_raises_what_opening_the_database_raises(tmp_path: Path) -> None:
    """A database that cannot be opened is an error of start(), not a silent thread."""
    (tmp_path / "hub.db").write_text("this is no database, and long enough to be seen as such")
    engine = DurableEngine(tmp_path / "hub.db", functions(), DurableSettings())
    with pytest.raises(Exception, match="file is not a database"):
        await engine.start()


async def test_engine_can_be_started_once(engine: DurableEngine) -> None:
    """A second start is a mistake."""
    with pytest.raises(RuntimeError, match="started before"):
        await engine.start()


async def test_defect_in_the_writer_ends_the_engine_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """When a transaction breaks (a full disk, say) everyone is told; a new engine goes on from the last commit."""
    engine = DurableEngine(tmp_path / "hub.db", functions(), DurableSettings())
    await engine.start()
    instance_id = await engine.start_instance("waits")

    def breaks(_: TaskHub) -> Any:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(TaskHub, "commit", breaks)
        with pytest.raises(EngineStoppedError, match="OSError: disk full"):
            await engine.raise_event(instance_id, "go", "1")
    assert isinstance(engine.failure, OSError)
    with pytest.raises(EngineStoppedError):
        await engine.raise_event(instance_id, "go", "1")
    await engine.stop()
    assert "engine_failed error=OSError" in caplog.text
    again = DurableEngine(tmp_path / "hub.db", functions(), DurableSettings())
    await again.start()
    await again.raise_event(instance_id, "go", "2")
    status = await finished(again, instance_id)
    await again.stop()
    assert status.output == "2"
