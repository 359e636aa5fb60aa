"""The local stand-in for App Service authentication."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from local_host.functions.authentication import (
    DEVELOPER,
    SignInRefusedError,
    authenticated,
    caller,
    sign_in,
    sign_in_address,
)
from local_host.functions.host_json import HostJson
from local_host.functions.invoker import Invoker
from local_host.functions.principal import AppRoles, LocalPrincipal
from local_host.functions.session import COOKIE, Sessions
from local_host.functions.triggers.http import HttpSource
from local_host.functions.triggers.source import SourceSetting

from .conftest import IndexApp

ROLES = AppRoles(("Reader", "Reviewer", "Operator"), ("AlertWriter",))
DEVELOPER_PRINCIPAL = LocalPrincipal(DEVELOPER, ROLES.all)
SHOW = """
import json
@app.route(route="show")
def show(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps({k: v for k, v in req.headers.items() if k.startswith("x-")}))
"""


def decoded(header: str) -> dict[str, Any]:
    """The document of a principal's header."""
    document: dict[str, Any] = json.loads(base64.b64decode(header))
    return document


def test_without_credentials_it_is_the_developer() -> None:
    """With every role, those of machines, too."""
    roles = ("Reader", "Reviewer", "Operator", "AlertWriter")
    assert sign_in([("accept", "*/*")], ROLES) == LocalPrincipal("developer@localhost", roles)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bearer local:eve:Reader", LocalPrincipal("eve", ("Reader",))),
        ("Bearer local:eve@x:AlertWriter,Reader,Reader", LocalPrincipal("eve@x", ("AlertWriter", "Reader"))),
        ("Bearer local:urn:app:7:Operator", LocalPrincipal("urn:app:7", ("Operator",))),
        ("Bearer local:eve:", LocalPrincipal("eve", ())),
    ],
)
def test_credentials_pick_name_and_roles(text: str, expected: LocalPrincipal) -> None:
    """The last colon parts them; no role at all is possible."""
    assert sign_in([("Authorization", text)], ROLES) == expected


@pytest.mark.parametrize(
    "given",
    [
        ["Bearer local:eve:Owner"],
        ["Bearer local:eve:Reader,Owner"],
        ["Bearer local:eve"],
        ["Bearer local::Reader"],
        ["Bearer eyJhbGciOi.secret"],
        ["bearer local:eve:Reader"],
        ["Basic ZXZlOmV2ZQ=="],
        [""],
        ["Bearer local:eve:Reader", "Bearer local:eve:Operator"],
    ],
)
def test_other_credentials_are_refused(given: list[str]) -> None:
    """They are never the developer, and never shown."""
    with pytest.raises(SignInRefusedError, match="must be one") as caught:
        sign_in([("authorization", text) for text in given], ROLES)
    assert "secret" not in str(caught.value)


def test_an_app_without_roles_has_callers_without_roles() -> None:
    """A role that the app does not name is refused."""
    assert sign_in([("authorization", "Bearer local:eve:")], AppRoles()) == LocalPrincipal("eve", ())
    with pytest.raises(SignInRefusedError, match="with roles of none"):
        sign_in([("authorization", "Bearer local:eve:Reader")], AppRoles())


@given(headers=st.lists(st.tuples(st.sampled_from(["X-MS-CLIENT-PRINCIPAL", "x-Ms-anything", "x-other"]), st.text())))
def test_nobody_brings_a_principal_along(headers: list[tuple[str, str]]) -> None:
    """Every X-MS-* header is dropped; one principal is put in; the others stay."""
    seen = authenticated(headers, Sessions(Path("nowhere"), ROLES))
    owned = [(name, value) for name, value in seen if name.lower().startswith("x-ms-")]
    assert owned == [("x-ms-client-principal", DEVELOPER_PRINCIPAL.header)]
    assert [pair for pair in seen if pair not in owned] == [pair for pair in headers if pair[0] == "x-other"]


