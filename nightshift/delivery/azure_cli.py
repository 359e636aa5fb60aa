"""Questions to Azure, Entra and the environment's workspace, with the Azure CLI's sign-in. Nothing is changed."""

import json
from typing import Any

from nightshift.delivery.command import CommandError, run
from nightshift.delivery.environment import Environment

# Databricks' own application in Microsoft Entra ID, the same in every tenant.
_DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"


def ask_azure(environment: Environment, *arguments: str) -> Any:
    """The JSON that a command of the Azure CLI prints, asked in the environment's subscription; None if it prints none.

    Raises:
        CommandError: the CLI is missing, nobody is signed in, Azure says no, or something else than Azure answers.
    """
    where = () if arguments[0] in {"rest", "ad"} else ("--subscription", environment.subscription_id)
    answer = run("az", *arguments, *where, "--output", "json")
    try:
        return json.loads(answer or b"null")
    except ValueError as error:
        said = answer.decode(errors="replace").strip()[:200]
        raise CommandError(f"`az {' '.join(arguments[:2])}` answered what is no JSON: {said!r}") from error


def ask_names(environment: Environment, *arguments: str) -> list[str]:
    """The list of names that a command prints; raises as ``ask_azure``, also where it prints another thing."""
    found = ask_azure(environment, *arguments)
    if not isinstance(found, list):
        raise CommandError(f"`az {' '.join(arguments[:2])}` answered {str(found)[:200]!r} and no list")
    return [str(name) for name in found]


def ask_workspace(environment: Environment, path: str, query: str) -> Any:
    """What the workspace's REST API answers under a path, reduced by a JMESPath query; raises as ``ask_azure``."""
    url = f"{environment.databricks_url}{path}"
    return ask_azure(environment, "rest", "--resource", _DATABRICKS, "--url", url, "--query", query)
