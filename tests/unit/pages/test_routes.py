"""Every page, called as the worker calls it."""

import json
from collections.abc import Mapping
from typing import Any, cast

import azure.functions as func
import pytest

from nightshift.domain.platform.errors import BadInputError, ServiceUnavailableError
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.principal import read_principal
from nightshift.domain.platform.request import DecisionRequest
from nightshift.domain.platform.sign_in import VARIABLE
from nightshift.functions.authorization import Incoming, caller_of
from nightshift.pages.routes import all_pages, register
from nightshift.pages.security import HEADERS, FormKey
from nightshift.pages.views import MessagePage
from nightshift.pages.visit import Visit
from tests.support.refusals import refusal
from tests.support.registered import CLIENT, Registered, registered
from tests.unit.triggers.api.requests import principal

OPEN = {"show_static", "show_icon"}
URL = "https://app.example/reviews/r1"


class NoStorage:
    """Services of which none answers."""

    def __getattr__(self, name: str) -> Any:
        raise ServiceUnavailableError("Table storage", "it is away")


def _functions() -> Registered:
    return registered(register, NoStorage)


def _request(
    method: str, headers: Mapping[str, str] | None = None, body: bytes = b"", **route: str
) -> func.HttpRequest:
    return func.HttpRequest(method, URL, headers=headers or {}, route_params=route, body=body)


async def _call(name: str, request: func.HttpRequest) -> func.HttpResponse:
    call = _functions()[name]
    bound = {"req": request} | ({} if name in OPEN else {"client": json.dumps(CLIENT)})
    answer: func.HttpResponse = await call(**bound)
    return answer


@pytest.mark.parametrize("name", sorted(set(_functions()) - OPEN))
async def test_nobody_sees_a_page(name: str) -> None:
    """401 with a way to sign in, and 403 for who has no role; with all headers."""
    for given, status in (({}, 401), (principal("AlertWriter"), 403)):
        answer = await _call(name, _request("GET", given, review="r1", incident="i1", run="r1"))
        assert answer.status_code == status
        assert {key: answer.headers[key] for key in HEADERS} == dict(HEADERS)
    signed_out = await _call(name, _request("GET", review="r1", incident="i1", run="r1"))
    assert b'href="/.auth/login/aad?post_login_redirect_uri=/reviews/r1"' in signed_out.get_body()


@pytest.mark.parametrize("name", sorted(set(_functions()) - OPEN))
async def test_without_a_sign_in_every_page_is_closed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A header that anybody may have written opens nothing, and the page does not offer a sign-in that is not there."""
    monkeypatch.delenv(VARIABLE)
    given = principal("Reader", "Reviewer", "Operator")
    answer = await _call(name, _request("GET", given, review="r1", incident="i1", run="r1"))
    text = answer.get_body()
    assert (answer.status_code, b"App Service authentication is off" in text) == (403, True)
    assert (b".auth/login" in text, b">ann<" in text) == (False, False)


@pytest.mark.parametrize("name", ["decide_on_page", "acknowledge_on_page", "resolve_on_page", "undo_on_page"])
async def test_no_form_without_its_token(name: str) -> None:
    """Whoever has the role still has to come from the page; and what comes has to be a form."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    both = principal("Reviewer", "Operator")
    forged = await _call(name, _request("POST", both | kind, b"comment=x", review="r1", incident="i1"))
    assert (forged.status_code, b"token is missing" in forged.get_body()) == (403, True)
    document = await _call(name, _request("POST", both | {"Content-Type": "application/json"}, b"{}", review="r1"))
    assert document.status_code == 400
    many = b"&".join(b"a=1" for _ in range(30))
    assert (await _call(name, _request("POST", both | kind, many, review="r1"))).status_code == 400


async def test_a_session_that_ends_before_the_form_is_sent() -> None:
    """The way back leads to the form's page."""
    request = func.HttpRequest("POST", f"{URL}/decision", route_params={"review": "r1"}, body=b"")
    answer = await _call("decide_on_page", request)
    assert answer.status_code == 401
    assert b'post_login_redirect_uri=/reviews/r1"' in answer.get_body()


async def test_storage_is_away() -> None:
    """The page says which system does not answer, with a status that says whose turn it is."""
    answer = await _call("show_review_page", _request("GET", principal("Reader"), review="r1"))
    assert (answer.status_code, b"Table storage" in answer.get_body()) == (503, True)


async def test_no_such_page() -> None:
    """404 as a page; the path is text."""
    request = _request("GET", principal("Reader"), page="<script>")
    answer = await _call("z_show_front_page", request)
    assert (answer.status_code, b"/&lt;script&gt;" in answer.get_body()) == (404, True)


async def test_files_may_be_kept() -> None:
    """Under the address with the digest for ever, under another not at all; others are not found."""
    function = _functions()["show_static"]

    async def get(file: str, **params: str) -> func.HttpResponse:
        request = func.HttpRequest("GET", URL, route_params={"file": file}, params=params, body=b"")
        answer: func.HttpResponse = await function(req=request)
        return answer

    plain = await get("page.css")
    assert (plain.status_code, plain.headers["Cache-Control"]) == (200, "no-cache")
    assert (await get("page.css", v="0")).headers["Cache-Control"] == "no-cache"
    assert (await get("../security.py")).status_code == 404


async def test_the_first_page_brings_the_key() -> None:
    """A browser gets its key with the first page and keeps it."""
    first = _visit(principal("Reader")).page(MessagePage("a", "b"))
    cookie = first.headers["Set-Cookie"].partition(";")[0]
    again = _visit(principal("Reader") | {"Cookie": cookie})
    assert "Set-Cookie" not in again.page(MessagePage("a", "b")).headers
    assert again.key == FormKey(cookie.partition("=")[2], new=False)
    seen = again.fragment(MessagePage("a", "b"))
    repeated = principal("Reader") | {"Cookie": cookie, "If-None-Match": seen.headers["ETag"]}
    assert _visit(repeated).fragment(MessagePage("a", "b")).status_code == 304


def _visit(headers: Mapping[str, str]) -> Visit:
    request = _request("GET", headers)
    return Visit.of(Incoming(request, caller_of(request)), lambda: cast("Services", NoStorage()))


def test_every_page_but_the_files_asks_for_a_role() -> None:
    """As the endpoints do: the declaration says who may."""
    assert {item.route.name for item in all_pages() if not item.roles} == OPEN


async def test_a_form_is_held_against_the_schema_of_the_api() -> None:
    """A decision without a reason is refused by the same rule, before any record is read."""
    headers = principal("Reviewer") | {"Content-Type": "application/x-www-form-urlencoded"}
    key = FormKey("k" * 43, new=False)
    headers["Cookie"] = key.cookie(URL).partition(";")[0]
    body = f"decision=approve&comment=+&token={key.token('ann')}".encode()
    visit = Visit.of(Incoming(_request("POST", headers, body), read_principal(headers)), lambda: cast("Services", None))
    with refusal(BadInputError, "must not be empty", field="comment", value=""):
        visit.with_form().form(DecisionRequest)
