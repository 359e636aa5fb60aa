"""Publish a lifecycle event."""

from nightshift.domain.lifecycle.run import RunEvent
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.step import Done
from nightshift.services.platform.activity import activity
from nightshift.services.platform.app_metrics import count_run


@activity("publish_event")
def publish_event(services: Services, event: RunEvent) -> Done:
    """Send the event to the Event Grid topic; its id is the same however often it is sent."""
    services.events.publish(event)
    if event.kind != "started":
        count_run(event.model, event.kind)
    return Done()
