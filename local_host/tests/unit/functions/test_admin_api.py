"""The /admin API over an in-memory ASGI transport."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from local_host.functions.admin_api import AdminApi
from local_host.functions.host_json import HostJson
from local_host.functions.invoker import Invoker
from local_host.functions.triggers.catalog import SOURCES
from local_host.functions.triggers.source import SourceSetting

from .conftest import IndexApp

APP = """
@app.event_grid_trigger(arg_name="event")
def on_event(event: func.EventGridEvent):
    raise ValueError(event.id)

@app.route(route="page")
def page(req: func.HttpRequest) -> str: ...

@app.activity_trigger(input_name="x")
def work(x): ...
"""


class Starting:
    """A host that has not started."""

    def status(self) -> dict[str, Any]:
        return {"state": "Initialized"}


@pytest.fixture
def client(index_app: IndexApp, invoker: Invoker, tmp_path: Path) -> httpx.AsyncClient:
    """An HTTP client on the admin API of the app above."""
    index = list(index_app(APP).values())
    sources = {
        kind: source(
            SourceSetting([item for item in index if item.trigger.type == kind], invoker, HostJson(), {}, tmp_path)
        )
        for kind, source in SOURCES.items()
    }
    api = AdminApi(Starting(), "http://host", index, sources)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=Starlette(routes=api.routes())), base_url="http://host/admin"
    )


async def test_reports_the_hosts_state(client: httpx.AsyncClient) -> None:
    """The status is the host's own."""
    assert (await client.get("/host/status")).json() == {"state": "Initialized"}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_ping_is_answered(client: httpx.AsyncClient, method: str) -> None:
    """With 200 and nothing else, also while the host starts."""
    answer = await client.request(method, "/host/ping")
    assert (answer.status_code, answer.text) == (200, "")


async def test_lists_functions(client: httpx.AsyncClient) -> None:
    """Each function has its name, address and bindings."""
    listed = (await client.get("/functions")).json()
    assert [(item["name"], item["href"]) for item in listed] == [
        ("on_event", "http://host/admin/functions/on_event"),
        ("page", "http://host/admin/functions/page"),
        ("work", "http://host/admin/functions/work"),
    ]
    assert (await client.get("/functions/WORK")).json() == listed[2]


@pytest.mark.parametrize(
    ("function", "content", "status", "message"),
    [
        ("nothing", b"", 404, ""),
        ("page", b"", 400, "function 'page' is an HTTP function"),
        ("work", b"", 400, "function 'work' has trigger type 'activityTrigger'"),
        ("on_event", b"{", 400, "the body is not JSON"),
        ("on_event", b"[]", 400, 'the body must be {"input": "<text>"}'),
        ("on_event", b'{"input": 7}', 400, 'the body must be {"input": "<text>"}'),
    ],
)
async def test_refuses_a_run_that_makes_no_sense(
    client: httpx.AsyncClient, function: str, content: bytes, status: int, message: str
) -> None:
    """What cannot be run is said at once."""
    answer = await client.post(f"/functions/{function}", content=content)
    assert answer.status_code == status
    assert message in answer.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{\\"id\\": \\"7\\", \\"eventType\\": \\"t\\", \\"subject\\": \\"s\\"}',
            "manual_run_failed function=on_event",
        ),
        ("7", "manual_run_refused function=on_event error=it must be a JSON object"),
    ],
)
async def test_a_run_is_accepted_and_its_failure_logged(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, text: str, expected: str
) -> None:
    """The answer is 202 at once; how it went is in the log."""
    answer = await client.post("/functions/on_event", content=f'{{"input": "{text}"}}')
    assert answer.status_code == 202
    async with asyncio.timeout(10):
        while expected not in caplog.text:
            await asyncio.sleep(0.001)
