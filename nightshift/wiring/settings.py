"""Settings: what differs between this machine and Azure. Endpoints and credentials, never code paths."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from nightshift.domain.platform.errors import BadInputError, MisconfiguredError
from nightshift.domain.platform.step import RetryPolicy
from nightshift.wiring.language_model_settings import LanguageModelSettings, read_language_model

Value = TypeVar("Value")
_SECRET = re.compile(r"KEY|TOKEN|SECRET|CONNECTION_STRING|NOTIFY.*_URLS|SERVICEBUS$")


@dataclass(frozen=True)
class Settings:
    """The settings of the app, read from its environment.

    Attributes:
        storage_connection_string: only for the local emulator, whose key is public knowledge.
        blob_endpoint, table_endpoint: in Azure, reached with the managed identity.
        event_grid_key: only for the local topic.
        databricks_token: only for the local workspace.
        model_prefix: ``catalog.schema.`` on Unity Catalog, empty elsewhere.
        platform: the playbook for alerts about no model.
        service_bus_connection_string: only for the local broker; ``service_bus_namespace`` is the host name in Azure.
        notify_urls, notify_fallback_urls, notify_file: where people are notified, see docs/notifications.md.
        public_url: address under which people reach the app, without a slash at its end; empty: messages have no link.
        keep_history_days: how long after its end Durable keeps the history of an orchestration.
        client_id: of the user-assigned managed identity.
    """

    environment: str
    storage_connection_string: str | None
    blob_endpoint: str | None
    table_endpoint: str | None
    event_grid_endpoint: str
    event_grid_key: str | None
    databricks_host: str
    databricks_token: str | None
    mlflow_tracking_uri: str
    mlflow_registry_uri: str
    model_prefix: str
    model_specs: Path
    platform: Path
    service_bus_connection_string: str | None
    service_bus_namespace: str | None
    language_model: LanguageModelSettings | None
    notify_urls: str
    notify_fallback_urls: str
    notify_file: Path | None
    public_url: str
    client_id: str | None
    retry_policy: RetryPolicy
    keep_history_days: float
    mlflow_url: str
    databricks_url: str


def read_settings(environ: Mapping[str, str], root: Path) -> Settings:
    """Read the settings.

    Args:
        environ: the environment; tests hand in their own.
        root: the app's folder, where model_specs lies.

    Raises:
        MisconfiguredError: settings are missing or break a rule; names all of them.
    """
    problems = _Problems()
    connection = environ.get("NIGHTSHIFT_STORAGE_CONNECTION_STRING")
    blob = environ.get("NIGHTSHIFT_BLOB_ENDPOINT")
    table = environ.get("NIGHTSHIFT_TABLE_ENDPOINT")
    for name, value in (("NIGHTSHIFT_BLOB_ENDPOINT", blob), ("NIGHTSHIFT_TABLE_ENDPOINT", table)):
        if connection is None and not value:
            rule = "must be set in Azure: an address (locally NIGHTSHIFT_STORAGE_CONNECTION_STRING)"
            problems.add(BadInputError(field=name, value=value, rule=rule))
    service_bus = environ.get("NIGHTSHIFT_SERVICEBUS")
    namespace = environ.get("NIGHTSHIFT_SERVICEBUS__fullyQualifiedNamespace")
    if not (service_bus or namespace):
        rule = "must be set: the namespace's host name (locally NIGHTSHIFT_SERVICEBUS, a connection string)"
        problems.add(BadInputError(field="NIGHTSHIFT_SERVICEBUS__fullyQualifiedNamespace", value=namespace, rule=rule))
    what = "`databricks` in Azure, the server's address locally"
    tracking = problems.collect("", lambda: _needed(environ, "MLFLOW_TRACKING_URI", what))
    databricks = problems.collect("", lambda: _needed(environ, "DATABRICKS_HOST", "the workspace's address"))
    event_grid = problems.collect("", lambda: _needed(environ, "NIGHTSHIFT_EVENTGRID_ENDPOINT", "the topic's address"))
    attempts = problems.collect(1.0, lambda: _number(environ, "NIGHTSHIFT_RETRY_ATTEMPTS", 20, least=1))
    seconds = problems.collect(1.0, lambda: _number(environ, "NIGHTSHIFT_RETRY_SECONDS", 15))
    history = problems.collect(1.0, lambda: _number(environ, "NIGHTSHIFT_KEEP_HISTORY_DAYS", 30, least=1))
    language_model = problems.collect(None, lambda: read_language_model(environ))
    public_url = problems.collect("", lambda: _address(environ, "NIGHTSHIFT_PUBLIC_URL"))
    problems.refuse()
    return Settings(
        environment=environ.get("NIGHTSHIFT_ENVIRONMENT", "local"),
        storage_connection_string=connection,
        blob_endpoint=blob,
        table_endpoint=table,
        event_grid_endpoint=event_grid,
        event_grid_key=environ.get("NIGHTSHIFT_EVENTGRID_KEY"),
        databricks_host=databricks,
        databricks_token=environ.get("DATABRICKS_TOKEN"),
        mlflow_tracking_uri=tracking,
        mlflow_registry_uri=environ.get("MLFLOW_REGISTRY_URI", tracking),
        model_prefix=environ.get("NIGHTSHIFT_MODEL_PREFIX", ""),
        platform=root / environ.get("NIGHTSHIFT_PLATFORM", "platform.yaml"),
        service_bus_connection_string=service_bus,
        service_bus_namespace=namespace,
        language_model=language_model,
        notify_urls=environ.get("NIGHTSHIFT_NOTIFY_URLS", ""),
        notify_fallback_urls=environ.get("NIGHTSHIFT_NOTIFY_FALLBACK_URLS", ""),
        public_url=public_url,
        notify_file=Path(environ["NIGHTSHIFT_NOTIFY_FILE"]) if environ.get("NIGHTSHIFT_NOTIFY_FILE") else None,
        model_specs=root / environ.get("NIGHTSHIFT_MODEL_SPECS", "model_specs"),
        client_id=environ.get("AZURE_CLIENT_ID"),
        keep_history_days=history,
        retry_policy=RetryPolicy(attempts=int(attempts), seconds=seconds),
        mlflow_url=environ.get("NIGHTSHIFT_MLFLOW_URL", tracking),
        databricks_url=environ.get("NIGHTSHIFT_DATABRICKS_URL", databricks),
    )


class _Problems:
    """Everything that is wrong, so that it is mended at once and not one restart after the other."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def add(self, error: BadInputError) -> None:
        """Keep an error's setting, value and rule; a value that may be secret is not shown."""
        name, value, rule = (error.fields[field] for field in ("field", "value", "rule"))
        secret = value and (_SECRET.search(str(name)) or "@" in str(value))
        self._found.append(f"{name} = {'(not shown)' if secret else repr(value)}: {rule}")

    def collect(self, otherwise: Value, read: Callable[[], Value]) -> Value:
        """What ``read`` returns; ``otherwise`` if the setting breaks a rule."""
        try:
            return read()
        except BadInputError as error:
            self.add(error)
            return otherwise

    def refuse(self) -> None:
        """MisconfiguredError if anything is wrong."""
        if self._found:
            raise MisconfiguredError(tuple(self._found))


def _needed(environ: Mapping[str, str], name: str, what: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise BadInputError(field=name, value=value, rule=f"must be set: {what}", where="app settings")
    return value


def _address(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").rstrip("/")
    if value and not value.startswith(("https://", "http://")):
        raise BadInputError(
            field=name, value=value, rule="must begin with https:// (or http://), or be empty", where="app settings"
        )
    return value


def _number(environ: Mapping[str, str], name: str, default: float, *, least: float = 0) -> float:
    text = environ.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (0 < value < math.inf and value >= least):
        rule = f"must be a number of at least {least:g}" if least else "must be a positive number"
        raise BadInputError(field=name, value=text, rule=rule, where="app settings")
    return value
