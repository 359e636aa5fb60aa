"""Which verbs of which SDK each module uses, read from the code: what the table of calls is held against.

A verb is a public method of the SDK's own client classes, so a call that a new SDK version or a new line of code brings
is seen without a list of ours.
"""

import ast
import inspect
from collections.abc import Iterator

from tests.unit.terraform.hcl import ROOT

FOLDERS = (
    *("activities", "agents", "orchestrators"),
    *(
        f"nightshift/{room}"
        for room in ("clients", "training", "wiring", "services", "sweeps", "triggers", "pages", "validation")
    ),
)
# Top-level names of packages that talk to an outside system.
SDKS = (
    *(
        "azure.storage",
        "azure.data",
        "azure.servicebus",
        "azure.eventgrid",
        "azure.monitor",
        "databricks.sdk",
        "mlflow",
    ),
    *("openai", "apprise", "httpx", "requests", "urllib.request", "smtplib", "aiohttp"),
)
# Made, named or closed, and nothing is asked.
_LOCAL = {
    "close", "from_connection_string", "from_blob_url", "get_blob_client", "get_container_client", "get_table_client",
    "get_queue_sender", "get_queue_receiver", "get_subscription_receiver", "get", "update", "config", "add",
    "set_tracking_uri", "set_registry_uri", "next",
}  # fmt: skip


def sdk_verbs() -> dict[str, set[str]]:
    """Verbs by the SDK that they belong to."""
    from azure.data.tables import TableClient, TableServiceClient
    from azure.eventgrid import EventGridPublisherClient
    from azure.servicebus import ServiceBusClient, ServiceBusReceiver, ServiceBusSender
    from azure.storage.blob import BlobClient, BlobServiceClient, ContainerClient
    from databricks.sdk import WorkspaceClient
    from mlflow import MlflowClient

    groups: dict[str, tuple[type, ...]] = {
        "azure.storage": (BlobClient, BlobServiceClient, ContainerClient),
        "azure.data": (TableClient, TableServiceClient),
        "azure.servicebus": (ServiceBusClient, ServiceBusReceiver, ServiceBusSender),
        "azure.eventgrid": (EventGridPublisherClient,),
        "mlflow": (MlflowClient,),
    }
    found = {sdk: {name for kind in kinds for name in _methods(kind)} - _LOCAL for sdk, kinds in groups.items()}
    found["openai"], found["apprise"], found["azure.monitor"] = {"create"}, {"notify"}, {"configure_azure_monitor"}
    for plain in ("httpx", "requests", "urllib.request", "smtplib", "aiohttp"):
        found[plain] = {
            "Client",
            "AsyncClient",
            "Session",
            "post",
            "put",
            "request",
            "urlopen",
            "SMTP",
            "ClientSession",
        }
    found["databricks.sdk"] = {name for name, _ in inspect.getmembers(WorkspaceClient, _is_property)}
    return found


def _is_property(member: object) -> bool:
    return isinstance(member, property)


def _methods(kind: type) -> list[str]:
    return [name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")]


def modules() -> Iterator[tuple[str, ast.Module]]:
    """The modules that could call somebody, by path."""
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))


def imported_sdks(module: ast.Module) -> set[str]:
    """The SDKs that a module imports, anywhere in it."""
    names = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {sdk for sdk in SDKS for name in names if name == sdk or name.startswith(f"{sdk}.")}


def verbs(module: ast.Module, sdks: set[str]) -> set[str]:
    """The verbs of these SDKs that a module calls: ``download_blob``, ``jobs.run_now``."""
    known = sdk_verbs()
    wanted = {verb for sdk in sdks - {"databricks.sdk"} for verb in known[sdk]}
    found = set()
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            found |= {node.func.id} & wanted
            continue
        if not isinstance(node.func, ast.Attribute):
            continue
        name, owner = node.func.attr, node.func.value
        if "databricks.sdk" in sdks and isinstance(owner, ast.Attribute) and owner.attr in known["databricks.sdk"]:
            found.add(f"{owner.attr}.{name}")
        # MLflow's own functions: mlflow.log_params, mlflow.sklearn.log_model.
        if name in wanted or ("mlflow" in sdks and ast.unparse(owner).split(".")[0] == "mlflow"):
            found.add(name)
    return found - _LOCAL


def calls_in_the_code() -> dict[str, set[str]]:
    """Every module that calls an SDK, with its verbs."""
    found = {}
    for path, module in modules():
        used = verbs(module, imported_sdks(module))
        if used:
            found[path] = used
    return found