@pytest.mark.parametrize(
    "header",
    [("Origin", "https://elsewhere"), ("sec-fetch-site", "cross-site"), ("Accept", "text/html,*/*;q=0.8")],
)
def test_a_browser_without_a_session_is_nobody(header: tuple[str, str], tmp_path: Path) -> None:
    """A page that is open in a browser must not act as the developer."""
    assert caller([header], Sessions(tmp_path, ROLES)) is None
    assert authenticated([header, ("x-ms-client-principal", "forged")], Sessions(tmp_path, ROLES)) == [header]


def test_a_session_says_who_calls(tmp_path: Path) -> None:
    """Also to a host that was started again; not to another one; and not once a letter is changed."""
    eve = LocalPrincipal("eve", ("Reader",))
    value = Sessions(tmp_path, ROLES).issue(eve)
    browser = ("sec-fetch-mode", "cors")

    def seen(cookie: str, folder: Path = tmp_path) -> LocalPrincipal | None:
        return caller([browser, ("cookie", f"other=1; {COOKIE}={cookie}")], Sessions(folder, ROLES))

    assert seen(value) == eve
    assert seen(value, tmp_path / "another") is None
    assert seen("A" + value[1:]) is None
    assert seen(value.partition(".")[0]) is None
    assert caller([("cookie", f"{COOKIE}=forged")], Sessions(tmp_path, ROLES)) is None


def test_who_opens_a_page_is_sent_to_the_sign_in(tmp_path: Path) -> None:
    """Only that: a script, a form and a fetch are answered as they are."""
    sessions, opens = Sessions(tmp_path, ROLES), [("sec-fetch-mode", "navigate")]
    expected = "/.auth/login/aad?post_login_redirect_uri=/runs/r%3Fa%3D1%26b"
    assert sign_in_address("GET", "/runs/r?a=1&b", opens, sessions) == expected
    assert sign_in_address("POST", "/", opens, sessions) is None
    assert sign_in_address("GET", "/", [("sec-fetch-mode", "cors"), ("accept", "text/html")], sessions) is None
    assert sign_in_address("GET", "/", [], sessions) is None
    cookie = ("cookie", f"{COOKIE}={sessions.issue(LocalPrincipal('eve', ()))}")
    assert sign_in_address("GET", "/", [*opens, cookie], sessions) is None


def test_the_header_is_as_app_service_writes_it() -> None:
    """Claims of type and value, and which types are name and role."""
    assert decoded(LocalPrincipal("eve", ("Reader",)).header) == {
        "auth_typ": "aad",
        "name_typ": "preferred_username",
        "role_typ": "roles",
        "claims": [{"typ": "preferred_username", "val": "eve"}, {"typ": "roles", "val": "Reader"}],
    }


async def test_http_triggers_are_behind_it(index_app: IndexApp, invoker: Invoker, tmp_path: Path) -> None:
    """A function sees the principal of the host and no other; unknown credentials do not reach it."""
    setting = SourceSetting(list(index_app(SHOW).values()), invoker, HostJson(), {}, tmp_path, ROLES)
    app = Starlette(routes=list(HttpSource(setting).routes()))
    forged = {"X-MS-CLIENT-PRINCIPAL": "forged", "X-MS-CLIENT-PRINCIPAL-NAME": "forged", "X-Own": "1"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://host") as client:
        developer = await client.get("/api/show", headers=forged)
        eve = await client.get("/api/show", headers={**forged, "Authorization": "Bearer local:eve:Reader"})
        refused = await client.get("/api/show", headers={"Authorization": "Bearer local:eve:Owner"})
    assert developer.json() == {"x-own": "1", "x-ms-client-principal": DEVELOPER_PRINCIPAL.header}
    assert eve.json()["x-ms-client-principal"] == LocalPrincipal("eve", ("Reader",)).header
    assert refused.status_code == 401
