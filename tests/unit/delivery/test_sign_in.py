"""A deployed app gets a token with each request; who has none is told what to do."""

import time
from collections.abc import Callable

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from nightshift.cli.app_client import AppAddress, AppClient
from nightshift.delivery.sign_in import SignIn, SignInError


class _Credential:
    """Gives tokens, and counts the calls."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        """A token that says which it is."""
        self.asked.extend(scopes)
        return AccessToken(f"token-{len(self.asked)}", int(time.time()) + 3600)


class _NobodySignedIn:
    def get_token(self, *_: str, **__: object) -> AccessToken:
        """Nobody has."""
        raise ClientAuthenticationError(message="no account is signed in\nsecond line")


def _answers(seen: list[str]) -> Callable[[httpx.Request], httpx.Response]:
    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization", ""))
        return httpx.Response(200, json={})

    return handle


def test_each_request_carries_the_token_of_the_app() -> None:
    """One token for the app's audience serves several requests."""
    credential, seen = _Credential(), list[str]()
    address = AppAddress("https://app", SignIn("api://app", "tenant", credential))
    with AppClient(address, httpx.MockTransport(_answers(seen))) as app:
        app.get("runs")
        app.post("alerts", {})
    assert seen == ["Bearer token-1", "Bearer token-1"]
    assert credential.asked == ["api://app/.default"]


def test_the_local_stack_gets_none() -> None:
    """It asks for none."""
    seen = list[str]()
    with AppClient("http://app", httpx.MockTransport(_answers(seen))) as app:
        app.get("runs")
    assert seen == [""]


def test_who_is_not_signed_in_is_reported() -> None:
    """The first line of the reason, the tenant, and who gives a role."""
    with pytest.raises(SignInError, match=r"api://app: no account .*`az login --tenant T`") as caught:
        SignIn("api://app", "T", _NobodySignedIn()).token()
    assert "second line" not in str(caught.value)
