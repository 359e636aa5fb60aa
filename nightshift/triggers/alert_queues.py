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

from nightshift.domain.ledger.ledger import ACTOR
from nightshift.domain.platform.correlation import correlate, current
from nightshift.domain.platform.errors import BadInputError, ServiceUnavailableError
from nightshift.domain.platform.names import RESPONSE
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.alert import QUEUES
from nightshift.domain.response.incident import Incident, TimelineEntry
from nightshift.domain.response.messages import ResponseInput
from nightshift.functions.registrar import Functions
from nightshift.services.response.incident_commands import notify_change
from nightshift.services.response.record_alert import record_alert
from nightshift.triggers.keep_dead_letter import keep_dead_letter

logger = logging.getLogger(__name__)

# A storage that does not answer for a while must not use up a message's deliveries; its lock is renewed meanwhile.
_RETRYING = Retrying(
    retry=retry_if_exception_type(ServiceUnavailableError),
    stop=stop_after_delay(120),
    wait=wait_random_exponential(multiplier=0.2, max=10),
    reraise=True,
)


_REMEMBERED = 10_000
Key = TypeVar("Key", str, bytes)


def register(functions: Functions, services: Callable[[], Services]) -> None:
    """Register a Service Bus trigger for each queue of alerts.

    A message that cannot be understood is kept as a dead letter at once; one that fails for another reason raises, and
    Service Bus delivers it again.
    """
    for queue in QUEUES.values():
        _register(functions, queue, services)


def _register(functions: Functions, queue: str, services: Callable[[], Services]) -> None:
    responder = Responder(services)

    async def on_alert(message: func.ServiceBusMessage, client: df.DurableOrchestrationClient) -> None:
        try:
            await responder.take(client, message.get_body(), str(message.message_id))
        except BadInputError:
            # Delivered again it would be as wrong.
            await keep_dead_letter(services(), responder.take, client, queue, message)

    functions.service_bus(f"on_{queue.replace('-', '_')}", queue, on_alert)


class Responder:
    """Records alerts and starts responses.

    It remembers what it has done, so that in a storm the same message costs nothing and the same incident asks Durable
    only once. Nothing depends on that memory: what it has forgotten is found in the incident store and in Durable.

    Args:
        polls: how often a delivery polls for a response that another one is about to start.
        pause_seconds: between two polls.
    """

    def __init__(self, services: Callable[[], Services], polls: int = 20, pause_seconds: float = 0.5) -> None:
        self._services = services
        self._polls = polls
        self._pause_seconds = pause_seconds
        self._started: OrderedDict[str, None] = OrderedDict()
        self._handled: OrderedDict[bytes, None] = OrderedDict()

    async def take(self, client: df.DurableOrchestrationClient, body: bytes, message_id: str) -> None:
        """Record an alert and see to it that its incident is answered, however often a message is delivered.

        Raises:
            BadInputError: the message cannot be understood.
        """
        services, digest = self._services(), hashlib.sha256(body).digest()
        if digest in self._handled:
            return
        recorded = await asyncio.to_thread(lambda: _RETRYING.copy()(record_alert, services, body))
        incident = recorded.incident
        correlate(incident.incident_id if incident else recorded.alert_key)
        if incident is None:
            pass
        elif (recorded.reopened or recorded.act) and incident.state != "resolved":
            # A resolved one is not answered, though Durable may know nothing of its answer: old histories are purged.
            await self._start(client, incident, recorded.response, again=recorded.reopened)
        elif incident.state == "resolved":
            await notify_change(client, services, incident)
        _remember(self._handled, digest)

    async def _start(
        self, client: df.DurableOrchestrationClient, incident: Incident, instance: str, *, again: bool
    ) -> None:
        """Start a response once.

        Durable replaces an instance that has ended, so of two deliveries at the same moment the second would run a
        response again that the first has started and that is over already. So a delivery claims the start in the
        incident; the others wait for the instance to appear. One that claimed it and was killed does not hold them up
        for long; if it was only suspended for longer than they wait, it may still replace the instance, whose
        mitigations happen once all the same.
        """
        if instance in self._started:
            return
        known = await _known(client, instance)
        if not known and not await asyncio.to_thread(_claim_start, self._services(), incident, instance):
            for _ in range(self._polls):
                await asyncio.sleep(self._pause_seconds)
                if known := await _known(client, instance):
                    break
        if not known:
            order = ResponseInput(
                model=incident.model, incident_id=incident.incident_id, again=again, trace=current().traceparent
            )
            await client.start_new(RESPONSE, instance, order.to_json())
            logger.info("response_started model=%s incident=%s", incident.model, incident.incident_id)
        _remember(self._started, instance)


async def _known(client: df.DurableOrchestrationClient, instance: str) -> bool:
    status = await client.get_status(instance)
    return status is not None and status.runtime_status is not None


def _claim_start(services: Services, incident: Incident, instance: str) -> bool:
    """Note in the incident that its response is being started; whether this caller was the first to do so."""
    entry = TimelineEntry(
        key=f"start-{instance}", at=services.clock(), actor=ACTOR, what=f"its response is started: {instance}"
    )
    first = False

    def change(known: Incident) -> Incident:
        nonlocal first
        first = all(line.key != entry.key for line in known.timeline)
        return known.with_event(entry)

    services.incidents.change(incident.model, incident.incident_id, change)
    return first


def _remember(memory: OrderedDict[Key, None], key: Key) -> None:
    memory[key] = None
    if len(memory) > _REMEMBERED:
        memory.popitem(last=False)
