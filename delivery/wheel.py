"""Puts the training wheel where the jobs install it from."""

from pathlib import Path

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors.base import DatabricksError

from delivery.environment import Environment
from domain.errors import BadInputError, ServiceRefusedError, ServiceUnavailableError


def upload_wheel(environment: Environment, wheel: Path) -> None:
    """Upload the wheel into the environment's volume, over the one before, with the Azure CLI's sign-in.

    Raises:
        BadInputError: the environment's workspace has no volume yet.
        ServiceRefusedError: whoever is signed in may not write there.
        ServiceUnavailableError: the workspace does not answer; a private one does only in its network.
    """
    if environment.wheel is None:
        rule = "deploy_content is off: switch it on, apply, and `nightshift env add` again"
        raise BadInputError(field="wheel", value=None, rule=rule, where=environment.name)
    try:
        client = WorkspaceClient(
            host=environment.databricks_url, auth_type="azure-cli", azure_tenant_id=environment.tenant_id
        )
        with wheel.open("rb") as content:
            client.files.upload(environment.wheel, content, overwrite=True)
    except (DatabricksError, ValueError) as error:
        hint = "the uploader needs WRITE VOLUME on the volume `wheels`, docs/deploy.md"
        raise ServiceRefusedError("Databricks", str(error), hint) from error
    except OSError as error:
        raise ServiceUnavailableError("Databricks", str(error)) from error
