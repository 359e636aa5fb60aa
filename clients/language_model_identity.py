"""The managed identity's token for a language model, with an error of our own where there is none."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import get_bearer_token_provider

from domain.errors import ServiceRefusedError, ServiceUnavailableError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_ERROR_TEXT = 500


def identity_token(credential: "TokenCredential", scope: str) -> Callable[[], str]:
    """A function that returns a fresh token; azure-identity caches and renews it.

    The function raises ServiceRefusedError if the identity gets no token, ServiceUnavailableError if nobody could be
    asked: so that a planner falls back to its rules, and the loop goes on.
    """
    provider = get_bearer_token_provider(credential, scope)

    def token() -> str:
        try:
            return provider()
        except ClientAuthenticationError as error:
            hint = "give the app's identity the role Cognitive Services OpenAI User on the resource"
            raise ServiceRefusedError("language model", f"no token: {error.message[:_ERROR_TEXT]}", hint) from error
        except AzureError as error:
            raise ServiceUnavailableError("language model", f"no token: {error.message[:_ERROR_TEXT]}") from error

    return token
