"""The stack beneath Microsoft's own functions host: `func start` in place of ours, at ports that a file can name."""

from __future__ import annotations

from pathlib import Path

from local_host.app_config import AppConfig
from local_host.stack.app_settings import app_settings, host_settings
from local_host.stack.catalogue import ComponentName, needed_components
from local_host.stack.endpoints import Endpoints
from local_host.stack.ports import require_free
from local_host.stack.state_folder import StateFolder
from local_host.stack.state_lock import is_locked

# Those that Azurite, AMQP and the Core Tools have by default, so that `UseDevelopmentStorage=true` fits.
ENDPOINTS = Endpoints(
    app=7071, blob=10000, queue=10001, table=10002, mlflow=7073, databricks=7072, eventgrid=7074, servicebus=5672
)


def components_beneath(app: AppConfig) -> tuple[ComponentName, ...]:
    """What the app needs, but for the functions host."""
    return tuple(name for name in needed_components(app) if name != "functions")


def claim_ports(folder: StateFolder, endpoints: Endpoints = ENDPOINTS) -> None:
    """Have a stack that starts in this folder take these ports: those that local.settings.json names.

    Raises:
        StackError: one of them is in use.
    """
    if is_locked(folder):
        # A stack runs there already; its start says so better than its own ports would.
        return
    for port in endpoints.ports().values():
        require_free(port)
    folder.create()
    endpoints.save(folder)


def settings(app: AppConfig, state: Path) -> dict[str, str]:
    """What the app is told in ``local.settings.json``, and what the Core Tools themselves read there.

    Args:
        state: the folder that stands in the settings of the functions host.
    """
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsDisableHomepage": "true",
        **app.functions.defaults,
        **app_settings(app, ENDPOINTS, storage="UseDevelopmentStorage=true"),
        **host_settings(app, ENDPOINTS, state),
    }
