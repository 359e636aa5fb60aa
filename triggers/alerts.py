"""Alerts from the Service Bus queues: each is recorded, and its incident answered."""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

import azure.durable_functions as df
import azure.functions as func
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from activities.incident_acts import tell_change
from activities.respond import run_respond
from domain.alert import QUEUES
from domain.correlation import correlate, current
from domain.errors import BadInputError, ServiceUnavailableError, UnknownModelError
from domain.incident import Incident
from domain.names import RESPONSE
from domain.ports import Services
from domain.response import ResponseInput

logger = logging.getLogger(__name__)

# A storage that does not answer for a while must not use up a message's deliveries; its lock is renewed meanwhile.
_PATIENT = Retrying(
    retry=retry_if_exception_type(ServiceUnavailableError),
    stop=stop_after_delay(120),
    wait=wait_random_exponential(multiplier=0.2, max=10),
    reraise=True,
)


_REMEMBERED = 10_000
Key = TypeVar("Key", str, bytes)


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register a Service Bus trigger for each queue of alerts.

    A message that cannot be understood raises: Service Bus delivers it again, and then dead-letters it.
    """
    result = df.Blueprint()
    for queue in QUEUES.values():
        _register(result, queue, services)
    return result


def _register(target: df.Blueprint, queue: str, services: Callable[[], Services]) -> None:
    responder = Responder(services)

    async def on_alert(message: func.ServiceBusMessage, client: df.DurableOrchestrationClient) -> None:
        await responder.take(client, message.get_body(), str(message.message_id))

    on_alert.__name__ = f"on_{queue.replace('-', '_')}"
    bound = target.durable_client_input(client_name="client")(on_alert)
    target.service_bus_queue_trigger(arg_name="message", queue_name=queue, connection="NIGHTSHIFT_SERVICEBUS")(bound)


class Responder:
    """Records alerts and starts responses.

    It remembers what it has done, so that in a storm the same message costs nothing and the same incident asks Durable
    only once. Nothing depends on that memory: what it has forgotten is found in the incident book and in Durable.
    """

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services
        self._started: OrderedDict[str, None] = OrderedDict()
        self._handled: OrderedDict[bytes, None] = OrderedDict()

    async def take(self, client: df.DurableOrchestrationClient, body: bytes, message_id: str) -> None:
        """Record an alert and see to it that its incident is answered, however often a message is delivered.

        Raises:
            BadInputError, UnknownModelError: the message cannot be understood.
        """
        services, digest = self._services(), hashlib.sha256(body).digest()
        if digest in self._handled:
            return
        try:
            recorded = await asyncio.to_thread(lambda: _PATIENT.copy()(run_respond, services, body))
        except (BadInputError, UnknownModelError) as error:
            logger.warning(
                "alert_not_understood message_id=%s code=%s message=%s", message_id, error.code, error.message
            )
            raise
        incident = recorded.incident
        correlate(incident.incident_id if incident else recorded.alert_key)
        if incident is None:
            pass
        elif (recorded.reopened or recorded.act) and incident.state != "resolved":
            # A resolved one is not answered, though Durable may know nothing of its answer: old histories are purged.
            await self._start(client, incident, recorded.response, again=recorded.reopened)
        elif incident.state == "resolved":
            await tell_change(client, services, incident)
        _remember(self._handled, digest)

    async def _start(
        self, client: df.DurableOrchestrationClient, incident: Incident, instance: str, *, again: bool
    ) -> None:
        if instance in self._started:
            return
        status = await client.get_status(instance)
        if status is None or status.runtime_status is None:
            order = ResponseInput(
                model=incident.model, incident_id=incident.incident_id, again=again, trace=current().traceparent
            )
            await client.start_new(RESPONSE, instance, order.to_json())
            logger.info("response_started model=%s incident=%s", incident.model, incident.incident_id)
        _remember(self._started, instance)


def _remember(memory: OrderedDict[Key, None], key: Key) -> None:
    memory[key] = None
    if len(memory) > _REMEMBERED:
        memory.popitem(last=False)
