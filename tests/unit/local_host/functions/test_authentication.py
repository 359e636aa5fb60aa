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
    ROLES,
    LocalPrincipal,
    SignInRefusedError,
    authenticated,
    sign_in,
)
from local_host.functions.host_json import HostJson
from local_host.functions.invoker import Invoker
from local_host.functions.triggers.http import HttpSource
from local_host.functions.triggers.source import SourceSetting
from tests.unit.local_host.functions.conftest import IndexApp

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
    """With every role."""
    assert sign_in([("accept", "*/*")]) == DEVELOPER
    assert (DEVELOPER.name, DEVELOPER.roles) == ("developer@localhost", ROLES)


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
    assert sign_in([("Authorization", text)]) == expected


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
        sign_in([("authorization", text) for text in given])
    assert "secret" not in str(caught.value)


@given(headers=st.lists(st.tuples(st.sampled_from(["X-MS-CLIENT-PRINCIPAL", "x-Ms-anything", "x-other"]), st.text())))
def test_nobody_brings_a_principal_along(headers: list[tuple[str, str]]) -> None:
    """Every X-MS-* header is dropped; one principal is put in; the others stay."""
    seen = authenticated(headers)
    owned = [(name, value) for name, value in seen if name.lower().startswith("x-ms-")]
    assert owned == [("x-ms-client-principal", DEVELOPER.header)]
    assert [pair for pair in seen if pair not in owned] == [pair for pair in headers if pair[0] == "x-other"]


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
    setting = SourceSetting(list(index_app(SHOW).values()), invoker, HostJson(), {}, tmp_path)
    app = Starlette(routes=list(HttpSource(setting).routes()))
    forged = {"X-MS-CLIENT-PRINCIPAL": "forged", "X-MS-CLIENT-PRINCIPAL-NAME": "forged", "X-Own": "1"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://host") as client:
        developer = await client.get("/api/show", headers=forged)
        eve = await client.get("/api/show", headers={**forged, "Authorization": "Bearer local:eve:Reader"})
        refused = await client.get("/api/show", headers={"Authorization": "Bearer local:eve:Owner"})
    assert developer.json() == {"x-own": "1", "x-ms-client-principal": DEVELOPER.header}
    assert eve.json()["x-ms-client-principal"] == LocalPrincipal("eve", ("Reader",)).header
    assert refused.status_code == 401
