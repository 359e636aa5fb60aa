"""Publish a lifecycle event."""

from activities.failures import guarded
from activities.measures import count_run
from domain.names import PUBLISH_EVENT
from domain.ports import Services
from domain.run import PublishResult, RunEvent


def run_publish_event(services: Services, event: RunEvent) -> PublishResult:
    """Send the event to the Event Grid topic; its id is the same however often it is sent."""

    def publish() -> PublishResult:
        services.events.publish(event)
        if event.kind != "started":
            count_run(event.model, event.kind)
        return PublishResult()

    return guarded(PUBLISH_EVENT, event.run, event.model, publish, lambda failure: PublishResult(failure=failure))
