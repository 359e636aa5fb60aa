"""The components of the local stack."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeVar, get_args

from local_host.app_config import FILE, AppConfig
from local_host.eventgrid.key import KEY_SETTING
from local_host.servicebus.ready import broker_problem
from local_host.stack.app_settings import app_settings, host_settings
from local_host.stack.azurite import azurite_component
from local_host.stack.child_environment import child_environment
from local_host.stack.component import ANSWER_SECONDS, Component
from local_host.stack.endpoints import DEVELOPMENT_TOKEN, Endpoints
from local_host.stack.errors import StackError
from local_host.stack.ports import LOOPBACK
from local_host.stack.readiness import answers
from local_host.stack.state_folder import StateFolder

ComponentName = Literal["azurite", "mlflow", "databricks", "servicebus", "eventgrid", "functions"]
COMPONENT_NAMES: tuple[ComponentName, ...] = get_args(ComponentName)


def needed_components(app: AppConfig) -> tuple[ComponentName, ...]:
    """The components that an app needs, in the order of their start."""
    needed: dict[ComponentName, bool] = {
        "azurite": True,
        "mlflow": app.mlflow,
        "databricks": app.databricks is not None,
        "servicebus": app.servicebus is not None,
        "eventgrid": app.blob_events is not None,
        "functions": True,
    }
    return tuple(name for name in COMPONENT_NAMES if needed[name])


def build_components(
    names: Sequence[ComponentName], *, root: Path, app: AppConfig, folder: StateFolder, endpoints: Endpoints
) -> list[Component]:
    """The named components, in the order of their start. Makes their folders.

    StackError if Node or Azurite is needed and missing, or if the app does not say what a component needs. Components
    that are not named are expected to run elsewhere, or not to be needed.
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
            components.append(builders[name](_Site(name, root, app, folder, endpoints)))
    return components


class _Site:
    """Where one component lives and what its surroundings are."""

    def __init__(
        self, name: ComponentName, root: Path, app: AppConfig, folder: StateFolder, endpoints: Endpoints
    ) -> None:
        self.root = root.resolve()
        self.app = app
        self.commands = folder.commands
        self.endpoints = endpoints
        self.state = folder.component(name).resolve()
        self.log = (folder.logs / f"{name}.log").resolve()
        foreign = [app.servicebus.instead] if app.servicebus is not None and app.servicebus.instead is not None else []
        self.environment = child_environment(os.environ, app_settings(app, endpoints, os.environ), foreign)


T = TypeVar("T")


def _said(table: T | None, name: str) -> T:
    if table is None:
        raise StackError("app_config", f"{FILE} does not say what [{name}] needs.", f"Add the table [{name}] to it.")
    return table


def _azurite(site: _Site) -> Component:
    return azurite_component(
        site.endpoints, site.app.containers, site.state, site.log, site.environment, site.commands.setup
    )


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
    told = _said(site.app.databricks, "databricks")
    return Component(
        name="databricks",
        command=(
            *(sys.executable, "-m", "local_host.databricks", "--port", str(site.endpoints.databricks)),
            *("--state", str(site.state), "--root", str(site.root)),
            *("--jobs", str(site.root / told.jobs), "--entry-points", str(site.root / told.entry_points)),
            *(() if told.workspace is None else ("--workspace", str(site.root / told.workspace))),
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
    told = _said(site.app.servicebus, "servicebus")
    return Component(
        name="servicebus",
        command=(
            *(sys.executable, "-m", "local_host.servicebus", "--port", str(site.endpoints.servicebus)),
            *("--state", str(site.state), "--queues", str(site.root / told.queues)),
            *(() if told.roles is None else ("--roles", str(site.root / told.roles))),
        ),
        environment=site.environment,
        log=site.log,
        readiness=lambda seconds=ANSWER_SECONDS, /: broker_problem(
            LOOPBACK, site.endpoints.servicebus, seconds=seconds
        ),
        folder=site.root,
    )


def _eventgrid(site: _Site) -> Component:
    told = _said(site.app.blob_events, "blob_events")
    webhook = f"{site.endpoints.app_url}/runtime/webhooks/eventgrid?functionName={told.function}"
    return Component(
        name="eventgrid",
        command=(
            *(sys.executable, "-m", "local_host.eventgrid", "--port", str(site.endpoints.eventgrid)),
            *("--state", str(site.state), "--storage", site.endpoints.storage_connection_string),
            *("--container", told.container, "--subscriber", webhook),
        ),
        environment={**site.environment, KEY_SETTING: DEVELOPMENT_TOKEN},
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
            **site.app.functions.defaults,
            **site.environment,
            **host_settings(site.app, site.endpoints, site.state),
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
