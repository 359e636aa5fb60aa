"""Store a message that cannot be handled with its reason, and count it in the incident of its cause."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.ports import Services
from nightshift.services.dead_letters.dead_letters import dead_letter_alert, page_dead_letter, record_dead_letter

Take = Callable[[df.DurableOrchestrationClient, bytes, str], Awaitable[None]]


async def keep_dead_letter(
    services: Services,
    take: Take,
    client: df.DurableOrchestrationClient,
    queue: str,
    message: func.ServiceBusMessage,
    broker_reason: str = "",
) -> None:
    """Store a message and handle the alert about it, both once however often it is delivered.

    Args:
        take: handles an alert.
        broker_reason: why Service Bus has given it up; empty if the app cannot read it.
    """
    # Service Bus counts the delivery of the dead letter itself as well.
    tries = (message.delivery_count or 0) - (1 if broker_reason else 0)
    enqueued = message.enqueued_time_utc or datetime.now(UTC)
    dead_letter = await asyncio.to_thread(
        record_dead_letter,
        services,
        queue=queue,
        message_id=str(message.message_id),
        body=message.get_body(),
        broker_reason=broker_reason,
        delivery_count=max(tries, 0),
        enqueued_at=enqueued if enqueued.tzinfo else enqueued.replace(tzinfo=UTC),
        properties=message.application_properties or {},
    )
    alert = dead_letter_alert(dead_letter)
    try:
        await take(client, alert.model_dump_json().encode(), alert.message_id)
    except BadInputError as error:
        await asyncio.to_thread(page_dead_letter, services, dead_letter, error.message)
