"""The Event Grid topic for lifecycle events, as CloudEvents."""

from typing import Any

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.messaging import CloudEvent
from azure.eventgrid import EventGridPublisherClient

from nightshift.domain.lifecycle.run import RunEvent
from nightshift.domain.platform.errors import ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.platform.identity import short

_FORBIDDEN = frozenset({401, 403})
# Of the client's faults these pass by themselves.
_PASSING = frozenset({408, 429})


class EventGridPublisher:
    """Implements `EventPublisher`."""

    def __init__(self, client: EventGridPublisherClient, timeout_seconds: float = 20) -> None:
        # Given with each call: the client takes no limits for itself, and tries ten times for five minutes each.
        self._limits: dict[str, Any] = {
            "connection_timeout": timeout_seconds,
            "read_timeout": timeout_seconds,
            "retry_total": 1,
        }
        self._client = client

    def publish(self, event: RunEvent) -> None:
        cloud_event: CloudEvent[object] = CloudEvent(
            source="/nightshift",
            type=f"Nightshift.Run.{event.kind.capitalize()}",
            id=short(event.run, event.kind),
            subject=f"models/{event.model}/runs/{event.run}",
            data=event.data,
        )
        try:
            self._client.send(cloud_event, **self._limits)
        except (ServiceRequestError, ServiceResponseError) as error:
            raise ServiceUnavailableError("Event Grid", str(error)) from error
        except HttpResponseError as error:
            status = error.status_code or 0
            if isinstance(error, ClientAuthenticationError) or status in _FORBIDDEN:
                hint = "the identity needs the role EventGrid Data Sender"
                raise ServiceRefusedError("Event Grid", error.message, hint) from error
            # The client's error of a 404 carries no status.
            if isinstance(error, ResourceNotFoundError) or (400 <= status < 500 and status not in _PASSING):
                hint = "NIGHTSHIFT_EVENTGRID_ENDPOINT must be the address of a topic for CloudEvents 1.0"
                raise ServiceRefusedError("Event Grid", f"{status or 404} {error.message}", hint) from error
            raise ServiceUnavailableError("Event Grid", error.message) from error
