"""The addresses of a running stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from local_host.servicebus.rights import OWNER
from local_host.stack.ports import LOOPBACK
from local_host.stack.state_folder import StateFolder, read_json, write_json

# Azurite's account, the same on every machine: it protects nothing.
_ACCOUNT = "devstoreaccount1"
_ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
# What the stand-ins for Databricks and Event Grid accept.
DEVELOPMENT_TOKEN = "local-development"

PORT_NAMES = ("app", "blob", "queue", "table", "mlflow", "databricks", "eventgrid", "servicebus")


@dataclass(frozen=True)
class Endpoints:
    """A port on the loopback address for each service, and what clients are given for each.

    `settings` are those under which the app finds the services; empty if nobody has said which app it is.
    """

    app: int
    blob: int
    queue: int
    table: int
    mlflow: int
    databricks: int
    eventgrid: int
    servicebus: int
    settings: Mapping[str, str] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def app_url(self) -> str:
        """The functions host."""
        return _url(self.app)

    @property
    def mlflow_url(self) -> str:
        """The MLflow server: tracking, registry and pages."""
        return _url(self.mlflow)

    @property
    def databricks_url(self) -> str:
        """The Databricks workspace."""
        return _url(self.databricks)

    @property
    def eventgrid_url(self) -> str:
        """The Event Grid stand-in, with /events and /healthz."""
        return _url(self.eventgrid)

    @property
    def topic_url(self) -> str:
        """Where EventGridPublisherClient publishes."""
        return f"{self.eventgrid_url}/api/events"

    @property
    def storage_connection_string(self) -> str:
        """For every Azure Storage client."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_ACCOUNT_KEY};"
            f"BlobEndpoint={_url(self.blob)}/{_ACCOUNT};QueueEndpoint={_url(self.queue)}/{_ACCOUNT};"
            f"TableEndpoint={_url(self.table)}/{_ACCOUNT};"
        )

    @property
    def servicebus_connection_string(self) -> str:
        """For ServiceBusClient: that of the development emulator, so plain AMQP; for people, who may do everything."""
        return servicebus_connection_string(self.servicebus)

    def ports(self) -> dict[str, int]:
        """The port of each service, by the names in PORT_NAMES."""
        return {name: getattr(self, name) for name in PORT_NAMES}

    def with_settings(self, settings: Mapping[str, str]) -> Self:
        """The same addresses for an app that is told these settings."""
        made = replace(self)
        object.__setattr__(made, "settings", dict(settings))
        return made

    def environment(self) -> dict[str, str]:
        """The settings under which the app, and anything beside it, finds the services."""
        return dict(self.settings)

    def save(self, folder: StateFolder) -> None:
        """Writes endpoints.json: the ports, and the addresses for people and other programs."""
        addresses = {
            "app_url": self.app_url,
            "mlflow_url": self.mlflow_url,
            "databricks_url": self.databricks_url,
            "eventgrid_url": self.eventgrid_url,
            "topic_url": self.topic_url,
            "storage_connection_string": self.storage_connection_string,
            "servicebus_connection_string": self.servicebus_connection_string,
        }
        write_json(folder.endpoints, {"ports": self.ports()} | addresses)

    @classmethod
    def load(cls, folder: StateFolder) -> Self | None:
        """Reads endpoints.json; None if there is none. A service that it does not know yet has port 0."""
        document: Mapping[str, Mapping[str, int]] | None = read_json(folder.endpoints)
        return None if document is None else cls(**{name: document["ports"].get(name, 0) for name in PORT_NAMES})


def servicebus_connection_string(port: int, identity: str = OWNER) -> str:
    """How clients reach a broker on the loopback address. The key is the emulator's: it protects nothing.

    Args:
        identity: whose rights the connection has, as the table of roles names it.
    """
    return (
        f"Endpoint=sb://{LOOPBACK}:{port};SharedAccessKeyName={identity};"
        "SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;"
    )


def _url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"
