"""Read the custom status that an instance has set (orchestrators.platform.versions.set_step)."""

import json
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus


def custom_status_of(status: DurableOrchestrationStatus) -> dict[str, Any]:
    """The custom status; empty if none is set yet."""
    custom = status.custom_status
    if isinstance(custom, str):
        custom = json.loads(custom)
    return custom if isinstance(custom, dict) else {}


def version_of_status(status: DurableOrchestrationStatus) -> int | None:
    """The version that the instance began with; None if it has not begun.

    A running instance without a custom status began before there were versions.
    """
    version = custom_status_of(status).get("version")
    if isinstance(version, int):
        return version
    return None if status.runtime_status == df.OrchestrationRuntimeStatus.Pending else 0
