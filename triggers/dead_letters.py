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


def _register(target: df.Blueprint, queue: str, services: Callable[[], Services]) -> None:
    async def on_dead_letter(message: func.ServiceBusMessage) -> None:
        reason = ": ".join(part for part in (message.dead_letter_reason, message.dead_letter_error_description) if part)
        enqueued = message.enqueued_time_utc or datetime.now(UTC)
        await asyncio.to_thread(
            record_dead_letter,
            services(),
            queue=queue,
            message_id=str(message.message_id),
            body=message.get_body(),
            broker_reason=reason or "no reason given",
            delivery_count=message.delivery_count or 0,
            enqueued_at=enqueued if enqueued.tzinfo else enqueued.replace(tzinfo=UTC),
            properties=message.application_properties or {},
        )

    on_dead_letter.__name__ = f"on_dead_{queue.replace('-', '_')}"
    target.service_bus_queue_trigger(
        arg_name="message", queue_name=f"{queue}/$DeadLetterQueue", connection="NIGHTSHIFT_SERVICEBUS"
    )(on_dead_letter)
