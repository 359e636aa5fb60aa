"""Where a deployed environment is: a file per environment, written from what Terraform has made."""

import os
import re
from pathlib import Path
from typing import Self

import pydantic

from nightshift.delivery.checkout import ROOT, in_checkout
from nightshift.domain.platform.errors import BadInputError, NightshiftError
from nightshift.domain.platform.message import Message

# It becomes the name of a file.
_NAME = r"[a-z][a-z0-9-]{0,15}"


class UnknownEnvironmentError(NightshiftError):
    """Nobody has told where this environment is."""

    code = "unknown_environment"


class Role(Message):
    """A role that the app has on an Azure resource.

    Attributes:
        scope: the resource's id.
    """

    role: str
    scope: str


class Environment(Message):
    """What Terraform's output ``environment`` says; it holds no secret.

    Attributes:
        audience: of the tokens that the app takes.
        plan: ``FC1``, or the SKU of a Premium plan.
        python_version: that the app runs on.
        app_principal_id: of the app's managed identity.
        model_schema: ``catalog.schema`` of the registry.
        wheel: path that the training wheel must lie at; None while the workspace has no content yet.
        containers: by storage account.
    """

    name: str
    app_url: str
    audience: str
    tenant_id: str
    subscription_id: str
    resource_group: str
    function_app: str
    plan: str
    python_version: str
    app_principal_id: str
    blob_endpoint: str
    data_account: str
    host_account: str
    releases_endpoint: str
    service_bus: str
    databricks_url: str
    model_schema: str
    wheel: str | None
    containers: dict[str, tuple[str, ...]]
    queues: tuple[str, ...]
    roles: tuple[Role, ...]

    @classmethod
    def parse(cls, name: str, text: str, where: str) -> Self:
        """Read an environment's file.

        Args:
            text: ``terraform output -json environment``, or all outputs.
            where: the file, for messages.

        Raises:
            BadInputError: it is no such output, or that of another environment.
        """
        try:
            document = pydantic.TypeAdapter(dict[str, object]).validate_json(text)
            wrapped = document.get("environment")
            found = cls.model_validate(wrapped["value"] if isinstance(wrapped, dict) else document)
        except (pydantic.ValidationError, KeyError) as error:
            rule = f"must be the output `environment` of Terraform: {error}"
            raise BadInputError(field="environment", value=name, rule=rule, where=where) from error
        if found.name != name:
            rule = f"the file is that of {found.name!r}; Terraform may be initialised with another backend"
            raise BadInputError(field="environment", value=name, rule=rule, where=where)
        return found


class EnvironmentFolder:
    """The folder that keeps a file per environment; a team may commit it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def default(cls) -> Self:
        """Where NIGHTSHIFT_ENVIRONMENTS says, else ``environments`` of the checkout or, without one, of the user."""
        return cls(Path(os.environ.get("NIGHTSHIFT_ENVIRONMENTS") or _default_folder()))

    def names(self) -> list[str]:
        """The environments that are known."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def get(self, name: str) -> Environment:
        """An environment.

        Raises:
            UnknownEnvironmentError: there is no file of this name.
            BadInputError: the file is not what it should be.
        """
        path = self._path(name)
        if not path.is_file():
            known = ", ".join(self.names()) or "none"
            raise UnknownEnvironmentError(
                f"environment = {name!r}: is not known here; known: {known}. "
                f"Where Terraform has made it, `nightshift env add {name}` writes {path}",
                environment=name,
            )
        return Environment.parse(name, path.read_text(encoding="utf-8"), str(path))

    def add(self, environment: Environment) -> Path:
        """Keep an environment, in place of what was known of it; return its file."""
        path = self._path(environment.name)
        self._folder.mkdir(parents=True, exist_ok=True)
        path.write_text(environment.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return path

    def _path(self, name: str) -> Path:
        if re.fullmatch(_NAME, name) is None:
            raise BadInputError(field="environment", value=name, rule=f"must match {_NAME}")
        return self._folder / f"{name}.json"


def _default_folder() -> Path:
    if in_checkout():
        return ROOT / "environments"
    configuration = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(configuration) / "nightshift" / "environments"
