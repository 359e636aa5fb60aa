"""What is in flight, asked of the engine's HTTP API by the official client's address."""

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import azure.durable_functions as df
import pytest

from local_host.durable.functions import DurableFunctions
from local_host.durable.settings import DurableSettings
from nightshift.domain.platform.view import InFlight
from nightshift.services.platform.in_flight import in_flight
from orchestrators.platform.versions import set_step


def _waits(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    set_step(context, context.get_input() or "waits")
    yield context.wait_for_external_event("go")


def _silent(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    yield context.wait_for_external_event("go")


def _ends(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    set_step(context, "ends")
    yield context.create_timer(context.current_utc_datetime)


@pytest.fixture
async def hosted(host: Callable[..., Any]) -> Any:
    """An engine of version 2."""
    orchestrators = {"waits": _waits, "silent": _silent, "ends": _ends}
    handles = {name: df.Orchestrator.create(function) for name, function in orchestrators.items()}
    return await host(DurableFunctions(handles, {}), DurableSettings(default_version="2.0"))


async def _start(hosted: Any, name: str, instance: str, value: Any = None, version: str | None = None) -> None:
    await hosted.client.start_new(name, instance, value, version=version)


async def _begun(hosted: Any, *instances: str) -> None:
    """Wait until each has had its first turn."""
    async with asyncio.timeout(150):
        for instance in instances:
            while (await hosted.client.get_status(instance)).runtime_status == df.OrchestrationRuntimeStatus.Pending:
                await asyncio.sleep(0.01)


async def test_what_has_not_ended_is_counted_by_kind_and_version(hosted: Any) -> None:
    """Page after page; what has ended is not in flight, and one that says nothing began before there were versions."""
    for number in range(3):
        await _start(hosted, "waits", f"waits-{number}", "await_decision" if number else None)
    await _start(hosted, "waits", "waits-old", version="1.0")
    await _start(hosted, "silent", "silent-1")
    await _start(hosted, "ends", "ends-1")
    await hosted.finished("ends-1")
    await _begun(hosted, "waits-0", "waits-1", "waits-2", "waits-old", "silent-1")
    await hosted.client.suspend("waits-2", "for a while")
    found = {(item.orchestrator, item.version): item for item in await in_flight(hosted.client, page_size=2)}
    assert {key: (item.count, item.steps) for key, item in found.items()} == {
        ("silent", 0): (1, {"": 1}),
        ("waits", 1): (1, {"waits": 1}),
        ("waits", 2): (3, {"waits": 1, "await_decision": 2}),
    }
    first = await hosted.client.get_status("waits-0")
    assert found["waits", 2].oldest == first.created_time


async def test_nothing_in_flight(hosted: Any) -> None:
    """An empty list."""
    assert await in_flight(hosted.client) == ()


async def test_one_of_a_newer_release_is_seen_though_it_does_not_run(hosted: Any) -> None:
    """After a rollback it waits; its version is not known before it has had a turn."""
    await _start(hosted, "waits", "waits-newer", version="3.0")
    (found,) = await in_flight(hosted.client)
    assert isinstance(found, InFlight)
    assert (found.orchestrator, found.version, found.count) == ("waits", None, 1)
