"""HTTP triggers over an in-memory ASGI transport."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from local_host.functions.errors import FunctionLoadError
from local_host.functions.triggers import http
from local_host.functions.triggers.http import HttpSource

from .conftest import MakeSetting

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
    """Method, URL, query, route parameters, headers and body reach the function; an empty parameter does not."""
    async with browse(echo("f", "orders/{id}")) as client:
        answer = await client.post(
            "/api/orders/17?a=1&b=&A=2", content="päyload".encode(), headers=[("X-Test", "1"), ("X-Test", "2")]
        )
    assert answer.json() == {
        "name": "f",
        "method": "POST",
        "url": "http://host/api/orders/17?a=1&b=&A=2",
        "params": {"a": "1,2"},
        "route": {"id": "17"},
        "body": "päyload",
        "header": "1,2",
    }


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/orders/specific", "generic"),
        ("POST", "/api/orders/specific", "specific"),
        ("GET", "/api/orders", "generic"),
        ("PUT", "/api/orders", "List"),
        ("GET", "/api/bare", "bare"),
        ("GET", "/api/other", "z_rest"),
        ("GET", "/api/others", "Zother"),
        ("GET", "/API/Others/", "Zother"),
    ],
)
async def test_the_function_whose_name_comes_first_answers(
    browse: Browse, method: str, path: str, expected: str
) -> None:
    """However specific its route is: names decide, compared in upper case, and a method that fits."""
    functions = [
        echo("Zother", "others", ["GET"]),
        echo("z_rest", "{*path}", ["GET"]),
        echo("specific", "orders/specific", ["GET", "POST"]),
        echo("List", "orders"),
        echo("generic", "orders/{*path}", ["GET"]),
        '@app.route()\ndef bare(req: func.HttpRequest) -> str:\n    return \'{"name": "bare"}\'',
    ]
    async with browse("\n".join(functions)) as client:
        answer = await client.request(method, path)
    assert answer.json()["name"] == expected


async def test_a_constraint_that_refuses_leaves_the_request_to_the_next_function(browse: Browse) -> None:
    """A value that breaks a constraint does not match, as if the route were another."""
    functions = echo("by_number", "orders/{id:int:range(1,9)}") + echo("by_text", "orders/{id:length(2)}")
    async with browse(functions) as client:
        answers = [await client.get(f"/api/orders/{value}") for value in ("7", "10", "100")]
    assert [answer.json()["name"] for answer in answers[:2]] == ["by_number", "by_text"]
    assert answers[2].status_code == 404


async def test_unknown_paths_and_methods_are_404(browse: Browse) -> None:
    """The real host tells a wrong method no other than a wrong path; an empty list of methods takes none."""
    async with browse(echo("a", "orders", ["GET"]) + echo("b", "orders", ["POST"]) + echo("c", "no", [])) as client:
        answers = [
            await client.request(method, path)
            for method, path in [
                ("GET", "/api/nothing"),
                ("DELETE", "/api/orders"),
                ("TRACE", "/x"),
                ("GET", "/api/no"),
            ]
        ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert "allow" not in answers[1].headers


async def test_a_function_without_methods_takes_any(browse: Browse) -> None:
    """The trigger's methods are the only limit; there is no list of known ones."""
    async with browse(echo("f", "f")) as client:
        answer = await client.request("PROPFIND", "/api/f")
    assert answer.json()["method"] == "PROPFIND"


async def test_an_encoded_slash_divides_nothing(browse: Browse) -> None:
    """%2F stays as it is in a path, while the rest is decoded."""
    async with browse(echo("f", "orders/{id}")) as client:
        answer = await client.get("/api/orders/a%2Fb%20c")
    assert answer.json()["route"] == {"id": "a%2Fb c"}


@pytest.mark.parametrize(
    ("environment", "status", "kind"),
    [({}, 200, "text/html"), ({"AzureWebJobsDisableHomepage": "TRUE"}, 204, "")],
)
async def test_the_hosts_own_page(browse: Browse, environment: dict[str, str], status: int, kind: str) -> None:
    """At / the host answers itself where no function does: its page, or nothing where the page is turned off."""
    async with browse(echo("f", "f"), environment=environment) as client:
        answer = await client.get("/")
    assert answer.status_code == status
    assert answer.headers.get("content-type", "").startswith(kind)
    async with browse(echo("f", "{*page}"), route_prefix="") as client:
        answer = await client.get("/")
    assert answer.json()["name"] == "f"


async def test_a_body_without_its_length_gets_lost(browse: Browse) -> None:
    """The host hands on only a body whose length was announced: what sends in chunks sends nothing."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"pay"
        yield b"load"

    async with browse(echo("f", "f")) as client:
        announced, chunked = await client.post("/api/f", content=b"x"), await client.post("/api/f", content=chunks())
    assert (announced.json()["body"], chunked.json()["body"]) == ("x", "")


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
    """Headers are passed on; several cookies stay several, written as ASP.NET Core writes them."""
    text = """
    @app.route(route="f")
    def f(req: func.HttpRequest) -> func.HttpResponse:
        response = func.HttpResponse("x", headers={"X-One": "1", "Location": "/there", "Content-Length": "99"})
        response.headers.add("Set-Cookie", "a=1=; Path=/; Max-Age=9; Expires=Thu, 12-Jan-2017 13:55:08 GMT")
        response.headers.add("Set-Cookie", "b=2; HttpOnly; SameSite=Lax; Secure")
        return response
    """
    async with browse(text) as client:
        answer = await client.get("/api/f")
    assert (answer.headers["x-one"], answer.headers["location"], answer.headers["content-length"]) == (
        "1",
        "/there",
        "1",
    )
    assert answer.headers.get_list("set-cookie") == [
        "a=1%3D; expires=Thu, 12 Jan 2017 13:55:08 GMT; max-age=9; domain=; path=/",
        "b=2; domain=; path=; secure; samesite=lax; httponly",
    ]


@pytest.mark.parametrize("attribute", ["Expires=Dummy", "Max-Age=Dummy"])
async def test_a_cookie_that_cannot_be_read_fails_the_call(browse: Browse, attribute: str) -> None:
    """The worker cannot hand it to the host: the caller gets 500, not an answer without the cookie."""
    text = f"""
    @app.route(route="f")
    def f(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("x", headers={{"Set-Cookie": "a=1; {attribute}"}})
    """
    async with browse(text) as client:
        answer = await client.get("/api/f")
    assert answer.status_code == 500


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
    assert over.text.endswith("over 10 bytes")


@pytest.mark.parametrize(
    ("text", "function", "rule"),
    [
        (echo("a", "orders/{id}") + echo("b", "Orders/{number}"), "b", "is already the route of function 'a'"),
        (echo("a", "administration"), "a", "begins with 'admin', "),
        (echo("a", "{x:weekday}"), "a", "supported are alpha, bool"),
    ],
)
def test_refuses_a_bad_route(make_setting: MakeSetting, text: str, function: str, rule: str) -> None:
    """Conflicting, reserved and misspelt routes are refused at load."""
    with pytest.raises(FunctionLoadError) as caught:
        HttpSource(make_setting(text))
    assert caught.value.function == function
    assert rule in caught.value.rule
