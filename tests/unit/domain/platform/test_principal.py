"""Reading the principal of App Service authentication."""

import base64
import json
from typing import Any

import pytest

from local_host.functions.authentication import STATED
from local_host.functions.principal import LocalPrincipal
from nightshift.domain.platform.errors import NotSignedInError
from nightshift.domain.platform.principal import HEADER, Principal, same_person
from nightshift.domain.platform.principal import read_principal as read
from nightshift.domain.platform.sign_in import SignInNotEnforcedError

OPERATOR = {"claims": [{"typ": "name", "val": "Eve"}, {"typ": "roles", "val": "Operator"}]}


def read_principal(headers: dict[str, str]) -> Principal:
    """Read it behind a sign-in, as the local host states its own."""
    return read(headers, STATED)


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
    assert read_principal({HEADER: text}) == Principal(name="Reader", roles=frozenset({"Operator"}), object_id="Reader")


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
        claims(name="Eve", oid="two\nlines"),
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


@pytest.mark.parametrize("stated", [{}, {"WEBSITE_AUTH_ENABLED": ""}, {"WEBSITE_AUTH_ENABLED": "False"},
                                    {"WEBSITE_AUTH_ENABLED": "0"}, {"WEBSITE_AUTH_ENABLED": "yes"},
                                    {"WEBSITE_HOSTNAME": "app.example.com"}])  # fmt: skip
def test_without_a_sign_in_nobody_is_believed(stated: dict[str, str]) -> None:
    """Whoever reaches the address could write the header; not even an empty call is a stranger's who may read."""
    for headers in ({HEADER: header(OPERATOR)}, {}):
        with pytest.raises(SignInNotEnforcedError, match="WEBSITE_AUTH_ENABLED is not true"):
            read(headers, stated)


@pytest.mark.parametrize("value", ["True", "true", "TRUE", "1"])
def test_a_sign_in_is_stated_as_the_functions_host_reads_it(value: str) -> None:
    """App Service writes True."""
    assert read({HEADER: header(OPERATOR)}, {"WEBSITE_AUTH_ENABLED": value}).has("Operator")


@pytest.mark.parametrize(
    ("object_id", "tenant_id"),
    [
        ("oid", "tid"),
        (
            "http://schemas.microsoft.com/identity/claims/objectidentifier",
            "http://schemas.microsoft.com/identity/claims/tenantid",
        ),
    ],
)
def test_records_name_the_id_beside_the_name(object_id: str, tenant_id: str) -> None:
    """Two people whose names look the same are two actors, and one who is renamed stays one."""
    latin = read_principal({HEADER: claims(preferred_username="alice@corp", **{object_id: "1", tenant_id: "t"})})
    cyrillic = read_principal(
        {HEADER: claims(preferred_username="ali\u0441e@corp", **{object_id: "2", tenant_id: "t"})}
    )
    assert (latin.actor, cyrillic.actor) == ("alice@corp (1@t)", "ali\u0441e@corp (2@t)")
    assert Principal(name="eve", roles=frozenset()).actor == "eve"


ANN = "11111111-2222-3333-4444-555555555555@aaaaaaaa-2222-3333-4444-555555555555"
BOB = "99999999-2222-3333-4444-555555555555@aaaaaaaa-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (f"ann@corp ({ANN})", f"ann@corp ({ANN})", True),
        (f"ann@corp ({ANN})", f"Ann.New@corp ({ANN.upper()})", True),
        (f"ann@corp ({ANN})", "Ann@CORP", True),
        (f"ann@corp ({ANN})", f"ann@corp ({BOB})", True),
        (f"ann@corp ({ANN})", f"bob@corp ({BOB})", False),
        ("Ann (External)", "Bob (External)", False),
        ("ann", "bob", False),
    ],
)
def test_two_records_of_one_person(one: str, other: str, *, same: bool) -> None:
    """A new name does not make another person, and neither does a record that has no id."""
    assert same_person(one, other) is same
