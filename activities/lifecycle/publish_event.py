"""Publish a lifecycle event."""

from nightshift.domain.lifecycle.run import PublishResult, RunEvent
from nightshift.domain.platform.names import PUBLISH_EVENT
from nightshift.domain.platform.ports import Services
from nightshift.services.platform.failures import guarded
from nightshift.services.platform.measures import count_run


def run_publish_event(services: Services, event: RunEvent) -> PublishResult:
    """Send the event to the Event Grid topic; its id is the same however often it is sent."""

    def publish() -> PublishResult:
        services.events.publish(event)
        if event.kind != "started":
            count_run(event.model, event.kind)
        return PublishResult()

    return guarded(PUBLISH_EVENT, event.run, event.model, publish, lambda failure: PublishResult(failure=failure))
