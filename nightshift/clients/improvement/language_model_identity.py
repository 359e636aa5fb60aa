"""The managed identity's token for a language model, with an error of our own where there is none."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import get_bearer_token_provider

from nightshift.domain.platform.errors import NightshiftError, ServiceRefusedError, ServiceUnavailableError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_ERROR_TEXT = 500
_SERVICE = "language model"
_HINT = "give the app's identity the role Cognitive Services OpenAI User on the resource"


def identity_token(credential: "TokenCredential", scope: str) -> Callable[[], str]:
    """A function that returns a fresh token; azure-identity caches and renews it.

    The function raises ServiceRefusedError if the identity gets no token, ServiceUnavailableError if it could not be
    asked for one, whatever the reason: so that a planner falls back to its rules, and the loop goes on.
    """
    provider = get_bearer_token_provider(credential, scope)

    def token() -> str:
        try:
            found = provider()
        except NightshiftError:
            raise
        except ClientAuthenticationError as error:
            raise ServiceRefusedError(_SERVICE, f"no token: {_short(error)}", _HINT) from error
        except Exception as error:
            # An identity reads files, environment, sockets and other programs, and each fails in its own way.
            raise ServiceUnavailableError(_SERVICE, f"no token: {_short(error)}") from error
        if not found:
            raise ServiceRefusedError(_SERVICE, "no token: the identity has returned an empty one", _HINT)
        return found

    return token


def _short(error: Exception) -> str:
    return f"{error}"[:_ERROR_TEXT] or type(error).__name__
