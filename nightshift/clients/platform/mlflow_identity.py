"""MLflow on Databricks with a managed identity."""

from typing import TYPE_CHECKING

import mlflow.utils.databricks_utils
from mlflow.legacy_databricks_cli.configure.provider import DatabricksConfig, DatabricksConfigProvider

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


def lend_to_mlflow(host: str, credential: "TokenCredential", scope: str) -> None:
    """Let MLflow, in this process, sign in to a workspace with an identity; it asks for a token per request.

    MLflow has no public way to give it tokens that change. It has a place for a provider of such tokens, which it fills
    itself in a notebook. ``MLFLOW_ENABLE_DB_SDK`` must be false: otherwise MLflow first makes a databricks-sdk client
    at each request, which knows no managed identity.
    """
    vars(mlflow.utils.databricks_utils)["_dynamic_token_config_provider"] = _IdentityProvider(host, credential, scope)


class _IdentityProvider(DatabricksConfigProvider):
    def __init__(self, host: str, credential: "TokenCredential", scope: str) -> None:
        self._host = host
        self._credential = credential
        self._scope = scope

    def get_config(self) -> DatabricksConfig:
        token = self._credential.get_token(self._scope).token
        return DatabricksConfig(self._host, None, None, token)  # type: ignore[no-untyped-call]
