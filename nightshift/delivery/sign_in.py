"""Signs in to a deployed app: a token of Microsoft Entra ID with each request."""

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import httpx

from nightshift.domain.platform.errors import NightshiftError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


class SignInError(NightshiftError):
    """No token can be had."""

    code = "sign_in_failed"


class SignIn(httpx.Auth):
    """Puts a token for the app into each request; it is fetched once and renewed before it ends."""

    def __init__(self, audience: str, tenant_id: str, credential: "TokenCredential | None" = None) -> None:
        self._audience = audience
        self._tenant_id = tenant_id
        self._credential = credential
        self._provide: Callable[[], str] | None = None

    def token(self) -> str:
        """A token for the app, of who is signed in: an Azure CLI user, a workload identity, a managed identity.

        Raises:
            SignInError: nobody is, or the tenant gives them no token for the app.
        """
        from azure.core.exceptions import ClientAuthenticationError
        from azure.identity import DefaultAzureCredential, get_bearer_token_provider

        if self._provide is None:
            credential = self._credential or DefaultAzureCredential()
            self._provide = get_bearer_token_provider(credential, f"{self._audience}/.default")
        try:
            return self._provide()
        except ClientAuthenticationError as error:
            first_line = str(error.message or error).splitlines()[0]
            raise SignInError(
                f"no token for {self._audience}: {first_line} - `az login --tenant {self._tenant_id}`; "
                "the platform team gives you a role in app_role_members",
                audience=self._audience,
            ) from error

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request with the token."""
        request.headers["Authorization"] = f"Bearer {self.token()}"
        yield request
