"""Versions of orchestrations: which one an instance began with, and the custom status that it sets (ADR 18).

A release that changes the order of an orchestrator's calls raises ``defaultVersion`` in host.json by one, from "1.0" to
"2.0", and keeps the order of before for the instances that began with it:
``if version_of(context) >= 2: ... else: ...``.
"""

from typing import Any

import azure.durable_functions as df


def version_of(context: df.DurableOrchestrationContext) -> int:
    """The version that the instance began with, for all its life; 0 if it began before there were versions."""
    major, _, _ = (context.version or "0").partition(".")
    return int(major)


def set_step(context: df.DurableOrchestrationContext, step: str, **more: Any) -> None:
    """Set the custom status that people see while an instance goes on.

    It holds the version, because Durable's own status does not have it.
    """
    since = context.current_utc_datetime.isoformat()
    context.set_custom_status({"step": step, "since": since, "version": version_of(context), **more})
