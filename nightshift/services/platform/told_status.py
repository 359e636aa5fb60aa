"""What an instance has said of itself in its custom status (orchestrators.platform.versions.tell_step)."""

import json
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus


def told_status(status: DurableOrchestrationStatus) -> dict[str, Any]:
    """The custom status; empty if it has said nothing yet."""
    custom = status.custom_status
    if isinstance(custom, str):
        custom = json.loads(custom)
    return custom if isinstance(custom, dict) else {}


def told_version(status: DurableOrchestrationStatus) -> int | None:
    """The version that it began with; None while it has not begun.

    One that said nothing, though it runs, began before versions.
    """
    told = told_status(status).get("version")
    if isinstance(told, int):
        return told
    return None if status.runtime_status == df.OrchestrationRuntimeStatus.Pending else 0
