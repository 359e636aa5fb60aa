"""The components of the local stack."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

from local_host.servicebus.ready import broker_problem
from local_host.stack.azurite import azurite_component
from local_host.stack.child_environment import child_environment
from local_host.stack.component import ANSWER_SECONDS, Component
from local_host.stack.endpoints import DEVELOPMENT_TOKEN, Endpoints
from local_host.stack.ports import LOOPBACK
from local_host.stack.readiness import answers
from local_host.stack.state_folder import StateFolder

ComponentName = Literal["azurite", "mlflow", "databricks", "servicebus", "eventgrid", "functions"]
COMPONENT_NAMES: tuple[ComponentName, ...] = get_args(ComponentName)

# A connection string of Microsoft's emulator or of a namespace: the app then uses that instead of the local broker.
OTHER_SERVICE_BUS = "NIGHTSHIFT_STACK_SERVICEBUS"

# The Event Grid function of the app, and the container whose blobs it is told of.
BLOB_FUNCTION = "on_blob_created"
_WATCHED_CONTAINER = "bronze"
# The compute that the local workspace has besides the jobs'.
_WORKSPACE = Path(__file__).with_name("workspace.yml").resolve()


def build_components(
    names: Sequence[ComponentName], *, root: Path, folder: StateFolder, endpoints: Endpoints
) -> list[Component]:
    """The named components, in the order of their start. Makes their folders.

    StackError if Node or Azurite is needed and missing. Components that are not named are expected to run elsewhere,
    or not to be needed.
    """
    builders: dict[ComponentName, Callable[[_Site], Component]] = {
        "azurite": _azurite,
        "mlflow": _mlflow,
        "databricks": _databricks,
        "servicebus": _servicebus,
        "eventgrid": _eventgrid,
        "functions": _functions,
    }
    components = []
    for name in COMPONENT_NAMES:
        if name in names:
            folder.component(name).mkdir(parents=True, exist_ok=True)
            components.append(builders[name](_Site(name, root, folder, endpoints)))
    return components


class _Site:
    """Where one component lives and what its surroundings are."""

    def __init__(self, name: ComponentName, root: Path, folder: StateFolder, endpoints: Endpoints) -> None:
        self.root = root.resolve()
        self.endpoints = endpoints
        self.state = folder.component(name).resolve()
        self.log = (folder.logs / f"{name}.log").resolve()
        self.environment = child_environment(os.environ, _settings(os.environ, endpoints))


def _settings(user: Mapping[str, str], endpoints: Endpoints) -> dict[str, str]:
    """The app's settings. Another broker than ours has a setting of its own, so that none is used by accident."""
    other = user.get(OTHER_SERVICE_BUS)
    return endpoints.environment() | ({} if not other else {"NIGHTSHIFT_SERVICEBUS": other})


def _azurite(site: _Site) -> Component:
    return azurite_component(site.endpoints, site.state, site.log, site.environment)


def _mlflow(site: _Site) -> Component:
    return Component(
        name="mlflow",
        command=(
            *(sys.executable, "-m", "mlflow", "server"),
            *("--host", LOOPBACK, "--port", str(site.endpoints.mlflow)),
            *("--backend-store-uri", f"sqlite:///{site.state / 'mlflow.db'}"),
            *("--artifacts-destination", (site.state / "artifacts").as_uri(), "--serve-artifacts"),
            # More workers cost half a gigabyte each and four seconds at the start.
            *("--workers", "1"),
        ),
        # The server must not take itself for its own client.
        environment={
            **{name: value for name, value in site.environment.items() if not name.endswith("_URI")},
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        },
        log=site.log,
        readiness=answers(f"{site.endpoints.mlflow_url}/health", lambda response: response.text.strip() == "OK"),
        folder=site.state,
    )


def _databricks(site: _Site) -> Component:
    return Component(
        name="databricks",
        command=(
            *(sys.executable, "-m", "local_host.databricks", "--port", str(site.endpoints.databricks)),
            *("--state", str(site.state), "--root", str(site.root)),
            *("--jobs", str(site.root / "training" / "job_definitions")),
            *("--workspace", str(_WORKSPACE)),
            *("--token", DEVELOPMENT_TOKEN),
        ),
        environment=site.environment,
        log=site.log,
        readiness=answers(
            f"{site.endpoints.databricks_url}/.well-known/databricks-config",
            lambda response: response.status_code == 200,
        ),
        folder=site.root,
        after=("azurite", "mlflow"),
        survives_kill=True,
    )


def _servicebus(site: _Site) -> Component:
    # An app that has no table of roles may do everything.
    roles = site.root / "terraform" / "roles.yml"
    return Component(
        name="servicebus",
        command=(
            *(sys.executable, "-m", "local_host.servicebus", "--port", str(site.endpoints.servicebus)),
            *("--state", str(site.state), "--queues", str(site.root / "terraform" / "service_bus_queues.yml")),
            *(("--roles", str(roles)) if roles.exists() else ()),
        ),
        environment=site.environment,
        log=site.log,
        readiness=lambda seconds=ANSWER_SECONDS, /: broker_problem(
            LOOPBACK, site.endpoints.servicebus, seconds=seconds
        ),
        folder=site.root,
    )


def _eventgrid(site: _Site) -> Component:
    webhook = f"{site.endpoints.app_url}/runtime/webhooks/eventgrid?functionName={BLOB_FUNCTION}"
    return Component(
        name="eventgrid",
        command=(
            *(sys.executable, "-m", "local_host.eventgrid", "--port", str(site.endpoints.eventgrid)),
            *("--state", str(site.state), "--storage", site.endpoints.storage_connection_string),
            *("--container", _WATCHED_CONTAINER, "--subscriber", webhook),
        ),
        environment=site.environment,
        log=site.log,
        readiness=answers(f"{site.endpoints.eventgrid_url}/healthz", lambda response: response.status_code == 200),
        folder=site.root,
        after=("azurite",),
    )


def _functions(site: _Site) -> Component:
    return Component(
        name="functions",
        command=(
            *(sys.executable, "-m", "local_host.functions", "--port", str(site.endpoints.app)),
            *("--root", str(site.root), "--state", str(site.state)),
        ),
        environment={
            # As Terraform sets it: host.json lets eight activities and eight orchestrators share these threads.
            "PYTHON_THREADPOOL_THREAD_COUNT": "32",
            **site.environment,
            # Locally people are told in a file.
            "NIGHTSHIFT_NOTIFY_FILE": str(site.state / "notifications.jsonl"),
            "NIGHTSHIFT_PUBLIC_URL": site.endpoints.app_url,
        },
        log=site.log,
        readiness=answers(
            f"{site.endpoints.app_url}/admin/host/status",
            lambda response: response.status_code == 200 and '"Running"' in response.text,
        ),
        folder=site.root,
        # Its orchestrations go on at once, and publish, so everything else must stand.
        after=("azurite", "mlflow", "databricks", "servicebus", "eventgrid"),
    )
