"""What the host must be told about an app: the file ``local_host.toml`` beside its ``host.json``."""

import tomllib
from pathlib import Path
from string import Template
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

FILE = "local_host.toml"

ADDRESSES = ("storage", "servicebus", "app_url", "topic_url", "databricks_url", "mlflow_url", "token")
"""What a setting may name, as ``${storage}``; those of the functions host may name ``${state}`` besides."""


class AppConfigError(ValueError):
    """The file cannot be used; the message names file, key and rule."""


def _names_addresses(text: str, *more: str) -> str:
    template = Template(text)
    if not template.is_valid():
        raise ValueError("holds a $ that is neither ${NAME} nor $$")
    unknown = set(template.get_identifiers()) - {*ADDRESSES, *more}
    if unknown:
        raise ValueError(f"names {', '.join(sorted(unknown))}; there is {', '.join([*ADDRESSES, *more])}")
    return text


Setting = Annotated[str, AfterValidator(_names_addresses)]
HostSetting = Annotated[str, AfterValidator(lambda text: _names_addresses(text, "state"))]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Commands(_Table):
    """What hints tell people to run.

    Attributes:
        stack: has the commands up, down and doctor.
        setup: installs what the stack needs.
    """

    stack: str = "local-host"
    setup: str = "local-host setup"


class BlobEvents(_Table):
    """New blobs of a container are events for a function."""

    container: str
    function: str


class ServiceBus(_Table):
    """The broker.

    Attributes:
        queues: the definition file of the queues.
        roles: the table of role assignments; without it everybody may do everything.
        identity: who the app is in that table.
        instead: an environment variable; where it holds a connection string, the app gets that in place of the
            broker's.
    """

    queues: Path
    roles: Path | None = None
    identity: str = "RootManageSharedAccessKey"
    instead: str | None = None


class Databricks(_Table):
    """The workspace.

    Attributes:
        jobs: the folder of the job definitions.
        entry_points: the pyproject.toml whose entry points the tasks name.
        workspace: clusters, warehouses and endpoints that are there from the start.
    """

    jobs: Path
    entry_points: Path = Path("pyproject.toml")
    workspace: Path | None = None


class Authentication(_Table):
    """The app roles: those that a person picks at the sign-in, and those of machines, which are not ticked there."""

    roles: tuple[str, ...] = ()
    machine_roles: tuple[str, ...] = ()


class Functions(_Table):
    """The functions host.

    Attributes:
        defaults: settings that the user's environment may override.
        settings: settings that the functions host alone gets.
    """

    defaults: dict[str, str] = Field(default_factory=dict)
    settings: dict[str, HostSetting] = Field(default_factory=dict)


class AppConfig(_Table):
    """One app, as the host must know it. Without a file: HTTP, timers, Durable and storage.

    Attributes:
        containers: blob containers to make.
        mlflow: whether the app needs an MLflow server.
        packages: distributions that the app needs, by name, so that one that is missing is named before the start.
        settings: what the app, and what stands beside it, finds in its environment.
    """

    containers: tuple[str, ...] = ()
    mlflow: bool = False
    packages: tuple[str, ...] = ()
    commands: Commands = Commands()
    blob_events: BlobEvents | None = None
    servicebus: ServiceBus | None = None
    databricks: Databricks | None = None
    authentication: Authentication = Authentication()
    functions: Functions = Functions()
    settings: dict[str, Setting] = Field(default_factory=dict)

    @classmethod
    def load(cls, root: Path) -> Self:
        """Read the file of the app in ``root``; paths in it are relative to that folder.

        Raises:
            AppConfigError: it is no TOML, or a key has no such meaning or value.
        """
        file = root / FILE
        try:
            document = tomllib.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise AppConfigError(f"{file} is not TOML: {error}") from error
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
            raise AppConfigError(f"{file}: {'; '.join(faults)}") from error
