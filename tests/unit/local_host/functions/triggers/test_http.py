"""HTTP triggers over an in-memory ASGI transport."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from local_host.functions.errors import FunctionLoadError
from local_host.functions.triggers import http
from local_host.functions.triggers.http import HttpSource
from tests.unit.local_host.functions.triggers.conftest import MakeSetting

Browse = Callable[..., httpx.AsyncClient]

ECHO = """
import json
@app.route(route="{route}", methods={methods})
def {name}(req: func.HttpRequest) -> func.HttpResponse:
    seen = {{"name": "{name}", "method": req.method, "url": req.url, "params": dict(req.params),
            "route": dict(req.route_params), "body": req.get_body().decode(), "header": req.headers.get("X-Test")}}
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")
"""


def echo(name: str, route: str, methods: list[str] | None = None) -> str:
    return ECHO.format(name=name, route=route, methods=methods)


@pytest.fixture
def browse(make_setting: MakeSetting) -> Browse:
    """An HTTP client on the functions of the text."""

    def make(text: str, **options: Any) -> httpx.AsyncClient:
        app = Starlette(routes=list(HttpSource(make_setting(text, **options)).routes()))
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://host")

    return make


async def test_a_request_arrives_whole(browse: Browse) -> None:
    """Method, URL, query, route parameters, headers and body reach the function."""
    async with browse(echo("f", "orders/{id}")) as client:
        answer = await client.post(
            "/api/orders/17?a=1&b=&a=2", content="päyload".encode(), headers=[("X-Test", "1"), ("X-Test", "2")]
        )
    assert answer.json() == {
        "name": "f",
        "method": "POST",
        "url": "http://host/api/orders/17?a=1&b=&a=2",
        "params": {"a": "1,2", "b": ""},
        "route": {"id": "17"},
        "body": "päyload",
        "header": "1,2",
    }


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/orders", "list"),
        ("POST", "/api/orders", "create"),
        ("GET", "/api/Orders/latest", "latest"),
        ("GET", "/api/orders/17", "show"),
        ("GET", "/api/orders/17/items/3", "rest"),
        ("GET", "/api/bare", "bare"),
    ],
)
async def test_the_most_specific_route_answers(browse: Browse, method: str, path: str, expected: str) -> None:
    """Literal routes win over parameters, these over catch-alls; the method chooses among equals."""
    functions = [
        echo("rest", "{*path}", ["GET"]),
        echo("show", "orders/{id:int}", ["GET"]),
        echo("latest", "orders/latest", ["GET"]),
        echo("list", "orders", ["GET"]),
        echo("create", "orders", ["POST"]),
        '@app.route()\ndef bare(req: func.HttpRequest) -> str:\n    return \'{"name": "bare"}\'',
    ]
    async with browse("\n".join(functions)) as client:
        answer = await client.request(method, path)
    assert answer.json()["name"] == expected


async def test_unknown_paths_and_methods(browse: Browse) -> None:
    """A path without a function is 404; a known path with another method is 405 and says what it takes."""
    async with browse(echo("a", "orders", ["GET"]) + echo("b", "orders", ["POST"])) as client:
        missing, refused = await client.get("/api/nothing"), await client.delete("/api/orders")
    assert missing.status_code == 404
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")


async def test_an_empty_prefix_serves_from_the_root(browse: Browse) -> None:
    """routePrefix "" puts the routes at the root."""
    async with browse(echo("f", "orders"), route_prefix="") as client:
        answer = await client.get("/orders")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "content", "kind"),
    [
        ("return 'hello'", 200, b"hello", "text/plain; charset=utf-8"),
        ("return func.HttpResponse('x', status_code=418)", 418, b"x", "text/plain; charset=utf-8"),
        (
            "return func.HttpResponse(b'\\x00', mimetype='application/octet-stream')",
            200,
            b"\x00",
            "application/octet-stream",
        ),
        ("return func.HttpResponse(status_code=204)", 204, b"", None),
        ("return None", 500, b"", None),
        ("return 7", 500, b"", None),
        ("raise ValueError('x')", 500, b"", None),
    ],
)
async def test_what_a_function_returns(
    browse: Browse, body: str, status: int, content: bytes, kind: str | None
) -> None:
    """Text and HttpResponse are answered as they are; anything else, or an exception, is an empty 500."""
    async with browse(f"@app.route(route='f')\ndef f(req: func.HttpRequest):\n    {body}") as client:
        answer = await client.get("/api/f")
    assert (answer.status_code, answer.content) == (status, content)
    if kind is not None:
        assert answer.headers["content-type"] == kind


async def test_headers_and_cookies(browse: Browse) -> None:
    """Headers are passed on; several cookies stay several."""
    text = """
    @app.route(route="f")
    def f(req: func.HttpRequest) -> func.HttpResponse:
        response = func.HttpResponse("x", headers={"X-One": "1", "Location": "/there", "Content-Length": "99"})
        response.headers.add("Set-Cookie", "a=1; Path=/")
        response.headers.add("Set-Cookie", "b=2; HttpOnly")
        return response
    """
    async with browse(text) as client:
        answer = await client.get("/api/f")
    assert (answer.headers["x-one"], answer.headers["location"], answer.headers["content-length"]) == (
        "1",
        "/there",
        "1",
    )
    assert answer.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2; HttpOnly"]


async def test_an_out_parameter_can_answer(browse: Browse) -> None:
    """A function without a return binding answers by its Out parameter, or 204 if it sets none."""
    text = """
    @app.generic_trigger(arg_name="req", type="httpTrigger", route="f")
    @app.generic_output_binding(arg_name="res", type="http")
    def f(req: func.HttpRequest, res: func.Out[func.HttpResponse]) -> None:
        if req.params:
            res.set(func.HttpResponse("set"))
    """
    async with browse(text) as client:
        answered, silent = await client.get("/api/f?x=1"), await client.get("/api/f")
    assert (answered.text, silent.status_code) == ("set", 204)


async def test_a_body_over_the_limit_is_refused(browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body over the limit is 413 and the function is not called."""
    monkeypatch.setattr(http, "MAX_BODY_BYTES", 10)
    async with browse(echo("f", "f")) as client:
        fits, over = await client.post("/api/f", content=b"x" * 10), await client.post("/api/f", content=b"x" * 11)
    assert (fits.status_code, over.status_code) == (200, 413)
    assert over.text == "the body is over 10 bytes"


@pytest.mark.parametrize(
    ("text", "function", "rule"),
    [
        (echo("a", "orders/{id}") + echo("b", "Orders/{number}"), "b", "is already the route of function 'a'"),
        (echo("a", "admin/x"), "a", "begins with 'admin', which the host keeps for itself"),
        (echo("a", "{x:weekday}"), "a", "one constraint of int"),
    ],
)
def test_refuses_a_bad_route(make_setting: MakeSetting, text: str, function: str, rule: str) -> None:
    """Conflicting, reserved and misspelt routes are refused at load."""
    with pytest.raises(FunctionLoadError) as caught:
        HttpSource(make_setting(text))
    assert caught.value.function == function
    assert rule in caught.value.rule
