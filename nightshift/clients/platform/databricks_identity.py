"""Databricks with a managed identity: databricks-sdk has no provider of its own for it in Python."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from databricks.sdk.credentials_provider import CredentialsStrategy

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from databricks.sdk.config import Config


class IdentityStrategy(CredentialsStrategy):
    """Asks azure-identity for a token per request; azure-identity caches and renews it."""

    def __init__(self, credential: "TokenCredential", scope: str) -> None:
        self._credential = credential
        self._scope = scope

    def auth_type(self) -> str:
        """The name under which the SDK reports this strategy."""
        return "azure-identity"

    def __call__(self, cfg: "Config") -> Callable[[], dict[str, str]]:
        """The header factory that the SDK calls before each request."""
        return lambda: {"Authorization": f"Bearer {self._credential.get_token(self._scope).token}"}
