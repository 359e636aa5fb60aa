"""The environment that a stack's processes get from the user's."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from local_host.stack.ports import LOOPBACK

# Settings of a real workspace, account or tracking server must not leak into the local stack, and Azurite's own
# variables would change its account and its database.
_FOREIGN_PREFIXES = (
    "APPLICATIONINSIGHTS_",
    "ARM_",
    "AZURE_",
    "AZURITE_",
    "DATABRICKS_",
    "MLFLOW_",
    "LOCAL_HOST_",
)
# Without bytecode files MLflow takes more than half a minute to start. PYTHONPATH and PYTHONHOME belong to the caller.
_FOREIGN = {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "NODE_OPTIONS"}


def child_environment(
    user: Mapping[str, str], settings: Mapping[str, str], foreign: Collection[str] = ()
) -> dict[str, str]:
    """The user's environment without what does not belong here, plus `settings`; loopback never goes by a proxy."""
    left_out = _FOREIGN.union(foreign)
    kept = {
        name: value for name, value in user.items() if not name.startswith(_FOREIGN_PREFIXES) and name not in left_out
    }
    local = {"PYTHONUNBUFFERED": "1"}
    for name in ("NO_PROXY", "no_proxy"):
        local[name] = ",".join(filter(None, [user.get(name), LOOPBACK, "localhost"]))
    return kept | local | dict(settings)
