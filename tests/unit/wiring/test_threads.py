"""Threads for what async functions wait for."""

import asyncio
import os
import threading
from typing import Any

import azure.functions as func
import pytest

from nightshift.wiring.with_tracing import with_tracing

# More than the loop's own pool ever has on this machine.
HANGING = min(32, (os.cpu_count() or 1) + 4)


async def test_calls_that_hang_leave_other_triggers_their_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many calls as the loop's own pool has threads wait for a dependency; the next trigger still gets one."""
    monkeypatch.setenv("PYTHON_THREADPOOL_THREAD_COUNT", str(HANGING + 1))
    gate = threading.Event()

    async def slow(req: func.HttpRequest) -> func.HttpResponse:
        began.set()
        await asyncio.to_thread(gate.wait)
        return func.HttpResponse("slow")

    async def quick(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(await asyncio.to_thread(lambda: "quick"))

    calls = {name: with_tracing(name, trigger) for name, trigger in (("slow", slow), ("quick", quick))}
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
