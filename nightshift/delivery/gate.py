"""The gate before a deployment: do containers, queues, role assignments and the registry answer, is the sign-in on?

``python -m nightshift.delivery.gate ENV``. It asks Azure's management API, which answers from everywhere, and the
registry of the workspace, both with the Azure CLI's sign-in. It reads no data. Exit 1 if something is missing.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from nightshift.delivery.azure_cli import ask_azure, ask_names, ask_workspace
from nightshift.delivery.command import CommandError
from nightshift.delivery.environment import Environment, EnvironmentFolder
from nightshift.domain.platform.errors import NightshiftError

# Of App Service authentication: without the first the app refuses everybody, without the second it alone does.
_SIGN_IN = ("platform.enabled", "globalValidation.requireAuthentication")


@dataclass(frozen=True)
class Check:
    """One part of an environment; ``fault`` is empty if it is as it should be."""

    part: str
    fault: str = ""


def examine(environment: Environment) -> Iterator[Check]:
    """Check each part that the app needs. One that cannot be asked is at fault, too."""
    for account, containers in environment.containers.items():
        yield _check(f"containers of {account}", containers, partial(_containers, environment, account))
    yield _check(f"queues of {environment.service_bus}", environment.queues, partial(_queues, environment))
    for scope in sorted({role.scope for role in environment.roles}):
        wanted = [role.role for role in environment.roles if role.scope == scope]
        yield _check(f"the app's roles on {scope.rsplit('/', 1)[-1]}", wanted, partial(_roles, environment, scope))
    yield _check(f"sign-in of {environment.function_app}", _SIGN_IN, partial(_sign_in, environment))
    schema = environment.model_schema
    yield _check(f"registry {schema}", [schema], partial(_registry, environment))


def _check(part: str, wanted: tuple[str, ...] | list[str], ask: Callable[[], list[str]]) -> Check:
    try:
        missing = sorted(set(wanted) - set(ask()))
    except CommandError as error:
        return Check(part, str(error))
    return Check(part, f"missing: {', '.join(missing)}" if missing else "")


def _containers(environment: Environment, account: str) -> list[str]:
    return ask_names(
        environment, "storage", "container-rm", "list", "--storage-account", account,
        "--resource-group", environment.resource_group, "--query", "[].name",
    )  # fmt: skip


def _queues(environment: Environment) -> list[str]:
    return ask_names(
        environment, "servicebus", "queue", "list", "--namespace-name", environment.service_bus,
        "--resource-group", environment.resource_group, "--query", "[?status=='Active'].name",
    )  # fmt: skip


def _roles(environment: Environment, scope: str) -> list[str]:
    query = f"[?principalId=='{environment.app_principal_id}'].roleDefinitionName"
    return ask_names(
        environment, "role", "assignment", "list", "--scope", scope, "--fill-principal-name", "false", "--query", query,
    )  # fmt: skip


def _sign_in(environment: Environment) -> list[str]:
    """Which of the switches are on."""
    group = f"/subscriptions/{environment.subscription_id}/resourceGroups/{environment.resource_group}"
    site = f"{group}/providers/Microsoft.Web/sites/{environment.function_app}"
    url = f"{site}/config/authsettingsV2?api-version=2024-04-01"
    properties = (ask_azure(environment, "rest", "--method", "get", "--url", url) or {}).get("properties") or {}
    parts = (name.split(".") for name in _SIGN_IN)
    return [f"{part}.{switch}" for part, switch in parts if (properties.get(part) or {}).get(switch) is True]


def _registry(environment: Environment) -> list[str]:
    asked = f"/api/2.1/unity-catalog/schemas/{environment.model_schema}"
    return [str(name) for name in ask_workspace(environment, asked, "[full_name]") or []]


def main() -> None:
    """Check an environment, and say what is missing."""
    parser = argparse.ArgumentParser(description="Check that an environment is ready for a package.")
    parser.add_argument("environment", help="dev, qa or prod")
    name = parser.parse_args().environment
    try:
        checks = list(examine(EnvironmentFolder.default().get(name)))
    except NightshiftError as error:
        sys.exit(f"error: {error}")
    for check in checks:
        sys.stdout.write(f"{'ill' if check.fault else 'ok ':<4} {check.part}  {check.fault}".rstrip() + "\n")
    if any(check.fault for check in checks):
        sys.exit(f"the gate of {name} is shut: apply Terraform; a role that was just assigned takes up to ten minutes")


if __name__ == "__main__":
    main()
