"""Threads for what async functions wait for."""

import asyncio
import os
import threading
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from nightshift.wiring.observed import observed

# More than the loop's own pool ever has on this machine.
HANGING = min(32, (os.cpu_count() or 1) + 4)


async def test_calls_that_hang_leave_other_triggers_their_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many calls as the loop's own pool has threads wait for a dependency; the next trigger still gets one."""
    monkeypatch.setenv("PYTHON_THREADPOOL_THREAD_COUNT", str(HANGING + 1))
    blueprint, gate = df.Blueprint(), threading.Event()

    @blueprint.route(route="slow")  # type: ignore[untyped-decorator]
    async def slow(req: func.HttpRequest) -> func.HttpResponse:
        began.set()
        await asyncio.to_thread(gate.wait)
        return func.HttpResponse("slow")

    @blueprint.route(route="quick")  # type: ignore[untyped-decorator]
    async def quick(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(await asyncio.to_thread(lambda: "quick"))

    calls = {
        item._function.get_function_name(): item._function._func for item in observed(blueprint)._function_builders
    }
    began = asyncio.Event()

    async def call(name: str) -> Any:
        return await calls[name](req=func.HttpRequest("GET", f"https://app.example/{name}", body=b""))

    hanging = [asyncio.create_task(call("slow")) for _ in range(HANGING)]
    try:
        await began.wait()
        answer = await asyncio.wait_for(call("quick"), 10)
        assert (answer.get_body(), gate.is_set()) == (b"quick", False)
    finally:
        gate.set()
        await asyncio.gather(*hanging)
