"""The host put together: its gate, its status, its settings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from local_host.clock import SYSTEM_CLOCK, Clock
from local_host.functions.errors import AppLoadError
from local_host.functions.host import FunctionsHost
from local_host.functions.host_json import HostJson
from local_host.testing.virtual_clock import VirtualClock

from .conftest import LoadApp

APP = """
@app.route(route="page")
async def page(req: func.HttpRequest) -> str:
    return "hello"

@app.timer_trigger(arg_name="timer", schedule="0 0 3 * * *")
def nightly(timer: func.TimerRequest) -> None: ...
"""
MakeHost = Callable[..., FunctionsHost]


@pytest.fixture
def make_host(load_app: LoadApp, tmp_path: Path) -> MakeHost:
    """A host over the text, with its state in the test's folder."""

    def make(
        text: str = APP, environment: Mapping[str, str] | None = None, clock: Clock = SYSTEM_CLOCK
    ) -> FunctionsHost:
        return FunctionsHost(
            load_app(text),
            host_json=HostJson(document={"version": "2.0"}),
            state=tmp_path / "state",
            base_url="http://host",
            environment=environment or {},
            clock=clock,
        )

    return make


async def test_answers_only_while_it_runs(make_host: MakeHost, tmp_path: Path) -> None:
    """Before the start and after the stop functions answer 503; the host's own status is always there."""
    host = make_host()
    (tmp_path / "state").mkdir()
    seen = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=host.app), base_url="http://host") as client:

        async def look() -> None:
            status = (await client.get("/admin/host/status")).json()
            seen.append((status["state"], (await client.get("/api/page")).status_code))

        await look()
        await host.start()
        await look()
        clean = await host.stop(5)
        await look()
        assert (await client.get("/api/page")).headers["retry-after"] == "1"
    assert seen == [("Initialized", 503), ("Running", 200), ("Stopping", 503)]
    assert clean is True


def test_reports_refusals_of_every_source_at_once(make_host: MakeHost) -> None:
    """A bad route and a bad schedule are reported together."""
    with pytest.raises(AppLoadError) as caught:
        make_host(
            """
            @app.route(route="{x:weekday}")
            def page(req: func.HttpRequest) -> str: ...

            @app.timer_trigger(arg_name="timer", schedule="never")
            def nightly(timer: func.TimerRequest) -> None: ...
            """
        )
    assert [error.function for error in caught.value.refused] == ["nightly", "page"]


@pytest.mark.parametrize("count", ["0", "many", "-1", "1000"])
def test_refuses_a_bad_thread_count(make_host: MakeHost, count: str) -> None:
    """PYTHON_THREADPOOL_THREAD_COUNT must be a whole number in range."""
    with pytest.raises(AppLoadError, match=f"PYTHON_THREADPOOL_THREAD_COUNT is '{count}'"):
        make_host(environment={"PYTHON_THREADPOOL_THREAD_COUNT": count})


@pytest.mark.parametrize("setting", [None, "3"])
async def test_functions_have_as_many_threads_as_in_azure(make_host: MakeHost, setting: str | None) -> None:
    """What the setting says; otherwise the interpreter's rule, which the Python worker leaves as it is."""
    host = make_host(environment={} if setting is None else {"PYTHON_THREADPOOL_THREAD_COUNT": setting})
    with ThreadPoolExecutor() as default:
        expected = default._max_workers if setting is None else int(setting)
    assert host._invoker.pool._max_workers == expected


async def test_orchestrators_run_in_the_threads_of_functions(make_host: MakeHost, tmp_path: Path) -> None:
    """One pool for both, as in Azure's worker: who holds its threads holds up orchestrations, too."""
    host = make_host(
        """
import threading

@app.orchestration_trigger(context_name="context")
def where(context):
    return threading.current_thread().name
""",
        {"PYTHON_THREADPOOL_THREAD_COUNT": "1"},
    )
    (tmp_path / "state").mkdir()
    await host.start()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=host.app), base_url="http://host") as client:
        waits = {"timeout": "30", "pollingInterval": "1"}
        answer = await client.post("/durabletask/orchestrators/where", params=waits)
    await host.stop(5)
    assert answer.json() == "function_0"


async def test_timers_and_orchestrations_share_the_clock(make_host: MakeHost, tmp_path: Path) -> None:
    """Three nights in no time: the timer of 3 o'clock goes each night, a wait of two days ends once, at its time."""
    text = """
    import datetime
    seen = []

    @app.timer_trigger(arg_name="timer", schedule="0 0 3 * * *")
    async def nightly(timer: func.TimerRequest) -> None:
        seen.append("timer")

    @app.orchestration_trigger(context_name="context")
    def waits(context):
        yield context.create_timer(context.current_utc_datetime + datetime.timedelta(days=2))
        yield context.call_activity("note", str(context.current_utc_datetime))

    @app.activity_trigger(input_name="at")
    async def note(at: str) -> None:
        seen.append(at)
    """
    clock = VirtualClock(datetime(2026, 11, 21, 22, tzinfo=UTC))
    (tmp_path / "state").mkdir()
    host = make_host(text, clock=clock)
    seen = next(function for function in host.index if function.name == "note").call.__globals__["seen"]
    await host.start()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=host.app), base_url="http://host") as client:
        assert (await client.post("/durabletask/orchestrators/waits/one")).status_code == 202
        while (await client.get("/durabletask/instances/one")).json()["runtimeStatus"] == "Pending":
            await asyncio.sleep(0.005)
    for night in range(3):
        clock.move(timedelta(hours=5 if night == 0 else 24))
        async with asyncio.timeout(30):
            while len(seen) < (1, 2, 4)[night]:
                await asyncio.sleep(0.005)
    assert sorted(seen) == ["2026-11-24 03:00:00+00:00", "timer", "timer", "timer"]
    assert await host.stop(5)
