"""How an orchestrator calls an activity that may find an outside system down."""

import azure.durable_functions as df
from azure.durable_functions.models.Task import TaskBase

from domain.message import Message
from domain.run import Patience

# Activities raise only what a retry may cure; 20 times 15 s rides out a restart of Databricks, MLflow or storage.
DEFAULT = Patience()


def steadily(
    context: df.DurableOrchestrationContext, activity: str, message: Message, patience: Patience = DEFAULT
) -> TaskBase:
    """Schedule an activity that is tried again while an outside system does not answer."""
    options = df.RetryOptions(
        first_retry_interval_in_milliseconds=int(patience.seconds * 1000), max_number_of_attempts=patience.attempts
    )
    return context.call_activity_with_retry(activity, options, message.to_json())
