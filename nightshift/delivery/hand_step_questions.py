"""What is asked about each step by hand: of Azure, of the workspace, of the checkout, of this machine.

Every question answers with what is missing, or with nothing. A question that is refused raises ``CommandError``.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from nightshift.delivery.azure_cli import ask_azure, ask_names, ask_workspace
from nightshift.delivery.command import run
from nightshift.delivery.environment import Environment

_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_OPENAI_ROLES = {"Cognitive Services OpenAI User", "Cognitive Services User", "Azure AI User"}

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


def wheel_volume(environment: Environment) -> str:
    """Full name of the volume of wheels; empty while the workspace has no content."""
    return ".".join((environment.wheel or "").split("/")[2:5])


def ask_state(place: Place) -> str:
    """The account that the tfbackend file names is in its group."""
    values = dict(re.findall(r'^(\w+)\s*=\s*"([^"]*)"', place.backend(), re.MULTILINE))
    account = values.get("storage_account_name", "")
    if not re.fullmatch(r"[a-z0-9]{3,24}", account):
        return f"terraform/envs/{place.environment.name}.tfbackend names no storage account: {account!r}"
    group = values.get("resource_group_name", "")
    found = ask_names(place.environment, "storage", "account", "list", "--resource-group", group, "--query", "[].name")
    return "" if account in found else f"storage account {account} is not in {group}"


def ask_parameters(place: Place) -> str:
    """The values are those of this environment, and let somebody in."""
    text, environment = place.tfvars(), place.environment
    written = re.search(r'^subscription_id\s*=\s*"([^"]*)"', text, re.MULTILINE)
    if written is None or written[1] != environment.subscription_id:
        return (
            f"subscription_id in tfvars is {written[1] if written else 'missing'}, that of the environment is another"
        )
    if not is_private(place) and re.search(r"^allowed_ip_ranges\s*=\s*\[\s*\]", text, re.MULTILINE):
        return "allowed_ip_ranges in tfvars is empty: nobody reaches a public environment"
    return ""


def ask_metastore(place: Place) -> str:
    """The workspace is attached to a metastore."""
    found = ask_workspace(place.environment, "/api/2.1/unity-catalog/current-metastore-assignment", "metastore_id")
    return "" if found else "the workspace is attached to no metastore"


def ask_deployers(place: Place) -> str:
    """Each application among the deployers is known to the workspace."""
    apps = _pipelines(place)
    if not apps:
        return "deployers in tfvars names no application: no pipeline may deploy"
    query = "Resources[].applicationId"
    known = ask_workspace(
        place.environment, "/api/2.0/preview/scim/v2/ServicePrincipals?attributes=applicationId", query
    )
    missing = sorted(apps - set(known or []))
    return f"the workspace does not know {', '.join(missing)}" if missing else ""


def ask_wheel_grants(place: Place) -> str:
    """Each application among the deployers may write the volume of wheels."""
    volume = wheel_volume(place.environment)
    if not volume:
        return "the workspace has no content yet: deploy_content is off"
    query = "privilege_assignments[?contains(privileges, 'WRITE_VOLUME')].principal"
    granted = ask_workspace(place.environment, f"/api/2.1/unity-catalog/permissions/volume/{volume}", query)
    missing = sorted(_pipelines(place) - set(granted or []))
    if missing:
        return f"{', '.join(missing)} has no WRITE_VOLUME on {volume}"
    return "" if granted else f"nobody has WRITE_VOLUME on {volume}"


def _pipelines(place: Place) -> set[str]:
    """Client ids of the applications among the deployers; people and groups are no application."""
    listed = re.search(r"^deployers\s*=\s*\[([^\]]*)\]", place.tfvars(), re.MULTILINE)
    ids = re.findall(r'"([0-9A-Fa-f-]{36})"', listed[1]) if listed else []
    if not ids:
        return set()
    names = ", ".join(f"'{found}'" for found in ids)
    found = ask_names(place.environment, "ad", "sp", "list", "--filter", f"id in ({names})", "--query", "[].appId")
    return set(found)


def ask_wheel(place: Place) -> str:
    """The wheel lies where the jobs install it from."""
    wheel = place.environment.wheel
    if wheel is None:
        return "the workspace has no content yet: deploy_content is off"
    folder, _, name = wheel.rpartition("/")
    found = ask_workspace(place.environment, f"/api/2.0/fs/directories{folder}", "contents[].name")
    return "" if name in (found or []) else f"{wheel} is not there"


def ask_content(place: Place) -> str:
    """Terraform has made what lies in the workspace."""
    return "" if place.environment.wheel else "deploy_content was off when this environment was added"


def ask_committed(place: Place) -> str:
    """git keeps where the environment is."""
    name = f"environments/{place.environment.name}.json"
    listed = run("git", "ls-files", name, cwd=place.root).decode().split()
    return "" if name in listed else f"{name} is not committed: the pipeline does not know this environment"


def ask_peering(place: Place) -> str:
    """The network of a private environment is connected to another."""
    group = place.environment.resource_group
    states = ask_names(
        place.environment, "network", "vnet", "peering", "list", "--resource-group", group,
        "--vnet-name", f"vnet-{group.removeprefix('rg-')}", "--query", "[].peeringState",
    )  # fmt: skip
    return "" if "Connected" in states else f"the network of {group} is connected to no other: {states}"


def ask_run_as(place: Place) -> str:
    """Databricks has made the jobs, which it does only for who may use their service principal."""
    wanted = sorted(
        str(yaml.safe_load(file.read_text(encoding="utf-8"))["name"])
        for file in (place.root / "training" / "job_definitions").glob("*.yml")
    )
    found = ask_workspace(place.environment, "/api/2.1/jobs/list?limit=100", "jobs[].settings.name")
    missing = sorted(set(wanted) - set(found or []))
    return f"Databricks has not taken the jobs {', '.join(missing)}" if missing else ""


def ask_serving(place: Place) -> str:
    """The app may manage each endpoint that a model spec names."""
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


def ask_language_model(place: Place) -> str:
    """The app has a role for a language model, where tfvars name one."""
    if not re.search(r"^\s*url\s*=\s*\"http", _block(place.tfvars(), "language_model"), re.MULTILINE):
        return ""
    roles = ask_names(
        place.environment, "role", "assignment", "list", "--all", "--assignee", place.environment.app_principal_id,
        "--query", "[].roleDefinitionName",
    )  # fmt: skip
    return "" if _OPENAI_ROLES & set(roles) else "the app has no role on a language model"


def ask_notify_secret(place: Place) -> str:
    """tfvars name a version of the addresses, and a vault holds them."""
    if not _version_of(place, "notify_urls"):
        return "notify_urls_version is empty in tfvars: incidents page nobody but by Azure Monitor's mail"
    return _secret_problem(place, "notify-urls")


def ask_fallback_secret(place: Place) -> str:
    """Where tfvars name a second channel, a vault holds its addresses; without one nothing is missing."""
    return _secret_problem(place, "notify-fallback-urls") if _version_of(place, "notify_fallback_urls") else ""


def _version_of(place: Place, secret: str) -> str:
    version = re.search(rf'^{secret}_version\s*=\s*"(\w*)"', place.tfvars(), re.MULTILINE)
    return version[1] if version else ""


def _secret_problem(place: Place, secret: str) -> str:
    """Which secret no vault of the environment holds; empty if one does."""
    group = place.environment.resource_group
    kind = "Microsoft.KeyVault/vaults"
    for vault in ask_names(
        place.environment, "resource", "list", "--resource-group", group, "--resource-type", kind, "--query", "[].id"
    ):
        url = f"https://management.azure.com{vault}/secrets?api-version=2023-07-01"
        if secret in ask_names(place.environment, "rest", "--url", url, "--query", "value[].name"):
            return ""
    return f"no vault of {group} holds a secret {secret}"


def ask_runner_dns(place: Place) -> str:
    """Names of a private environment are addresses of a network here."""
    for url in (place.environment.databricks_url, place.environment.blob_endpoint):
        name = str(urlsplit(url).hostname)
        addresses = place.resolve(name)
        if not addresses or not all(_in_a_network(address) for address in addresses):
            return f"{name} is {', '.join(addresses) or 'unknown'} here, and not an address of the network"
    return ""


def _in_a_network(address: str) -> bool:
    # ``is_private`` holds for addresses of documentation too.
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in _NETWORKS)


def is_private(place: Place) -> bool:
    return re.search(r"^private\s*=\s*true", place.tfvars(), re.MULTILINE) is not None


def _block(text: str, name: str) -> str:
    found = re.search(rf"^{name}\s*=\s*\{{(.*?)\}}", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""
