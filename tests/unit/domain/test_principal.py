"""Reading the principal of App Service authentication."""

import base64
import json
from typing import Any

import pytest

from domain.principal import HEADER, NotSignedInError, Principal, read_principal
from local_host.functions.principal import LocalPrincipal


def header(document: Any) -> str:
    """A document as App Service sends it."""
    return base64.b64encode(json.dumps(document).encode()).decode()


def claims(**given: str) -> str:
    """A header with one claim of each type."""
    return header({"claims": [{"typ": kind, "val": value} for kind, value in given.items()]})


def test_name_and_roles_are_read() -> None:
    """The local host's header is what the app reads; upper and lower case are one."""
    text = LocalPrincipal("eve", ("Reader", "AlertWriter")).header
    expected = Principal(name="eve", roles=frozenset({"Reader", "AlertWriter"}))
    assert read_principal({HEADER: text}) == expected
    assert read_principal({HEADER.lower(): text}) == expected


def test_the_type_of_roles_may_be_named() -> None:
    """App Service says in ``role_typ`` which claims are roles."""
    kind = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
    text = header({"role_typ": kind, "claims": [{"typ": kind, "val": "Operator"}, {"typ": "oid", "val": "Reader"}]})
    assert read_principal({HEADER: text}) == Principal(name="Reader", roles=frozenset({"Operator"}))


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"oid": "1", "name": "Eve", "preferred_username": "eve@contoso.com"}, "eve@contoso.com"),
        ({"oid": "1", "name": "Eve"}, "Eve"),
        ({"oid": "1", "appid": "app"}, "app"),
        ({"sub": "s"}, "s"),
        ({"name": ""}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_the_name_that_says_most_is_taken(given: dict[str, str], name: str) -> None:
    """An address before a name before an application before an id."""
    assert read_principal({HEADER: claims(**given)}).name == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "***",
        "e30",
        base64.b64encode(b"\xff").decode(),
        base64.b64encode(b"{").decode(),
        base64.b64encode(b"[" * 100_000).decode(),
        header([]),
        header("claims"),
        header({}),
        header({"claims": None}),
        header({"claims": "text"}),
        header({"claims": [["typ", "val"]]}),
        header({"claims": [{"typ": "roles"}]}),
        header({"claims": [{"typ": "roles", "val": ["Operator"]}]}),
        header({"claims": [], "role_typ": ["x"]}),
        claims(name="two\nlines"),
        claims(name="x" * 257),
    ],
)
def test_what_cannot_be_read_is_nobody(text: str) -> None:
    """A malformed header is as good as none."""
    with pytest.raises(NotSignedInError, match=f"header {HEADER}"):
        read_principal({HEADER: text})


def test_a_missing_header_is_nobody() -> None:
    """Nobody has signed in."""
    with pytest.raises(NotSignedInError, match="missing; sign in first"):
        read_principal({})
