"""The steps by hand that Terraform cannot do, and whether each is done: `nightshift env check` asks.

docs/deploy.md lists them in their order, with these ids; a test holds the two together.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import yaml

from delivery.azure_cli import ask_azure, ask_workspace
from delivery.command import CommandError
from delivery.environment import Environment

_ROOT = Path(__file__).resolve().parent.parent
_PROVIDERS = (
    "Microsoft.App",
    "Microsoft.Databricks",
    "Microsoft.EventGrid",
    "Microsoft.KeyVault",
    "Microsoft.ServiceBus",
    "Microsoft.Storage",
    "Microsoft.Web",
)
_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_OPENAI_ROLES = {"Cognitive Services OpenAI User", "Cognitive Services User", "Azure AI User"}

State = Literal["ok", "missing", "unknown", "by eye"]
Resolve = Callable[[str], list[str]]


@dataclass(frozen=True)
class Place:
    """Where a step is looked for.

    Attributes:
        root: the checkout, for what the environment's tfvars and tfbackend say.
        resolve: addresses of a name, as this machine sees them.
    """

    environment: Environment
    root: Path
    resolve: Resolve

    def tfvars(self) -> str:
        """The environment's values; empty if this checkout does not have them."""
        return self._read("tfvars")

    def backend(self) -> str:
        """Where the state lies; empty if this checkout does not say."""
        return self._read("tfbackend")

    def _read(self, ending: str) -> str:
        path = self.root / "terraform" / "envs" / f"{self.environment.name}.{ending}"
        return path.read_text(encoding="utf-8") if path.is_file() else ""


@dataclass(frozen=True)
class Step:
    """One step by hand.

    Attributes:
        id: as docs/deploy.md names it.
        mend: the command, or where it is told; names fields of the environment in braces.
        ask: what is missing, empty if nothing is; None where nobody but a person can tell.
        reason: why it cannot be asked, then.
    """

    id: str
    what: str
    mend: str
    ask: Callable[[Place], str] | None = None
    reason: str = ""


@dataclass(frozen=True)
class Finding:
    """Whether one step is done; if it is not, what does it."""

    step: Step
    state: State
    detail: str = ""
    mend: str = ""


def examine(environment: Environment, root: Path = _ROOT, resolve: Resolve | None = None) -> Iterator[Finding]:
    """Ask for each step in its order. One whose question is refused is unknown, and as bad as a missing one."""
    place = Place(environment, root, resolve or _addresses)
    for step in STEPS:
        if step.ask is None:
            yield Finding(step, "by eye", step.reason)
            continue
        try:
            missing = step.ask(place)
        except CommandError as error:
            yield Finding(step, "unknown", str(error), _mend(step, environment))
        else:
            yield Finding(step, "missing", missing, _mend(step, environment)) if missing else Finding(step, "ok")


def _mend(step: Step, environment: Environment) -> str:
    return step.mend.format(**environment.model_dump(), volume=_volume(environment))


def _volume(environment: Environment) -> str:
    return ".".join((environment.wheel or "").split("/")[2:5])


def _state(place: Place) -> str:
    values = dict(re.findall(r'^(\w+)\s*=\s*"([^"]*)"', place.backend(), re.MULTILINE))
    account = values.get("storage_account_name", "")
    if not re.fullmatch(r"[a-z0-9]{3,24}", account):
        return f"terraform/envs/{place.environment.name}.tfbackend names no storage account: {account!r}"
    group = values.get("resource_group_name", "")
    found = ask_azure(place.environment, "storage", "account", "list", "--resource-group", group, "--query", "[].name")
    return "" if account in found else f"storage account {account} is not in {group}"


def _providers(place: Place) -> str:
    query = "[?registrationState=='Registered'].namespace"
    registered = ask_azure(place.environment, "provider", "list", "--query", query)
    missing = sorted(set(_PROVIDERS) - set(registered))
    return f"not registered: {', '.join(missing)}" if missing else ""


def _metastore(place: Place) -> str:
    found = ask_workspace(place.environment, "/api/2.1/unity-catalog/current-metastore-assignment", "metastore_id")
    return "" if found else "the workspace is attached to no metastore"


def _wheel_grants(place: Place) -> str:
    volume = _volume(place.environment)
    if not volume:
        return "the workspace has no content yet: deploy_content is off"
    found = ask_workspace(
        place.environment, f"/api/2.1/unity-catalog/permissions/volume/{volume}", "privilege_assignments[].privileges[]"
    )
    return "" if {"WRITE_VOLUME", "ALL_PRIVILEGES"} & set(found or []) else f"nobody has WRITE_VOLUME on {volume}"


def _run_as(place: Place) -> str:
    wanted = sorted(
        str(yaml.safe_load(file.read_text(encoding="utf-8"))["name"])
        for file in (place.root / "training" / "job_definitions").glob("*.yml")
    )
    found = ask_workspace(place.environment, "/api/2.1/jobs/list?limit=100", "jobs[].settings.name")
    missing = sorted(set(wanted) - set(found or []))
    return f"Databricks has not taken the jobs {', '.join(missing)}" if missing else ""


