"""Puts the training wheel where the jobs install it from.

With what Python and the Azure CLI bring: a rollback at night must not need a package index.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from nightshift.delivery.command import run
from nightshift.domain.platform.errors import BadInputError, ServiceRefusedError, ServiceUnavailableError

if TYPE_CHECKING:
    from nightshift.delivery.environment import Environment

# Databricks' own application in Microsoft Entra ID, the same in every tenant.
_DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
_SECONDS = 120


def upload_wheel(environment: "Environment", wheel: Path) -> None:
    """Upload the wheel into the environment's volume, over the one before, with the Azure CLI's sign-in.

    ``PUT /api/2.0/fs/files/...`` of the workspace's Files API.

    Raises:
        BadInputError: the environment's workspace has no volume yet.
        CommandError: nobody is signed in.
        ServiceRefusedError: whoever is signed in may not write there.
        ServiceUnavailableError: the workspace does not answer; a private one does only in its network.
    """
    if environment.wheel is None:
        rule = "deploy_content is off: switch it on, apply, and `nightshift env add` again"
        raise BadInputError(field="wheel", value=None, rule=rule, where=environment.name)
    asked = ("--resource", _DATABRICKS, "--tenant", environment.tenant_id, "--output", "json")
    token = json.loads(run("az", "account", "get-access-token", *asked))["accessToken"]
    path = urllib.parse.quote(environment.wheel)
    request = urllib.request.Request(  # noqa: S310 - the address is that of the environment's file
        f"{environment.databricks_url.rstrip('/')}/api/2.0/fs/files{path}?overwrite=true",
        data=wheel.read_bytes(),
        method="PUT",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        with error:
            said = f"HTTP {error.code}: {error.read(500).decode(errors='replace')}"
        if error.code >= 500:
            raise ServiceUnavailableError("Databricks", said) from error
        hint = "the uploader needs WRITE VOLUME on the volume `wheels`, docs/deploy.md"
        raise ServiceRefusedError("Databricks", said, hint) from error
    except OSError as error:
        raise ServiceUnavailableError("Databricks", str(error)) from error
