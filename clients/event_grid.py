"""The Event Grid topic for lifecycle events, as CloudEvents."""

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.messaging import CloudEvent
from azure.eventgrid import EventGridPublisherClient

from domain.errors import ServiceRefusedError, ServiceUnavailableError
from domain.identity import short
from domain.run import RunEvent


class EventGridPublisher:
    """Implements domain.ports.EventPublisher."""

    def __init__(self, client: EventGridPublisherClient) -> None:
        self._client = client

    def publish(self, event: RunEvent) -> None:
        """Publish as a CloudEvent whose id is derived from run and kind, so that a subscriber can drop a repeat."""
        cloud_event: CloudEvent[object] = CloudEvent(
            source="/nightshift",
            type=f"Nightshift.Run.{event.kind.capitalize()}",
            id=short(event.run, event.kind),
            subject=f"models/{event.model}/runs/{event.run}",
            data=event.data,
        )
        try:
            self._client.send(cloud_event)
        except ClientAuthenticationError as error:
            hint = "the identity needs the role EventGrid Data Sender"
            raise ServiceRefusedError("Event Grid", error.message, hint) from error
        except (ServiceRequestError, ServiceResponseError) as error:
            raise ServiceUnavailableError("Event Grid", str(error)) from error
        except HttpResponseError as error:
            raise ServiceUnavailableError("Event Grid", error.message) from error