def _serving(place: Place) -> str:
    specs = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in (place.root / "model_specs").glob("*.yaml")]
    endpoints = sorted({spec["serving_endpoint"] for spec in specs if spec.get("serving_endpoint")})
    if not endpoints:
        return ""
    app = ask_azure(
        place.environment, "ad", "sp", "show", "--id", place.environment.app_principal_id, "--query", "appId"
    )
    missing = [name for name in endpoints if not _manages(place.environment, name, str(app))]
    return f"the app may not manage {', '.join(missing)}" if missing else ""


def _manages(environment: Environment, endpoint: str, client_id: str) -> bool:
    endpoint_id = ask_workspace(environment, f"/api/2.0/serving-endpoints/{endpoint}", "id")
    query = f"access_control_list[?service_principal_name=='{client_id}'].all_permissions[].permission_level"
    return "CAN_MANAGE" in (
        ask_workspace(environment, f"/api/2.0/permissions/serving-endpoints/{endpoint_id}", query) or []
    )


def _language_model(place: Place) -> str:
    if not re.search(r"^\s*url\s*=\s*\"http", _block(place.tfvars(), "language_model"), re.MULTILINE):
        return ""
    roles = ask_azure(
        place.environment, "role", "assignment", "list", "--all", "--assignee", place.environment.app_principal_id,
        "--query", "[].roleDefinitionName",
    )  # fmt: skip
    return "" if _OPENAI_ROLES & set(roles) else "the app has no role on a language model"


def _notify_secret(place: Place) -> str:
    version = re.search(r'^notify_urls_version\s*=\s*"(\w*)"', place.tfvars(), re.MULTILINE)
    if version is None or not version[1]:
        return "notify_urls_version is empty in tfvars: incidents page nobody but by Azure Monitor's mail"
    group = place.environment.resource_group
    kind = "Microsoft.KeyVault/vaults"
    for vault in ask_azure(
        place.environment, "resource", "list", "--resource-group", group, "--resource-type", kind, "--query", "[].id"
    ):
        url = f"https://management.azure.com{vault}/secrets?api-version=2023-07-01"
        if "notify-urls" in ask_azure(place.environment, "rest", "--url", url, "--query", "value[].name"):
            return ""
    return f"no vault of {group} holds a secret notify-urls"


def _runner_dns(place: Place) -> str:
    if not re.search(r"^private\s*=\s*true", place.tfvars(), re.MULTILINE):
        return ""
    for url in (place.environment.databricks_url, place.environment.blob_endpoint):
        name = str(urlsplit(url).hostname)
        addresses = place.resolve(name)
        if not addresses or not all(_in_a_network(address) for address in addresses):
            return f"{name} is {', '.join(addresses) or 'unknown'} here, and not an address of the network"
    return ""


def _in_a_network(address: str) -> bool:
    # ``is_private`` holds for addresses of documentation too.
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in _NETWORKS)


def _block(text: str, name: str) -> str:
    found = re.search(rf"^{name}\s*=\s*\{{(.*?)\}}", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def _addresses(name: str) -> list[str]:
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(name, 443)})
    except OSError:
        return []


STEPS: tuple[Step, ...] = (
    Step(
        "state",
        "the account that keeps Terraform's state",
        "terraform -chdir=terraform/bootstrap apply; write its output `backend` into terraform/envs/{name}.tfbackend",
        _state,
    ),
    Step(
        "providers",
        "resource providers of the subscription",
        "az provider register --subscription {subscription_id} --wait --namespace NAME",
        _providers,
    ),
    Step(
        "metastore",
        "a metastore of Unity Catalog for the workspace",
        "an account admin: databricks account metastore-assignments create WORKSPACE_ID METASTORE_ID",
        _metastore,
    ),
    Step(
        "run_as_user",
        "the right to let jobs run as their service principal",
        "give who applies the role Service Principal User on nightshift-{name}-training; apply again",
        _run_as,
    ),
    Step(
        "wheel_volume_grants",
        "the pipeline may put the training wheel into its volume",
        "databricks grants update volume {volume} --json "
        """'{{"changes": [{{"principal": "CLIENT_ID", "add": ["WRITE_VOLUME"]}}]}}'""",
        _wheel_grants,
    ),
    Step(
        "serving_grants",
        "the app may move the endpoints that model_specs name",
        "CAN_MANAGE on the endpoint for the app's service principal, nightshift-{name}-app",
        _serving,
    ),
    Step(
        "language_model_role",
        "the app may ask the language model that tfvars name",
        "az role assignment create --assignee {app_principal_id} --role 'Cognitive Services OpenAI User' --scope ID",
        _language_model,
    ),
    Step(
        "notify_secret",
        "the addresses that on-call is told at",
        "az keyvault secret set --vault-name VAULT --name notify-urls --file addresses.txt --query id; "
        "write the version into notify_urls_version; apply",
        _notify_secret,
    ),
    Step(
        "runner_dns",
        "this machine resolves the environment's private names",
        "link the private DNS zones of {resource_group} to this machine's network (docs/deploy.md, section 3)",
        _runner_dns,
    ),
)
