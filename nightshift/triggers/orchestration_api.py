"""Orchestrations in flight over HTTP."""

from nightshift.domain.platform.principal import READERS
from nightshift.domain.platform.view import InFlight
from nightshift.services.platform.in_flight import in_flight
from nightshift.triggers.api.call import Call
from nightshift.triggers.api.endpoint import endpoint


@endpoint(
    "GET", "orchestrations", "Lists the orchestrations that have not ended, by kind and version.",
    roles=READERS, answer=InFlight, shape="items", durable=True, function="list_in_flight",
)  # fmt: skip
async def list_orchestrations(call: Call[None]) -> tuple[InFlight, ...]:
    """What is in flight."""
    return await in_flight(call.client)


ENDPOINTS = (list_orchestrations,)
