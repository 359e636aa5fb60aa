"""Questions to Azure, Entra and the environment's workspace, with the Azure CLI's sign-in. Nothing is changed."""

import json
from typing import Any

from delivery.command import run
from delivery.environment import Environment

# Databricks' own application in Microsoft Entra ID, the same in every tenant.
_DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"


def ask_azure(environment: Environment, *arguments: str) -> Any:
    """The JSON that a command of the Azure CLI prints, asked in the environment's subscription.

    Raises:
        CommandError: the CLI is missing, nobody is signed in, or Azure says no.
    """
    where = () if arguments[0] in {"rest", "ad"} else ("--subscription", environment.subscription_id)
    return json.loads(run("az", *arguments, *where, "--output", "json") or b"null")


def ask_workspace(environment: Environment, path: str, query: str) -> Any:
    """What the workspace's REST API answers under a path, reduced by a JMESPath query; raises as ``ask_azure``."""
    url = f"{environment.databricks_url}{path}"
    return ask_azure(environment, "rest", "--resource", _DATABRICKS, "--url", url, "--query", query)
