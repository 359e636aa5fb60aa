"""The stack beneath Microsoft's own functions host: `func start` in place of ours, at ports that a file can name."""

from __future__ import annotations

from pathlib import Path

from local_host.stack.catalogue import COMPONENT_NAMES, ComponentName
from local_host.stack.endpoints import Endpoints
from local_host.stack.ports import require_free
from local_host.stack.state_folder import StateFolder
from local_host.stack.state_lock import is_locked

# Those that Azurite, AMQP and the Core Tools have by default, so that `UseDevelopmentStorage=true` fits.
ENDPOINTS = Endpoints(
    app=7071, blob=10000, queue=10001, table=10002, mlflow=7073, databricks=7072, eventgrid=7074, servicebus=5672
)
COMPONENTS: tuple[ComponentName, ...] = tuple(name for name in COMPONENT_NAMES if name != "functions")
DEFAULT_STATE = Path(".nightshift/core-tools")


def claim_ports(state: Path, endpoints: Endpoints = ENDPOINTS) -> None:
    """Have a stack that starts in this folder take these ports: those of local.settings.example.json.

    Raises:
        StackError: one of them is in use.
    """
    folder = StateFolder(state.resolve())
    if is_locked(folder):
        # A stack runs there already; its start says so better than its own ports would.
        return
    for port in endpoints.ports().values():
        require_free(port)
    folder.create()
    endpoints.save(folder)


def settings() -> dict[str, str]:
    """What the app is told in ``local.settings.json``, and what the Core Tools themselves read there."""
    storage = "UseDevelopmentStorage=true"
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsDisableHomepage": "true",
        # Activities and orchestrators share the worker's pool: as large as it can be (min(32, CPUs + 4) by default).
        "PYTHON_THREADPOOL_THREAD_COUNT": "32",
        **ENDPOINTS.environment(),
        "AzureWebJobsStorage": storage,
        "NIGHTSHIFT_STORAGE_CONNECTION_STRING": storage,
        "NIGHTSHIFT_NOTIFY_FILE": f"{DEFAULT_STATE}/notifications.jsonl",
        "NIGHTSHIFT_PUBLIC_URL": ENDPOINTS.app_url,
    }
