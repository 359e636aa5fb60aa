"""The development sign-in."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from local_host.functions.principal import AppRoles
from local_host.functions.session import COOKIE
from local_host.functions.sign_in import SignInPages, local_path

ROLES = AppRoles(("Reader", "Reviewer", "Operator"), ("AlertWriter",))
FORM = {"name": "eve", "role": ["Reader", "Operator"], "post_login_redirect_uri": "/runs/r1?a=1"}


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client that keeps cookies."""
    app = Starlette(routes=SignInPages(tmp_path, ROLES).routes())
    headers = {"sec-fetch-mode": "navigate"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://host", headers=headers
    ) as client:
        yield client


async def test_in_and_out(browser: httpx.AsyncClient) -> None:
    """Nobody, then eve with her roles, then nobody; the cookie is out of a script's reach."""
    assert (await browser.get("/.auth/me")).json() == []
    signed = await browser.post("/.auth/login/aad", data=FORM)
    assert (signed.status_code, signed.headers["location"]) == (303, "/runs/r1?a=1")
    assert "HttpOnly" in signed.headers["set-cookie"]
    assert "SameSite=lax" in signed.headers["set-cookie"]
    me = (await browser.get("/.auth/me")).json()[0]
    roles = [{"typ": "roles", "val": role} for role in FORM["role"]]
    assert (me["user_id"], me["user_claims"]) == ("eve", roles)
    assert (await browser.get("/.auth/logout")).headers["location"] == "/.auth/login/aad"
    assert COOKIE not in browser.cookies
    assert (await browser.get("/.auth/me")).json() == []


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\tx",
        "evil.example",
        "",
        "/\n/evil.example",
    ],
)
def test_no_way_leads_elsewhere(target: str) -> None:
    """The sign-in returns to a path of this host only."""
    assert local_path(target) == "/"


async def test_the_page_escapes(browser: httpx.AsyncClient) -> None:
    """What the address says is text in the page, and the page lets nothing run."""
    page = await browser.get("/.auth/login/aad", params={"post_login_redirect_uri": '/"><script>x</script>'})
    assert "<script>" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_form_from_elsewhere_is_refused(browser: httpx.AsyncClient) -> None:
    """Another site cannot sign somebody in."""
    refused = await browser.post("/.auth/login/aad", data=FORM, headers={"origin": "http://elsewhere"})
    assert (refused.status_code, COOKIE in browser.cookies) == (403, False)


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\x07b"])
async def test_a_name_is_needed(browser: httpx.AsyncClient, name: str) -> None:
    """Nobody signs in without one."""
    refused = await browser.post("/.auth/login/aad", data=FORM | {"name": name})
    assert (refused.status_code, 'role="alert"' in refused.text) == (400, True)


async def test_the_roles_of_people_are_ticked(browser: httpx.AsyncClient) -> None:
    """Those of machines can be picked, too."""
    page = (await browser.get("/.auth/login/aad")).text
    ticked = [role for role in ROLES.all if f'value="{role}" checked' in page]
    assert ticked == list(ROLES.people)
    assert 'value="AlertWriter">' in page
