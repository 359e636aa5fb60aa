"""The settings under which an app finds the services of a stack: those of its ``local_host.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template

from local_host.app_config import AppConfig, AppConfigError
from local_host.servicebus.rights import OWNER
from local_host.stack.endpoints import DEVELOPMENT_TOKEN, Endpoints, servicebus_connection_string
from local_host.stack.errors import StackError


def load_app_config(root: Path) -> AppConfig:
    """What is said about the app in this folder; StackError if it cannot be used."""
    try:
        return AppConfig.load(root)
    except AppConfigError as error:
        raise StackError("app_config", f"{error}.", "Mend the file.") from error


def with_app_settings(endpoints: Endpoints, app: AppConfig, user: Mapping[str, str] | None = None) -> Endpoints:
    """The same addresses, with the settings of this app; `user` is the environment that may name another broker."""
    return endpoints.with_settings(app_settings(app, endpoints, user))


def app_settings(
    app: AppConfig, endpoints: Endpoints, user: Mapping[str, str] | None = None, *, storage: str | None = None
) -> dict[str, str]:
    """The app's settings. Another broker than ours has a variable of its own, so that none is used by accident.

    Args:
        storage: a connection string in place of the stack's own.
    """
    addresses = _addresses(app, endpoints, user or {})
    if storage is not None:
        addresses["storage"] = storage
    settings = {"AzureWebJobsStorage": "${storage}", **app.settings}
    return {name: Template(text).substitute(addresses) for name, text in settings.items()}


def host_settings(app: AppConfig, endpoints: Endpoints, state: Path) -> dict[str, str]:
    """Those that the functions host alone gets; `state` is its folder."""
    addresses = {**_addresses(app, endpoints, {}), "state": str(state)}
    return {name: Template(text).substitute(addresses) for name, text in app.functions.settings.items()}


def _addresses(app: AppConfig, endpoints: Endpoints, user: Mapping[str, str]) -> dict[str, str]:
    """By the names in `local_host.app_config.ADDRESSES`."""
    bus = app.servicebus
    other = user.get(bus.instead) if bus is not None and bus.instead is not None else None
    return {
        "storage": endpoints.storage_connection_string,
        "servicebus": other
        or servicebus_connection_string(endpoints.servicebus, OWNER if bus is None else bus.identity),
        "app_url": endpoints.app_url,
        "topic_url": endpoints.topic_url,
        "databricks_url": endpoints.databricks_url,
        "mlflow_url": endpoints.mlflow_url,
        "token": DEVELOPMENT_TOKEN,
    }
