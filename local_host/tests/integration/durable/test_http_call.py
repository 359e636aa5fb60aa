"""Durable HTTP calls against a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local_host.durable.functions import DurableFunctions
from local_host.durable.settings import DurableSettings

Host: TypeAlias = Callable[..., Any]


class Remote:
    """A service that answers at once, or with a job to poll."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str]] = []
        self.polls_left = 2
        self.retry_after: str = "0"

    def routes(self) -> list[Route]:
        return [
            Route("/echo", self.echo, methods=["POST"]),
            Route("/jobs", self.submit, methods=["POST"]),
            Route("/jobs/1", self.poll, methods=["GET"]),
        ]

    async def echo(self, request: Request) -> Response:
        body = (await request.body()).decode()
        self.requests.append((request.method, request.headers["content-type"], body))
        return JSONResponse({"echo": body}, 201, {"x-answer": "yes"})

    async def submit(self, request: Request) -> Response:
        self.requests.append(("POST", "jobs", ""))
        return Response(status_code=202, headers={"Location": "/jobs/1", "Retry-After": self.retry_after})

    async def poll(self, request: Request) -> Response:
        self.requests.append(("GET", request.headers.get("x-key", ""), ""))
        self.polls_left -= 1
        if self.polls_left > 0:
            return Response(status_code=202, headers={"Location": "/jobs/1", "Retry-After": self.retry_after})
        return PlainTextResponse("done")


def calls(context: df.DurableOrchestrationContext) -> Any:
    request = context.get_input()
    try:
        answer = yield context.call_http(**request)
    except Exception as error:  # noqa: BLE001  # the SDK raises the bare class
        return str(error).split(" \n ")[0]
    return [answer["statusCode"], answer["content"], answer["headers"].get("x-answer")]


FUNCTIONS = DurableFunctions({"calls": df.Orchestrator.create(calls)}, {}, {})


async def test_answer_reaches_the_orchestrator(host: Host, serve: Any) -> None:
    """Status, body and headers; a body without a type is JSON."""
    remote = Remote()
    server = await serve(remote.routes())
    hosted = await host(FUNCTIONS)
    request = {"method": "POST", "uri": f"{server.url}/echo", "content": {"a": 1}}
    status = await hosted.finished(await hosted.client.start_new("calls", client_input=request))
    assert status.output == [201, '{"echo":"{\\"a\\": 1}"}', "yes"]
    assert remote.requests == [("POST", "application/json", '{"a": 1}')]


async def test_accepted_answer_is_polled_with_the_same_headers(host: Host, serve: Any) -> None:
    """202 with a Location: polled until another status comes."""
    remote = Remote()
    server = await serve(remote.routes())
    hosted = await host(FUNCTIONS)
    request = {"method": "POST", "uri": f"{server.url}/jobs", "headers": {"x-key": "k"}}
    status = await hosted.finished(await hosted.client.start_new("calls", client_input=request))
    assert status.output == [200, "done", None]
    assert remote.requests == [("POST", "jobs", ""), ("GET", "k", ""), ("GET", "k", "")]


async def test_polling_goes_on_after_a_restart_without_another_submission(host: Host, serve: Any) -> None:
    """The engine stops while the job runs: afterwards it polls on, and does not submit again."""
    remote = Remote()
    remote.retry_after = "1"
    server = await serve(remote.routes())
    hosted = await host(FUNCTIONS)
    request = {"method": "POST", "uri": f"{server.url}/jobs"}
    instance_id = await hosted.client.start_new("calls", client_input=request)
    async with asyncio.timeout(150):
        while not await checkpointed(hosted):
            await asyncio.sleep(0.005)
    await hosted.engine.stop()
    again = await host(FUNCTIONS)
    assert (await again.finished(instance_id)).output == [200, "done", None]
    assert [method for method, _, _ in remote.requests] == ["POST", "GET", "GET"]


async def test_calls_share_the_places_of_activities(host: Host, serve: Any) -> None:
    """As in Azure a call is an activity; while it waits to poll it holds no place."""
    under_way, most, come, go_on = 0, 0, asyncio.Semaphore(0), asyncio.Event()

    async def busy(_: Request) -> Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        come.release()
        await go_on.wait()
        under_way -= 1
        return PlainTextResponse("done")

    remote = Remote()
    remote.retry_after = "3600"
    server = await serve([*remote.routes(), Route("/busy", busy)])
    hosted = await host(FUNCTIONS, DurableSettings(max_concurrent_activities=1))
    polls = await hosted.client.start_new("calls", client_input={"method": "POST", "uri": f"{server.url}/jobs"})
    async with asyncio.timeout(150):
        while not await checkpointed(hosted):
            await asyncio.sleep(0.005)
    request = {"method": "GET", "uri": f"{server.url}/busy"}
    started = [await hosted.client.start_new("calls", client_input=request) for _ in range(3)]
    async with asyncio.timeout(150):
        await come.acquire()
        while len(await hosted.engine._ask(lambda hub: hub.store.activities())) < 4:
            await asyncio.sleep(0.005)
    assert most == 1
    go_on.set()
    for instance_id in started:
        assert (await hosted.finished(instance_id)).output == [200, "done", None]
    assert most == 1
    assert not (await hosted.engine.get_status(polls)).runtime_status.is_final


async def checkpointed(hosted: Any) -> bool:
    works = await hosted.engine._ask(lambda hub: hub.store.activities())
    return any('"isPoll": true' in work.input for work in works)


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"method": "GET", "uri": "http://127.0.0.1:1/"}, "All connection attempts failed"),
        ({"method": "GET", "uri": "nowhere"}, "missing an 'http://' or 'https://' protocol"),
    ],
)
async def test_call_that_cannot_be_made_fails_its_task(host: Host, request_: dict[str, Any], reason: str) -> None:
    """The orchestrator catches it like an activity's failure."""
    hosted = await host(FUNCTIONS)
    status = await hosted.finished(await hosted.client.start_new("calls", client_input=request_))
    assert status.output.startswith("Activity function 'BuiltIn::HttpActivity' failed:  ")
    assert reason in status.output


async def test_token_source_is_refused(host: Host) -> None:
    """No managed identity exists on this machine; the failure says so."""

    def with_token(context: df.DurableOrchestrationContext) -> Any:
        source = df.ManagedIdentityTokenSource("https://management.core.windows.net")
        yield context.call_http("GET", "http://127.0.0.1:1/", token_source=source)

    hosted = await host(DurableFunctions({"with_token": df.Orchestrator.create(with_token)}, {}, {}))
    status = await hosted.finished(await hosted.client.start_new("with_token"))
    assert "tokenSource is " in status.output
    assert json.dumps("no managed identity exists here")[1:-1] in status.output
