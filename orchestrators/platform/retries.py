"""How an orchestrator calls an activity that may find an outside system down."""

import json
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.Task import TaskBase

from nightshift.domain.platform.message import Message
from nightshift.domain.platform.step import Patience

# Activities raise only what a retry may cure; 20 times 15 s rides out a restart of Databricks, MLflow or storage.
DEFAULT = Patience()


def steadily(
    context: df.DurableOrchestrationContext, activity: str, message: Message, patience: Patience = DEFAULT
) -> TaskBase:
    """Schedule an activity that is tried again while an outside system does not answer.

    The trace of the orchestration's input goes with the message: the activity's span continues it.
    """
    options = df.RetryOptions(
        first_retry_interval_in_milliseconds=int(patience.seconds * 1000), max_number_of_attempts=patience.attempts
    )
    return context.call_activity_with_retry(activity, options, {**message.to_json(), **_trace(context.get_input())})


def _trace(order: Any) -> dict[str, str]:
    """The trace of an orchestration's input (Durable gives it as JSON text or as what that says); nothing without."""
    if isinstance(order, str):
        order = json.loads(order)
    trace = order.get("trace") if isinstance(order, dict) else None
    return {"trace": trace} if trace else {}
