"""Messages from the dead-letter queues: each is kept with its reason, and on-call is told."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import azure.durable_functions as df
import azure.functions as func

from activities.dead_letters import record_dead_letter
from domain.alert import QUEUES
from domain.names import BLOB_EVENTS_QUEUE
from domain.ports import Services


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register a Service Bus trigger for the dead-letter queue of each queue."""
    result = df.Blueprint()
    for queue in (*QUEUES.values(), BLOB_EVENTS_QUEUE):
        _register(result, queue, services)
    return result


def broker_reason(message: func.ServiceBusMessage) -> str:
    """Why the broker has put a message aside.

    It says so in the application's properties. The message's own fields of these names are always empty in Azure:
    the Service Bus extension does not hand them over.
    """
    properties = message.application_properties or {}
    reasons = (properties.get("DeadLetterReason"), properties.get("DeadLetterErrorDescription"))
    return ": ".join(str(part) for part in reasons if part) or "no reason given"


def _register(target: df.Blueprint, queue: str, services: Callable[[], Services]) -> None:
    async def on_dead_letter(message: func.ServiceBusMessage) -> None:
        enqueued = message.enqueued_time_utc or datetime.now(UTC)
        await asyncio.to_thread(
            record_dead_letter,
            services(),
            queue=queue,
            message_id=str(message.message_id),
            body=message.get_body(),
            broker_reason=broker_reason(message),
            delivery_count=message.delivery_count or 0,
            enqueued_at=enqueued if enqueued.tzinfo else enqueued.replace(tzinfo=UTC),
            properties=message.application_properties or {},
        )

    on_dead_letter.__name__ = f"on_dead_{queue.replace('-', '_')}"
    target.service_bus_queue_trigger(
        arg_name="message", queue_name=f"{queue}/$DeadLetterQueue", connection="NIGHTSHIFT_SERVICEBUS"
    )(on_dead_letter)
