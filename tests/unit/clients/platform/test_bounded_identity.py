"""Who is not signed in hears so once, in one line, before any request; a silent identity is not waited for."""

import threading
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError

from nightshift.clients.platform.bounded_identity import BoundedIdentity
from nightshift.domain.platform.errors import ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.uploads.upload import BlobRef
from nightshift.wiring.signed_in import signed_in_blobs
from tests.support.refusals import refusal

BLOB = BlobRef(container="bronze", name="m/a.csv")


class _NobodySignedIn:
    """As azure-identity where no place that it looks in has an account."""

    asked = 0

    def get_token(self, *_: str, **__: object) -> None:
        """Nobody has."""
        type(self).asked += 1
        raise ClientAuthenticationError(message="no account is signed in\nAttempted credentials: ...")

    get_token_info = get_token


def test_who_is_not_signed_in_hears_so_at_the_first_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The storage SDK would ask four times, and pause a minute in between."""
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", _NobodySignedIn)
    monkeypatch.setattr(_NobodySignedIn, "asked", 0)
    with refusal(ServiceRefusedError, "no token: no account ", "`az login`", service="Microsoft Entra ID") as refused:
        signed_in_blobs("https://127.0.0.1:9").upload(BLOB, Path(__file__), metadata={})
    assert "\n" not in refused.value.message
    assert _NobodySignedIn.asked == 1


def test_a_silent_identity_is_not_waited_for() -> None:
    """Both ways to ask end."""
    over = threading.Event()

    class Silent:
        def get_token(self, *_: str, **__: object) -> None:
            over.wait()

        get_token_info = get_token

    identity = BoundedIdentity(Silent(), 0.05, "wait")
    try:
        for ask in (identity.get_token, identity.get_token_info):
            with refusal(ServiceUnavailableError, "no answer", service="Microsoft Entra ID"):
                ask("scope")
    finally:
        over.set()
