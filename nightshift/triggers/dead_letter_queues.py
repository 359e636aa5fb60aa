"""Messages from the dead-letter queues: what Service Bus gave up is kept with its reason, and answered as an alert."""

from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.names import BLOB_EVENTS_QUEUE
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.alert import QUEUES
from nightshift.functions.registrar import Functions
from nightshift.triggers.alert_queues import Responder
from nightshift.triggers.keep_dead_letter import keep_dead_letter


def register(functions: Functions, services: Callable[[], Services]) -> None:
    """Register a Service Bus trigger for the dead-letter queue of each queue."""
    responder = Responder(services)
    for queue in (*QUEUES.values(), BLOB_EVENTS_QUEUE):
        _register(functions, queue, services, responder)


def broker_reason(message: func.ServiceBusMessage) -> str:
    """Why the broker has put a message aside.

    It says so in the application's properties. The message's own fields of these names are always empty in Azure:
    the Service Bus extension does not hand them over.
    """
    properties = message.application_properties or {}
    reasons = (properties.get("DeadLetterReason"), properties.get("DeadLetterErrorDescription"))
    return ": ".join(str(part) for part in reasons if part) or "no reason given"


def _register(functions: Functions, queue: str, services: Callable[[], Services], responder: Responder) -> None:
    async def on_dead_letter(message: func.ServiceBusMessage, client: df.DurableOrchestrationClient) -> None:
        await keep_dead_letter(services(), responder.take, client, queue, message, broker_reason(message))

    functions.service_bus(f"on_dead_{queue.replace('-', '_')}", f"{queue}/$DeadLetterQueue", on_dead_letter)
