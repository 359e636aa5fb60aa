"""Tell on-call, once per reason."""

import logging

from domain.ports import Services
from domain.run import Alert, AlertRequest

logger = logging.getLogger(__name__)


def run_send_alert(services: Services, request: AlertRequest) -> Alert:
    """Record an alert under its key; raising it again changes nothing."""
    alert = Alert(**request.model_dump(), raised_at=services.clock())
    if services.alerts.raise_alert(alert):
        logger.warning(
            "alert_raised run=%s model=%s severity=%s title=%s", alert.run, alert.model, alert.severity, alert.title
        )
    return alert
