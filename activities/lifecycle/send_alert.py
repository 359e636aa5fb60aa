"""Raise an alert of our own from an orchestration."""

from nightshift.domain.lifecycle.run import AlertRequest
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.step import Done
from nightshift.services.platform.activity import activity
from nightshift.services.response.raise_alert import raise_alert


@activity("send_alert", retries_all=True)
def send_alert(services: Services, request: AlertRequest) -> Done:
    """Put the alert on the queue of pipeline alerts under its key; a repeat changes nothing."""
    raise_alert(services, request)
    return Done()
