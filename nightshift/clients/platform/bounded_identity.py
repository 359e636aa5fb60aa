"""The identity that the Azure SDKs sign in with: a token comes within a time, or a plain error does."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from azure.core.exceptions import ClientAuthenticationError

from nightshift.clients.platform.call_budget import call_within
from nightshift.domain.platform.errors import ServiceRefusedError

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, AccessTokenInfo

Result = TypeVar("Result")

_SERVICE = "Microsoft Entra ID"


class BoundedIdentity:
    """An azure-identity credential of which each call ends within a time.

    An SDK asks for the token before its transport, so that no limit of a request counts; azure-identity has limits of
    its own, and repeats. Its refusal becomes an error that no SDK repeats: the storage SDK does so for a minute.

    Args:
        credential: one that has both ways to ask, as all of azure-identity have.
        hint: what to do if there is no token.
    """

    def __init__(self, credential: Any, seconds: float, hint: str) -> None:
        self._credential = credential
        self._seconds = seconds
        self._hint = hint

    def get_token(self, *scopes: str, **options: Any) -> "AccessToken":
        """A token, as ``TokenCredential`` gives it.

        Raises:
            ServiceRefusedError: nobody has signed in, or they get no token for this.
            ServiceUnavailableError: no answer within the time.
        """
        token: AccessToken = self._within(lambda: self._credential.get_token(*scopes, **options))
        return token

    def get_token_info(self, *scopes: str, **options: Any) -> "AccessTokenInfo":
        """A token with more about it, as ``SupportsTokenInfo`` gives it; it raises as ``get_token`` does."""
        token: AccessTokenInfo = self._within(lambda: self._credential.get_token_info(*scopes, **options))
        return token

    def _within(self, call: Callable[[], Result]) -> Result:
        try:
            return call_within(_SERVICE, self._seconds, call)
        except ClientAuthenticationError as error:
            first_line = (error.message or str(error) or type(error).__name__).splitlines()[0]
            raise ServiceRefusedError(_SERVICE, f"no token: {first_line}", self._hint) from error
